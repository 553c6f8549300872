"""Finds the code and the tables that a chapter uses, so that its notebook is run again when one of them changes."""

from __future__ import annotations

import ast
import csv
import hashlib
from pathlib import Path


def reached(script: Path, root: Path) -> list[Path]:
    """Lists what a script uses.

    Args:
        script: The chapter.
        root: The repository.

    Returns:
        The modules of the package that it imports, directly or not, and the files of the folder `data` that their code
        names: each stands there as a string of its own, as in `data_file("claims.csv")`.
    """
    data = {path.name: path for path in (root / "data").iterdir()}
    found, left = set(), [script]
    while left:
        tree = ast.parse(left.pop().read_text(encoding="utf-8"))
        strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        places = [root / name.replace(".", "/") for name in _imported(tree)]
        files = {file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")}
        new = {file for file in files if file.exists()} - found
        found |= new | {path for name, path in data.items() if name in strings}
        left += new
    return sorted(found)


def _imported(tree: ast.Module) -> set[str]:
    """Lists what may be a module of the package in a file's imports, and the folders above, which are imported too."""
    names = {"course_utils"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names if name.split(".")[0] == "course_utils"]
    return {".".join(name[:end]) for name in parts for end in range(1, len(name) + 1)}


def essence(path: Path, chapter: str) -> object:
    """Gives what of a file can change what a chapter shows: no comments, no docstrings, no other chapter's rows.

    Args:
        path: A module or a file of the folder `data`.
        chapter: The chapter, such as "01_learning_rate".

    Returns:
        The rows of a CSV file, of which those of other chapters are left out if it has a column "chapter"; the lines of
        code of a module, since a parsed form differs from one Python to the next; of any other file a hash.
    """
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [list(row.items()) for row in csv.DictReader(file) if row.get("chapter", chapter) == chapter]
    if path.suffix != ".py":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            first, last = node.body[0].lineno - 1, node.body[0].end_lineno
            if lines[first].lstrip().startswith(('"""', 'r"""')):
                lines[first:last] = [""] * (last - first)
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
