"""Builds the notebooks: runs every chapter, and the same chapter with its exercises solved.

What changed since its notebook was written is run; where only prose changed, the outputs are kept. The table of
chapters in README.md is written, too. How a chapter is written is told in chapters.py.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_utils._jupyter.saving import WIDGET, leave_widgets_out
from notebooks.build.chapters import notebook, path_of, scripts, tagged
from notebooks.build.contents import ROOT, UnfitError, readme

MAX_LINES = 20
MAX_BYTES = 2_000_000
SECONDS_A_CELL = 600

NO_ALT = re.compile(r"!\[\s*\]\(|<img(?![^>]*\balt=\"[^\"]+\")")
#: What the line of a folded output says: JupyterLab shows there the first line of what is folded.
COVER = "What came out (run the cell to see it beside your guess):"
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
THIS_MACHINE = r"(?<![\w.])/(?:home|tmp|Users)/[\w.-]+|\b[A-Z]:\\+Users"


def findings(found: NotebookNode, root: Path = ROOT) -> Iterator[str]:
    """Looks a notebook over as a strict reader would.

    Args:
        found: The notebook, run or not.
        root: The repository, whose place on this machine must not show.

    Yields:
        What is wrong, with the name of the cell.
    """
    before = None
    for index, cell in enumerate(found.cells):
        if cell.cell_type == "markdown" and NO_ALT.search(cell.source):
            yield f"{cell.id}: an image without alternative text"
        if cell.cell_type == "code":
            lines = len(cell.source.strip().splitlines())
            if not 0 < lines <= MAX_LINES:
                yield f"{cell.id}: {lines} lines of code, of at most {MAX_LINES}"
            if "guess.answer(" in cell.source and not tagged(cell, "answer"):
                yield f"{cell.id}: answers a question that asks for a guess, and has no tag 'answer' that folds it"
            if before == "code" and index > 1:
                yield f"{cell.id}: no prose comes before this code"
            yield from (f"{cell.id}: {wrong}" for output in cell.outputs for wrong in _wrong(output, root))
        before = cell.cell_type
    if len(nbformat.writes(found).encode()) > MAX_BYTES:
        yield f"larger than {MAX_BYTES / 1e6:.0f} MB"


def _wrong(output: NotebookNode, root: Path) -> Iterator[str]:
    data = output.get("data", {})
    text = "\n".join([output.get("text", ""), *(data[kind] for kind in data if kind.startswith("text/"))])
    if output.output_type == "error":
        yield "stopped with an error:\n" + "\n".join(output.traceback)
    if output.get("name") == "stderr":
        yield f"wrote to stderr, which Jupyter shows in red: {text.strip()[:300]}"
    own = [re.escape(str(place)) for place in (root, Path.home()) if len(str(place)) > 1]
    if path := re.search("|".join([*own, THIS_MACHINE]), text):
        yield f"shows a path of this machine: {path.group()}"
    if address := ADDRESS.search(text):
        yield f"shows a memory address, which is another one each time: {address.group()}"
    if NO_ALT.search(data.get("text/html", "")):
        yield "shows an image without alternative text"
    if WIDGET in data or any(kind.startswith("image/") for kind in data):
        yield "shows a widget or a picture that has no text/html form with alternative text"


def is_current(path: Path, wanted: NotebookNode, *, prose: bool = True) -> bool:
    """Tells whether a stored notebook is the one that its source gives.

    Args:
        path: The stored notebook.
        wanted: What `notebook` makes of the source.
        prose: Whether the prose must be the same, too.

    Returns:
        Whether metadata and cells are equal, outputs apart, and every code cell was run, in order.
    """
    if not path.exists():
        return False
    stored = nbformat.read(path, as_version=4)

    def cells(one: NotebookNode) -> list[tuple]:
        kept = [cell for cell in one.cells if prose or cell.cell_type == "code"]
        return [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in kept]

    counts = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    same = stored.metadata == wanted.metadata and cells(stored) == cells(wanted)
    return same and counts == list(range(1, len(counts) + 1))


def run(wanted: NotebookNode, folder: Path) -> None:
    """Runs a notebook. Of a lab it keeps the picture only, since the lab itself ends with the kernel.

    Args:
        wanted: The notebook, which gets its outputs; an error is one of them, and ends the run.
        folder: Working directory: the one in which a learner runs it.

    Raises:
        UnfitError: If a cell takes too long, or the kernel dies.
    """
    # Progress bars are made of times, which are never the same twice.
    os.environ["TQDM_DISABLE"] = "1"
    # What is stored shows nobody's guesses, and leaves none behind.
    os.environ["COURSE_GUESSES"] = "memory"
    client = NotebookClient(
        wanted,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        # The kernel would remark on every start that this machine could listen to itself.
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
    )
    try:
        client.execute()
    except CellExecutionError:
        return
    except (CellTimeoutError, DeadKernelError) as error:
        raise UnfitError(str(error)) from error
    finally:
        wanted.metadata.pop("widgets", None)
        leave_widgets_out(wanted)


def cover(wanted: NotebookNode) -> None:
    """Puts a line that gives nothing away before what a cell tagged `answer` shows.

    Args:
        wanted: A notebook that was run, changed in place. In HTML the line is a comment.
    """
    for cell in wanted.cells:
        if tagged(cell, "answer") and cell.outputs:
            output = cell.outputs[0]
            if "text" in output:
                output.text = f"{COVER}\n{output.text}"
            for kind, text in output.get("data", {}).items():
                if kind.startswith("text/"):
                    line = f"<!-- {COVER} -->" if kind == "text/html" else COVER
                    output.data[kind] = f"{line}\n{text}"


def build(script: Path, *, solved: bool, force: bool = False, root: Path = ROOT) -> str:
    """Brings one notebook up to date.

    Args:
        script: The chapter.
        solved: Whether to build the notebook with the solutions.
        force: Whether to run it even if nothing changed.
        root: The repository.

    Returns:
        What was done, in words.

    Raises:
        UnfitError: If there are findings; the stored notebook is then left as it was.
    """
    path, wanted = path_of(script, solved=solved), notebook(script, solved=solved, root=root)
    name, start = path.relative_to(root).as_posix(), time.monotonic()
    if not force and is_current(path, wanted):
        return f"{name}: unchanged"
    _refuse(name, findings(wanted, root))
    if not force and is_current(path, wanted, prose=False):
        stored = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
        for cell in (cell for cell in wanted.cells if cell.cell_type == "code"):
            cell.update(stored[cell.id])
        done = "prose only"
    else:
        path.parent.mkdir(exist_ok=True)
        metadata = nbformat.from_dict(wanted.metadata)
        run(wanted, path.parent)
        cover(wanted)
        wanted.metadata = metadata  # The kernel added its versions.
        done = f"run in {time.monotonic() - start:.0f} s"
    _refuse(name, findings(wanted, root))
    nbformat.validate(wanted)
    nbformat.write(wanted, path)
    return f"{name}: written, {done}"


def _refuse(name: str, wrong: Iterator[str]) -> None:
    if lines := list(wrong):
        raise UnfitError("\n".join(f"{name}: {line}" for line in lines))


def stale(chosen: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Looks what `build` would write, and runs nothing.

    Args:
        chosen: The chapters.
        root: The repository.

    Returns:
        The notebooks, and README.md, that are not what the sources give.

    Raises:
        UnfitError: If a chapter breaks the format.
    """
    both = [(script, solved) for script in chosen for solved in (False, True)]
    paths = {path_of(script, solved=solved): notebook(script, solved=solved, root=root) for script, solved in both}
    old = [path.relative_to(root).as_posix() for path, wanted in paths.items() if not is_current(path, wanted)]
    return old + ["README.md"] * ((root / "README.md").read_text(encoding="utf-8") != readme(root))


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Builds what changed; gives the exit status."""
    parser = argparse.ArgumentParser(description="Run the chapters that changed, and write their notebooks.")
    parser.add_argument("chapter", nargs="*", help="such as 01_learning_rate; by default, all")
    parser.add_argument("--force", action="store_true", help="run them even if nothing changed")
    parser.add_argument("--check", action="store_true", help="run nothing; say what is not current, and fail if any is")
    asked = parser.parse_args(arguments)
    known = {script.stem: script for script in scripts(root)}
    if unknown := set(asked.chapter) - set(known):
        parser.error(f"no such chapter: {', '.join(sorted(unknown))}; choose among {', '.join(known)}")
    chosen = [known[chapter] for chapter in asked.chapter or known]
    if asked.check:
        old = stale(chosen, root)
        print("\n".join(f"{name}: not current, `make notebooks` writes it" for name in old) or "all are current")
        return int(bool(old))
    status = 0
    for script in chosen:
        for solved in (False, True):
            try:
                print(build(script, solved=solved, force=asked.force, root=root), flush=True)
            except UnfitError as error:
                print(error, file=sys.stderr)
                status = 1
    (root / "README.md").write_text(readme(root), encoding="utf-8", newline="\n")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UnfitError as error:
        sys.exit(str(error))
