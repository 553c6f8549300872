"""Still pictures: one message, labelled axes, a text alternative; compute once, draw as often as needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
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


class CurvesDisplay(Display):
    """Named curves, each with the spread over its members.

    Args:
        curves: Values of each curve, shape (members, points) or (points,). The middle line is the median over
            the members, the band reaches from the lowest to the highest.
        title: The message.
        x: Position of the points, shape (points,); None counts 1, 2, 3 …
        xlabel: What lies along.
        ylabel: What lies upward.
        xscale: "linear" or "log".
        yscale: "linear" or "log".
        ylim: Lowest and highest value shown; None fits the finite values.
    """

    def __init__(
        self,
        curves: Mapping[str, np.ndarray],
        title: str = "",
        *,
        x: Sequence[float] | None = None,
        xlabel: str = "epoch",
        ylabel: str = "loss",
        xscale: str = "linear",
        yscale: str = "linear",
        ylim: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(title, xlabel, ylabel)
        self.curves = {name: np.atleast_2d(np.asarray(values, float)) for name, values in curves.items()}
        self.x, self.xscale, self.yscale, self.ylim = x, xscale, yscale, ylim

    def _draw(self, ax: Axes) -> None:
        style.scale(ax, self.xscale, self.yscale)
        ends = []
        for index, (name, values) in enumerate(self.curves.items()):
            x = self._x(values)
            color = style.COLORS[index % len(style.COLORS)]
            draw_curve(ax, x, values, color, style.DASHES[index % len(style.DASHES)])
            middle = finite_median(values, axis=0)
            seen = np.flatnonzero(np.isfinite(middle))
            ends.append((name, x[seen[-1]], middle[seen[-1]], color) if len(seen) else (name, 0, np.nan, color))
        ax.margins(x=0.01)
        if self.xscale == "linear" and all(float(at).is_integer() for at in (ends[0][1], x[0])):
            style.whole_numbers(ax)
        if self.ylim:
            ax.set_ylim(*self.ylim)
        if len(ends) > 1 or ends[0][0]:
            style.end_labels(ax, ends)

    def _x(self, values: np.ndarray) -> np.ndarray:
        return np.arange(1, values.shape[1] + 1) if self.x is None else np.asarray(self.x, float)

    def _words(self) -> str:
        return f"Curves: {', '.join(self.curves)}." if len(self.curves) > 1 else ""


class SweepDisplay(Display):
    """A result against the value of one knob, with every seed as a dot.

    Args:
        values: The knob's values, shape (values,).
        results: Results, shape (values, seeds), or a mapping of names to such arrays; what is not finite is
            marked at the upper edge as diverged.
        title: The message.
        xlabel: The knob.
        ylabel: The result.
        xscale: "log" or "linear".
        yscale: "log" or "linear".
        ylim: Lowest and highest result shown.
        marks: Names and knob values to mark with a vertical line.
    """

    def __init__(
        self,
        values: Sequence[float],
        results: np.ndarray | Mapping[str, np.ndarray],
        title: str = "",
        *,
        xlabel: str = "learning rate",
        ylabel: str = "validation loss",
        xscale: str = "log",
        yscale: str = "linear",
        ylim: tuple[float, float] | None = None,
        marks: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(title, xlabel, ylabel)
        self.values = np.asarray(values, float)
        self.results = results if isinstance(results, Mapping) else {"": np.asarray(results, float)}
        self.xscale, self.yscale, self.ylim, self.marks = xscale, yscale, ylim, marks or {}

    def _draw(self, ax: Axes) -> None:
        style.scale(ax, self.xscale, self.yscale)
        if self.ylim:
            ax.set_ylim(*self.ylim)
        ends = []
        for index, (name, results) in enumerate(self.results.items()):
            color = style.COLORS[index % len(style.COLORS)]
            draw_sweep(ax, self.values, np.asarray(results, float), color, style.DASHES[index % len(style.DASHES)])
            middle = finite_median(results, axis=1)
            seen = np.flatnonzero(np.isfinite(middle))
            if len(seen) and name:
                ends.append((name, self.values[seen[-1]], middle[seen[-1]], color))
        style.end_labels(ax, ends)
        for index, (name, value) in enumerate(self.marks.items()):
            style.mark(ax, name, value, line=index)

    def _words(self) -> str:
        names = [name for name in self.results if name]
        return " ".join(
            [f"Curves: {', '.join(names)}."] * bool(names) + [f"{n} at {v:.2g}." for n, v in self.marks.items()]
        )


def finite_median(values: np.ndarray, axis: int) -> np.ndarray:
    """Takes the median of what is finite.

    Args:
        values: Numbers, of which some may be infinite or NaN.
        axis: The axis along which to take it.

    Returns:
        The medians; NaN where nothing is finite.
    """
    values = np.ma.masked_invalid(np.asarray(values, float))
    return np.ma.median(values, axis=axis).filled(np.nan)


def draw_curve(ax: Axes, x: np.ndarray, values: np.ndarray, color: str, dashes: object = "-") -> list[Artist]:
    """Draws the median over members as a line and their full spread as a band.

    Args:
        ax: Where.
        x: Position of the points, shape (points,).
        values: Shape (members, points); what is not finite leaves a gap.
        color: Colour of line and band.
        dashes: Matplotlib line style.

    Returns:
        The artists.
    """
    values = np.where(np.isfinite(values), values, np.nan)
    known = np.isfinite(values).any(axis=0)
    x, values = np.asarray(x)[known], values[:, known]
    middle = finite_median(values, axis=0)
    artists: list[Artist] = []
    if len(values) > 1 and known.any():
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        artists.append(ax.fill_between(x, low, high, color=color, alpha=style.BAND, linewidth=0))
    artists += ax.plot(x, middle, color=color, linestyle=dashes, linewidth=1.8)
    return artists


def draw_sweep(ax: Axes, values: np.ndarray, results: np.ndarray, color: str, dashes: object = "-") -> list[Artist]:
    """Draws every result as a dot, the median as a line, and diverged runs as crosses at the upper edge.

    Args:
        ax: Where, with limits already set.
        values: Knob values, shape (values,).
        results: Shape (values, seeds).
        color: Colour of everything.
        dashes: Matplotlib line style of the median.

    Returns:
        The artists.
    """
    finite = np.isfinite(results)
    shown = np.where(finite, results, np.nan)
    middle = finite_median(results, axis=1)
    across = np.repeat(values, results.shape[1])
    dots = ax.plot(across, shown.ravel(), ".", color=color, markersize=4, alpha=0.45)
    line = ax.plot(values, middle, color=color, linestyle=dashes, linewidth=1.8)
    lost = values[~finite.all(axis=1)]
    place = {"transform": ax.get_xaxis_transform(), "clip_on": False, "in_layout": False}
    crosses = ax.plot(lost, np.full(len(lost), 0.985), "x", color=color, markersize=6, **place)
    return [*dots, *line, *crosses]
