"""What a lab shows: its picture, a line of words below it that screen readers speak, and the table of runs tried."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import anywidget
import ipywidgets as widgets
import traitlets

_HERE = Path(__file__).parent

#: Rows that the table of runs has at most.
_ROWS = 8


class View(anywidget.AnyWidget):
    """A picture and its status line, always of the same moment.

    ipywidgets has no image with alternative text, no live region, and no spoken names for sliders; `view.js` adds
    all three, and tells with the event `course-painted` when something new is on the screen.
    """

    _esm = _HERE / "view.js"
    _css = _HERE / "view.css"

    picture = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    generation = traitlets.Int().tag(sync=True)
    #: Milliseconds that each part of the work took.
    spent = traitlets.Dict().tag(sync=True)
    #: How many there were: a change tells the page that all of the above is new.
    message = traitlets.Int().tag(sync=True)

    def show(
        self, words: str, state: str, generation: int, picture: bytes | None = None, spent: Mapping[str, float] = {}
    ) -> None:
        """Shows something new, in one message.

        Args:
            words: The status line.
            state: "starting", "training", "finished", "stopped" or "failed".
            generation: Number of the request that this answers.
            picture: A PNG file; None leaves the picture as it is.
            spent: Milliseconds that each part of the work took.
        """
        with self.hold_sync():
            self.words, self.state, self.generation, self.spent = words, state, generation, dict(spent)
            if picture is not None:
                self.picture = picture
            self.message += 1


class RunsTable(widgets.HTML):
    """A table of settings and their results, newest first."""

    def __init__(self) -> None:
        super().__init__("Nothing tried yet.")
        self.rows: list[dict[str, str]] = []

    def add(self, row: dict[str, str]) -> None:
        """Puts a row on top; where the same is in the table already, it moves up.

        Args:
            row: Words for each column.
        """
        self.rows = [row, *(other for other in self.rows if other != row)][:_ROWS]
        self.value = _table(self.rows)


def _table(rows: list[dict[str, str]]) -> str:
    """Writes rows that share their columns as an HTML table."""
    head = "".join(f'<th scope="col">{escape(key)}</th>' for key in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row.values()) + "</tr>" for row in rows)
    return f'<table class="course-tried"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
