"""What the page shows of a question: the form that asks, a line that says what is kept, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

_HERE = Path(__file__).parent

#: What lies between these two is the learner's own; comparisons of notebooks leave it out.
_MINE = ("<!--mine-->", "<!--/mine-->")

_BOX = "border-left: 5px solid #3A8FC7; padding: 0.2em 0.9em; margin: 0.3em 0"


class Page(anywidget.AnyWidget):
    """A question, its answer, or both.

    Args:
        form: What to ask for, as a kind of guess says it.
        entered: Called with what the learner has entered.
        text: Says what stands for it where no HTML can be shown; the same whatever was guessed.
        html: Makes what stands for it where no widget can live.
    """

    _esm = _HERE / "page.js"
    _css = _HERE / "page.css"

    form = traitlets.Dict().tag(sync=True)
    #: What the form shows as entered; empty if nothing is.
    kept = traitlets.Dict().tag(sync=True)
    locked = traitlets.Bool().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    #: HTML of the answer, above the form; empty while there is none.
    answer = traitlets.Unicode().tag(sync=True)
    #: Whether the form is shown, and the words above it.
    asks = traitlets.Bool(True).tag(sync=True)  # noqa: FBT003 - a traitlet's default has no name
    heading = traitlets.Unicode().tag(sync=True)
    #: How many changes there were: the page takes all of the above at once.
    message = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        form: dict[str, Any],
        entered: Callable[[dict[str, Any]], None],
        text: Callable[[], str],
        html: Callable[[], str],
    ) -> None:
        self._text, self._html = text, html
        super().__init__(form=form)
        self.on_msg(lambda _, content, __: entered(content))

    def show(self, **changes: Any) -> None:
        """Shows something new, in one message.

        Args:
            **changes: New values of `kept`, `locked`, `status`, `answer`, `asks` and `heading`.
        """
        with self.hold_sync():
            for name, value in changes.items():
                setattr(self, name, value)
            self.message += 1

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | dict[str, Any]:
        made = super()._repr_mimebundle_(**options)
        data, metadata = made if isinstance(made, tuple) else (made or {}, {})
        return {**data, "text/plain": repr(self), "text/html": self._html()}, metadata

    def __repr__(self) -> str:
        return self._text()


def mine(text: str) -> str:
    """Marks HTML as the learner's own.

    Args:
        text: The HTML; it differs from learner to learner.

    Returns:
        The same, between two comments.
    """
    return f"{_MINE[0]}{text}{_MINE[1]}"


def asleep(question: str, options: list[str], guess: str) -> str:
    """Writes a question as it stands in a notebook whose kernel does not run, as HTML.

    Args:
        question: What is asked.
        options: What there is to choose from, if anything.
        guess: What was guessed, in words; empty if nothing was.

    Returns:
        HTML.
    """
    listed = f"<ul>{''.join(f'<li>{escape(option)}</li>' for option in options)}</ul>" if options else ""
    known = f"<p>Your guess: <strong>{escape(guess)}</strong>.</p>" if guess else ""
    run = "<p><em>Run this cell to enter a guess.</em></p>"
    return f'<div style="{_BOX}"><p><strong>{escape(question)}</strong></p>{listed}{mine(known)}{run}</div>'


def answered(question: str, guess: str, verdict: str, came_out: str, means: str, picture: str) -> str:
    """Writes an answer as HTML: guess and outcome side by side, and below them what it means.

    Args:
        question: What was asked.
        guess: What was guessed and when, in words.
        verdict: How the two compare, in a sentence; empty without a guess.
        came_out: What came out, in words.
        means: What that means.
        picture: HTML of a picture; may be empty.

    Returns:
        HTML.
    """
    box = "flex: 1 1 14em; border: 1px solid #767676; border-radius: 4px; padding: 0.3em 0.8em; margin: 0"
    yours = f"<p>{mine(escape(guess))}</p>"
    theirs = f"<p><strong>{escape(came_out)}</strong></p>"
    boxes = f'<div style="{box}"><p>Your guess</p>{yours}</div><div style="{box}"><p>What came out</p>{theirs}</div>'
    compared = mine(f"<strong>{escape(verdict)}</strong> " if verdict else "")
    return (
        f'<div style="{_BOX}"><p><strong>{escape(question)}</strong></p>'
        f'<div style="display: flex; flex-wrap: wrap; gap: 0.8em; max-width: 46em">{boxes}</div>'
        f"<p>{compared}{escape(means)}</p>{picture}</div>"
    )
