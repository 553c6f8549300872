"""Runs the stories that the documents tell of MNIST on MNIST, with the very code of the chapters; keeps the numbers.

A story is a function in a chapter that takes a data set and gives rows, as dictionaries. The chapter calls it on the
digits that come with the course; this script calls it on MNIST, once, and writes the rows to data/reproduced.csv, which
`course_utils.tables.reproduced` reads. Nothing of the chapter is run but its imports and that function.
"""

from __future__ import annotations

import argparse
import ast
import csv
import inspect
import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils import datasets
from course_utils.tables import data_file
from notebooks.build.chapters import ROOT, UnfitError, read, scripts, tagged

DIGITS_KEPT = 3


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


def rows_of(story: Story, dataset: datasets.Dataset) -> list[dict[str, Any]]:
    """Runs a story.

    Args:
        story: Which.
        dataset: What to run it on.

    Returns:
        Its rows. In front: the story, its chapter, the data set, and the settings of all rows, which are those of
        `SETTINGS` and the other defaults of the function, as far as they are numbers. What was measured has three
        digits: more would not be the same on another processor.
    """
    chosen = SETTINGS.get(story.name, {})
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
                columns.insert(
                    place, key
                )  # Beside its neighbour, so that every story has its columns in its own order.
            place = columns.index(key) + 1
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def main(arguments: list[str] | None = None, root: Path = ROOT, file: Path | None = None) -> int:
    """Runs all stories and writes the table; gives the exit status."""
    parser = argparse.ArgumentParser(description="Run the chapters' stories on MNIST and keep what they measure.")
    parser.add_argument("--folder", help="folder with the files of MNIST; by default, Keras' cache or a download")
    folder = parser.parse_args(arguments).folder
    rows = []
    try:
        for name, options in STORIES.items():
            start = time.monotonic()
            story, dataset = find(name, root), datasets.mnist(folder, **options)
            rows += rows_of(story, dataset)
            print(f"{story.chapter}: {name} on {dataset.name}, {time.monotonic() - start:.0f} s", flush=True)
    except (UnfitError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    (data_file("reproduced.csv") if file is None else file).write_text(written(rows), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
