"""What a lab shows: its picture, and below it a line of words that screen readers speak."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import anywidget
import traitlets

_HERE = Path(__file__).parent


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
    frame = traitlets.Int().tag(sync=True)

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
            self.frame += 1
