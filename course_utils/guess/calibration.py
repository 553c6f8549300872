"""How well a learner knew what she knew: all guesses that are kept, and how sure they were."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from course_utils.drawing import Display, show, style
from course_utils.guess import kept
from course_utils.guess.kinds import OFF
from course_utils.guess.page import mine

#: Statements of certainty below which nothing can be said of them.
_ENOUGH = 5

#: How far the share of what was right may lie from what was said, in per cent, to be called as good.
_SLACK = 10


class Calibration(Display):
    """All guesses that are kept, as a table, and how often they were right against how sure they were.

    Source: the reliability diagram of Murphy and Winkler (1977), Applied Statistics 26, 41-47.
    """

    def __init__(self) -> None:
        known = kept.read_all().values()
        #: The records of questions that were guessed and answered.
        self.records = [record for record in known if {"said", "came_out", "verdict"} <= record.keys()]
        before = [record for record in self.records if record.get("before")]
        choices = [(one["sure"], one["verdict"] != OFF) for one in before if one.get("sure")]
        ranges = [(90, one["inside"]) for one in before if one.get("inside") is not None]
        #: How sure, in per cent, and whether that was right; guesses made after seeing are left out.
        self.statements = choices + ranges
        self.before = len(before)
        self.right = sum(record["verdict"] != OFF for record in before)
        super().__init__(self._title(), "how sure you said you were (%)", "how often you were right (%)")

    @property
    def shares(self) -> dict[int, tuple[int, int]]:
        """For each certainty in per cent, how many statements were right, and how many there were."""
        said = sorted({sure for sure, _ in self.statements})
        return {one: (sum(ok for sure, ok in self.statements if sure == one), self._count(one)) for one in said}

    def _count(self, certainty: int) -> int:
        return sum(sure == certainty for sure, _ in self.statements)

    def _title(self) -> str:
        if len(self.statements) < _ENOUGH:
            return "Too few guesses with a certainty to tell"
        sure, right = np.mean(self.statements, axis=0) * [1, 100]
        if abs(sure - right) <= _SLACK:
            return "You were right about as often as you were sure"
        return f"You were right {'less' if right < sure else 'more'} often than you were sure"

    def _draw(self, ax: Axes) -> None:
        ax.plot([0, 100], [0, 100], color=style.GHOST, linestyle=":", linewidth=1.2)
        ax.annotate("as often as said", (22, 22), xytext=(6, -10), textcoords="offset points", color=style.GHOST)
        for sure, (right, count) in self.shares.items():
            ax.plot(sure, 100 * right / count, "o", color=style.COLORS[0], markersize=6 + count)
            place = {"xytext": (-8, 8), "textcoords": "offset points", "ha": "right"}
            ax.annotate(f"{right} of {count}", (sure, 100 * right / count), color=style.TEXT, **place)
        ax.set(xlim=(0, 104), ylim=(-6, 112), xticks=range(0, 101, 20), yticks=range(0, 101, 20))

    def _words(self) -> str:
        return " ".join(f"At {sure} %: {right} of {count} right." for sure, (right, count) in self.shares.items())

    def _html(self) -> str:
        if not self.records:
            return "<p>No guess that was answered is kept yet. Make one in any chapter, and run this cell again.</p>"
        rows = "".join(_row(record) for record in self.records)
        names = ("question", "your guess", "how sure", "what came out", "")
        head = "".join(f'<th scope="col" style="text-align: left">{name}</th>' for name in names)
        said = f"<p>Made before seeing the result: {self.before}; right or close: {self.right}.</p>"
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        if not self.statements:
            return said + table
        self.plot()
        return said + show(self.figure_, self.alt())["text/html"] + table

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": "How well calibrated were you?", "text/html": f"<div>{mine(self._html())}</div>"}


def _row(record: dict[str, Any]) -> str:
    sure = f"{record['sure']} %" if record.get("sure") else ""
    verdict = {OFF: "not this time"}.get(record["verdict"], record["verdict"])
    when = "" if record.get("before") else ", made after seeing the result"
    texts = (record["question"], record["said"], sure, record["came_out"], verdict + when)
    return "<tr>" + "".join(f'<td style="text-align: left">{escape(str(text))}</td>' for text in texts) + "</tr>"


def calibration() -> Calibration:
    """Shows all guesses that are kept, what came out, and how often the learner was right against how sure she was.

    Returns:
        A display; put it last in a cell to see it. Certainties count that were stated before the result was seen: those
        of choices, and the ranges of numbers as 90 %.
    """
    return Calibration()
