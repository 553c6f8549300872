"""The table of runs that a learner has tried in a lab."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets

#: Rows that it has at most.
_ROWS = 8


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
