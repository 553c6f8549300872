"""Runs the stories that the documents tell of MNIST on MNIST, with the very code of the chapters; keeps the numbers.

A story is a function in a chapter that takes a data set and gives rows, as dictionaries. The chapter calls it on the
digits that come with the course; this script calls it on MNIST, once, and writes the rows to data/reproduced.csv, which
`course_utils.tables.reproduced` reads. Nothing of the chapter is run but its imports and that function. With `--check`
one seed of each story is trained and compared with that file.
"""

from __future__ import annotations

import argparse
import ast
import csv
import inspect
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils import datasets
from course_utils.tables import data_file, reproduced
from notebooks.build.chapters import read, scripts, tagged
from notebooks.build.contents import ROOT, UnfitError

DIGITS_KEPT = 3

#: How far a check may lie outside what the kept seeds span: another processor rounds in its own way.
NEAR = 0.02


@dataclass(frozen=True)
class Story:
    """A function of a chapter.

    Args:
        chapter: Name of the chapter that defines it.
        name: Its name.
        run: The function: takes a data set, gives a list of dictionaries with the same keys.
    """

    chapter: str
    name: str
    run: Callable[[datasets.Dataset], list[dict[str, Any]]]


#: The stories, and how each one takes the data set.
STORIES: dict[str, dict[str, Any]] = {
    "batch_table": {},
    "one_layer_story": {},
    "cnn_story": {"images": True},
}

#: Where a story is not told with its own settings. MNIST has so many more rows than the digits that fewer epochs show
#: as many of them.
SETTINGS: dict[str, dict[str, Any]] = {
    "batch_table": {"epochs": 5},
    "cnn_story": {"epochs": 6},
}


def find(name: str, root: Path = ROOT) -> Story:
    """Finds a story in the chapters.

    Args:
        name: Its name.
        root: The repository.

    Returns:
        The story, with the imports of its chapter and nothing else around it.

    Raises:
        UnfitError: If no chapter defines it, or more than one does.
    """
    found = [(script, tree) for script in scripts(root) if name in functions(tree := code_of(script))]
    if len(found) != 1:
        where = " and ".join(script.stem for script, _ in found) or "no chapter"
        raise UnfitError(f"{where} defines {name}(dataset)")
    ((script, tree),) = found
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    namespace: dict[str, Any] = {"__name__": script.stem}
    exec(compile(ast.Module([*imports, functions(tree)[name]], []), script.name, "exec"), namespace)  # noqa: S102
    return Story(script.stem, name, namespace[name])


def code_of(script: Path) -> ast.Module:
    """Parses the code of a chapter, exercises and their solutions left out."""
    cells = [cell for cell in read(script) if cell.cell_type == "code"]
    return ast.parse("\n".join(c.source for c in cells if not tagged(c, "exercise") and not tagged(c, "solution")))


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """Gives the functions that a chapter defines, by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def rows_of(story: Story, dataset: datasets.Dataset, **changed: Any) -> list[dict[str, Any]]:
    """Runs a story.

    Args:
        story: Which.
        dataset: What to run it on.
        **changed: Settings that are neither its own nor those of `SETTINGS`.

    Returns:
        Its rows. In front: the story, its chapter, the data set, and the settings of all rows, which are those of
        `SETTINGS` and the other defaults of the function, as far as they are numbers. What was measured has three
        digits: more would not be the same on another processor.
    """
    chosen = SETTINGS.get(story.name, {}) | changed
    head = {"chapter": story.chapter, "story": story.name, "dataset": dataset.name}
    head["training_rows"] = len(dataset.x_train)
    settings = {name: one.default for name, one in inspect.signature(story.run).parameters.items()} | chosen
    head |= {name: value for name, value in sorted(settings.items()) if isinstance(value, int | float)}
    return [{key: _rounded(value) for key, value in (head | row).items()} for row in story.run(dataset, **chosen)]


def _rounded(value: Any) -> Any:
    return f"{value:.{DIGITS_KEPT}g}" if isinstance(value, float | np.floating) else value


def written(rows: list[dict[str, Any]]) -> str:
    """Gives rows as the text of a CSV file; what a story has no column for is left empty."""
    columns: list[str] = []
    for row in rows:
        place = 0
        for key in row:
            if key not in columns:
                # Beside its neighbour, so that every story has its columns in its own order.
                columns.insert(place, key)
            place = columns.index(key) + 1
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def made_up(*, images: bool = False) -> datasets.Dataset:
    """Makes 400 pictures of noise that have the shape of MNIST's; they show only that a story runs."""
    x = np.random.default_rng(0).random((400, 28, 28, 1) if images else (400, 784), "float32")
    return datasets.from_arrays(x, np.arange(len(x)) % 10, name="made-up pictures")


def differences(story: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Compares a story with what was kept of it.

    Args:
        story: Its name.
        rows: What `rows_of` gives, with fewer seeds. Numbers are compared if they were measured on as many rows, in as
            many epochs.

    Yields:
        Where the columns are others, or what was measured is more than `NEAR` outside what the kept seeds span.
    """
    kept = reproduced(story).to_dict("records")
    if rows[0].keys() - {"chapter", "story"} != kept[0].keys():
        yield f"{story}: the columns are {', '.join(rows[0])}"
    elif all(rows[0].get(name) == kept[0].get(name) for name in ("training_rows", "epochs")):
        for row, before in zip(rows, kept, strict=True):
            low, high = before["lowest"] - NEAR, before["highest"] + NEAR
            if not low <= float(row["lowest"]) <= float(row["highest"]) <= high:
                yield f"{story}: {row['lowest']} to {row['highest']}, where {before} was kept"


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Runs all stories and writes the table, or checks it; gives the exit status."""
    parser = argparse.ArgumentParser(description="Run the chapters' stories on MNIST and keep what they measure.")
    given = os.environ.get("COURSE_MNIST")
    parser.add_argument("--folder", default=given, help="with the files of MNIST; else Keras' cache or a download")
    about = "write nothing; compare one seed with the table, or, without a folder, see that made-up pictures run"
    parser.add_argument("--check", action="store_true", help=about)
    asked = parser.parse_args(arguments)
    fewer = {"seeds": 1} if asked.folder else {"seeds": 1, "epochs": 1}
    rows, wrong = [], []
    try:
        for name, options in STORIES.items():
            start, story = time.monotonic(), find(name, root)
            invented = asked.check and not asked.folder
            dataset = made_up(**options) if invented else datasets.mnist(asked.folder, **options)
            found = rows_of(story, dataset, **(fewer if asked.check else {}))
            rows += found
            wrong += differences(name, found) if asked.check else []
            print(f"{story.chapter}: {name} on {dataset.name}, {time.monotonic() - start:.0f} s", flush=True)
    except (UnfitError, OSError, ValueError) as error:
        wrong.append(str(error))
    if wrong:
        print(*wrong, sep="\n", file=sys.stderr)
    elif not asked.check:
        data_file("reproduced.csv").write_text(written(rows), encoding="utf-8", newline="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
