"""What every figure of the course has in common: one message, labelled axes, words for who does not see it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_utils.drawing import style


class Display:
    """A picture with one message; put it last in a cell to see it.

    Args:
        title: The message, shown above the picture and spoken where it is not seen.
        xlabel: What lies along, with its unit.
        ylabel: What lies upward, with its unit.
    """

    def __init__(self, title: str, xlabel: str, ylabel: str) -> None:
        self.title, self.xlabel, self.ylabel = title, xlabel, ylabel

    def plot(self, ax: Axes | None = None) -> Display:
        """Draws.

        Args:
            ax: Where to draw; None makes a figure.

        Returns:
            The display itself, with the axes in `ax_` and the figure in `figure_`.
        """
        if ax is None:
            _, (ax,) = style.new_figure()
        self.ax_, self.figure_ = ax, ax.figure
        style.label_axes(ax, self.xlabel, self.ylabel, self.title)
        self._draw(ax)
        return self

    def alt(self) -> str:
        """Says in words what the picture shows."""
        return f"{self.title}. {self.ylabel} against {self.xlabel}. {self._words()}".strip()

    def _draw(self, ax: Axes) -> None:
        raise NotImplementedError

    def _words(self) -> str:
        return ""

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        self.plot()
        return show(self.figure_, self.alt())

    def __repr__(self) -> str:
        return self.alt()


def show(figure: Figure, alt: str) -> dict[str, str]:
    """Turns a Matplotlib figure into what Jupyter shows: a picture with alternative text.

    Args:
        figure: The figure.
        alt: What it shows, in words.

    Returns:
        A MIME bundle.
    """
    canvas = FigureCanvasAgg(figure)
    figure.tight_layout(pad=0.5, w_pad=2)  # wide numbers and long names of lines need more room than others
    canvas.draw()
    image = style.png(np.asarray(canvas.buffer_rgba()))
    return {"text/html": style.img_tag(image, alt, figure.get_figwidth()), "text/plain": alt}


class Gallery:
    """Several displays side by side.

    Args:
        displays: The displays, left to right.
        height: Height in inches.
    """

    def __init__(self, *displays: Display, height: float = 3.2) -> None:
        self.displays = displays
        self.height = height

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        figure, axes = style.new_figure(
            len(self.displays), width=min(4.6 * len(self.displays), 10.4), height=self.height
        )
        for display, ax in zip(self.displays, axes):
            display.plot(ax)
        return show(figure, repr(self))

    def __repr__(self) -> str:
        return " ".join(f"Picture {i + 1}: {display.alt()}" for i, display in enumerate(self.displays))
