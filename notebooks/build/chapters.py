"""Reads chapters, which are scripts in jupytext's percent format, and makes notebooks of them.

Every cell has a name, which becomes its id and stays when the prose is put into another language:

    # %% [markdown] name="task"
    # Choose a rate.

    # %% name="choice" tags=["exercise"]
    rate = ...

    # %% name="choice-solved" tags=["solution"]
    rate = 0.1

The notebook leaves out what is tagged `solution`; the solved notebook leaves out what is tagged `exercise`. Both get a
first and a last cell that no script holds. What a cell tagged `answer` shows is folded, so that a question that asks
for a guess is not answered before; JupyterLab unfolds it when the cell is run.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from notebooks.build.contents import ROOT, UnfitError, contents, head_and_foot
from notebooks.build.dependencies import essence, reached

#: The names of the cells that every notebook begins and ends with; they follow from the list of chapters.
HEAD, FOOT = "chapter-head", "chapter-foot"

# Code is matched first, so that what only looks like a link in it is left alone.
LINK = re.compile(r"```.*?```|`[^`\n]*`|(?:\]\(|\b(?:src|href)=\")(?P<to>[^)\s\"]+)", re.DOTALL)
NOT_A_FILE = re.compile(r"[a-z][a-z0-9+.-]*:|[#/]")


def scripts(root: Path = ROOT) -> list[Path]:
    """Lists the chapters' scripts, in order."""
    return [root / "notebooks" / "source" / f"{chapter.stem}.py" for chapter in contents(root)]


def path_of(script: Path, *, solved: bool) -> Path:
    """Tells where the notebook of a chapter is written."""
    folder = script.parent.parent / ("solutions" if solved else "")
    return folder / f"{script.stem}.ipynb"


def tagged(cell: NotebookNode, tag: str) -> bool:
    """Tells whether a cell has a tag."""
    return tag in cell.metadata.get("tags", [])


def read(script: Path) -> list[NotebookNode]:
    """Reads a chapter's cells, their names as ids, and as metadata their tags and what follows from them.

    Args:
        script: The chapter.

    Returns:
        All cells, exercises and solutions included.

    Raises:
        UnfitError: If a cell has no good name, or an exercise and its solution do not follow one another.
    """
    cells = jupytext.read(script, fmt="py:percent").cells
    wrong, seen = [], {HEAD, FOOT}
    for before, cell in zip([None, *cells], cells):
        cell.id = str(cell.metadata.get("name", ""))
        cell.metadata = NotebookNode({"tags": sorted(cell.metadata["tags"])} if cell.metadata.get("tags") else {})
        if tagged(cell, "answer"):
            cell.metadata["jupyter"] = {"outputs_hidden": True}
        if not re.fullmatch(r"[a-z0-9-]{1,60}", cell.id) or cell.id in seen:
            wrong.append(f"a missing, repeated or unsuitable name {cell.id!r}: {cell.source[:60]!r}")
        seen.add(cell.id)
        solves = cell.cell_type == "code" and tagged(cell, "solution")
        if solves != (before is not None and tagged(before, "exercise")):
            wrong.append(f"{cell.id}: an exercise is directly followed by its solution, which is a code cell")
    if cells and tagged(cells[-1], "exercise"):
        wrong.append(f"{cells[-1].id}: an exercise without a solution")
    if wrong:
        raise UnfitError("\n".join(f"{script.name}: {line}" for line in wrong))
    return cells


def notebook(script: Path, *, solved: bool, root: Path = ROOT) -> NotebookNode:
    """Makes the notebook of a chapter, not yet run.

    Args:
        script: The chapter.
        solved: Whether it has the solutions in place of the exercises.
        root: The repository.

    Returns:
        The notebook. The `source_hash` in its metadata is that of its code and of all the code and tables it uses.
    """
    cells = [cell for cell in read(script) if not tagged(cell, "exercise" if solved else "solution")]
    for cell in cells:
        if solved and cell.cell_type == "markdown":
            cell.source = LINK.sub(_from_solutions, cell.source)
    code = [(cell.id, cell.source, cell.metadata.get("tags")) for cell in cells if cell.cell_type == "code"]
    used = [(path.relative_to(root).as_posix(), essence(path, script.stem)) for path in reached(script, root)]
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "source_hash": hashlib.sha256(repr((solved, code, used)).encode()).hexdigest()[:20],
    }
    head, foot = head_and_foot(script.stem, solved=solved, root=root)
    first, last = nbformat.v4.new_markdown_cell(head, id=HEAD), nbformat.v4.new_markdown_cell(foot, id=FOOT)
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [first, *cells, last]}
    return nbformat.from_dict(made)


def _from_solutions(link: re.Match[str]) -> str:
    """Turns a link from the notebooks' folder into one from the folder of solutions below it."""
    target = link["to"]
    if not target or NOT_A_FILE.match(target):
        return link.group()
    return link.group().replace(target, posixpath.relpath(target, "solutions"))
