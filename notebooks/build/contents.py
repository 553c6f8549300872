"""The list of chapters, and what follows from it: their order, README's table, the first and last cell of a notebook.

The list is `notebooks/source/chapters.csv`, a line for each chapter: its number, its name, which is that of its folders
in `course_utils/chapters` and `tests/chapters`, its title, its question, and the minutes that it takes.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

#: What stands in README.md between these two is written by `make notebooks`.
TABLE = re.compile(r"(?<=<!-- chapters -->\n).*?(?=<!-- /chapters -->)", re.DOTALL)


class UnfitError(Exception):
    """A chapter that cannot become a notebook, with every reason."""


@dataclass(frozen=True)
class Chapter:
    """A line of the list.

    Args:
        number: Two digits; numbers may leave gaps for chapters to come.
        name: Such as "learning_rate".
        title: Such as "Learning rate".
        question: What it asks.
        minutes: How long it takes, about.
    """

    number: str
    name: str
    title: str
    question: str
    minutes: str

    @property
    def stem(self) -> str:
        """Its file's name without the suffix, such as "01_learning_rate"."""
        return f"{self.number}_{self.name}"

    @property
    def link(self) -> str:
        """A link to its notebook, from the notebook of another."""
        return f"[{self.title}]({self.stem}.ipynb)"


def contents(root: Path = ROOT) -> list[Chapter]:
    """Reads the list.

    Args:
        root: The repository.

    Returns:
        The chapters, in order.

    Raises:
        UnfitError: If the list is out of order, or it and the scripts beside it are not the same.
    """
    folder = root / "notebooks" / "source"
    with (folder / "chapters.csv").open(encoding="utf-8", newline="") as file:
        listed = [Chapter(**row) for row in csv.DictReader(file)]
    stems = [chapter.stem for chapter in listed]
    numbers = [chapter.number for chapter in listed]
    if sorted(set(numbers)) != numbers:
        raise UnfitError("chapters.csv: numbers rise from line to line")
    if different := set(stems) ^ {script.stem for script in folder.glob("[0-9][0-9]_*.py")}:
        raise UnfitError(
            f"chapters.csv: {', '.join(sorted(different))} has no script in notebooks/source, or no line in the list: "
            "write the one, or take away the other"
        )
    return listed


def head_and_foot(stem: str, *, solved: bool, root: Path = ROOT) -> tuple[str, str]:
    """Writes the first and the last cell of a notebook, in Markdown.

    Args:
        stem: The chapter's file without the suffix.
        solved: Whether it is the notebook with the solutions, whose neighbours are solutions too.
        root: The repository.

    Returns:
        Where one is, how long it takes, and links to the chapters before and after; and these links again, with the
        next chapter's question.
    """
    listed = contents(root)
    at = [chapter.stem for chapter in listed].index(stem)
    before, after = listed[:at][-1:], listed[at + 1 :][:1]
    other = f"[Without solutions](../{stem}.ipynb)" if solved else f"[With solutions](solutions/{stem}.ipynb)"
    head = [f"Chapter {listed[at].number}", f"about {listed[at].minutes} minutes"]
    head += [f"previous: {chapter.link}" for chapter in before] + [f"next: {chapter.link}" for chapter in after]
    foot = [f"**Next:** {chapter.link}. {chapter.question}" for chapter in after]
    foot += [f"**Previous:** {chapter.link}" for chapter in before] + [f"**This chapter:** {other}"]
    return " · ".join(head), "\n\n".join(foot)


def table(root: Path = ROOT) -> str:
    """Writes README's table of chapters, in Markdown."""
    rows = [
        f"| {one.number} | [{one.title}](notebooks/{one.stem}.ipynb) | {one.question} | {one.minutes} |"
        for one in contents(root)
    ]
    return "\n".join(["| | chapter | its question | minutes |", "|---|---|---|---:|", *rows, ""])


def readme(root: Path = ROOT) -> str:
    """Gives the text of README.md with the table of chapters that the list gives."""
    return TABLE.sub(lambda _: table(root), (root / "README.md").read_text(encoding="utf-8"))
