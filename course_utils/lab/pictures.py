"""Live pictures: axes that stay, and what is drawn on them for each new result."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.drawing.displays import draw_curve, draw_sweep

WIDTH, HEIGHT = 9.2, 3.3


class Picture(Protocol):
    """What a lab needs of a picture."""

    def frame(self, result: Any) -> Hashable:
        """Names the axes that a result needs; while the name stays, so do the axes."""

    def prepare(self, result: Any) -> Figure:
        """Makes the axes."""

    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        """Draws a result on them; a ghost, which has a name such as "kept", in grey."""

    def alt(self) -> str:
        """Says in words what is drawn, whatever the result."""


class LearningCurves:
    """Training and validation loss on the left, validation accuracy on the right.

    Args:
        loss_limits: Lowest and highest loss shown.
        accuracy_limits: Lowest and highest accuracy shown; None leaves the panel out.
        loss_scale: "linear" or "log".
    """

    def __init__(
        self,
        loss_limits: tuple[float, float] = (0, 2.5),
        accuracy_limits: tuple[float, float] | None = (0, 1.02),
        loss_scale: str = "linear",
    ) -> None:
        self.loss_limits, self.accuracy_limits, self.loss_scale = loss_limits, accuracy_limits, loss_scale

    def frame(self, result: Any) -> Hashable:
        return result.epochs

    def prepare(self, result: Any) -> Figure:
        figure, axes = style.new_figure(1 if self.accuracy_limits is None else 2, WIDTH, HEIGHT)
        _epoch_axis(axes[0], result.epochs, "loss", "Loss")
        style.scale(axes[0], y=self.loss_scale)
        axes[0].set_ylim(*self.loss_limits)
        if self.accuracy_limits is not None:
            _epoch_axis(axes[1], result.epochs, "share of right answers", "Validation accuracy")
            axes[1].set_ylim(*self.accuracy_limits)
        return figure

    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        axes = figure.axes
        lines = [("training", "loss", style.COLORS[1], "--"), ("validation", "val_loss", style.COLORS[0], "-")]
        found = draw_history(axes[0], result, lines[bool(ghost) :], ghost=ghost)
        if self.accuracy_limits is not None:
            found += draw_history(axes[1], result, [("", "val_accuracy", style.COLORS[0], "-")], ghost=ghost)
        return found

    def alt(self) -> str:
        right = "" if self.accuracy_limits is None else " On the right, the validation accuracy after each epoch."
        return f"Learning curves: training and validation loss after each epoch.{right}"


class Schedule(LearningCurves):
    """The learning rate over the run on the left, the validation loss it leads to on the right.

    Args:
        loss_limits: Lowest and highest loss shown.
        rate_limits: Lowest and highest learning rate shown.
        loss_scale: "linear" or "log".
    """

    def __init__(
        self,
        loss_limits: tuple[float, float] = (0, 2.5),
        rate_limits: tuple[float, float] = (0, 1),
        loss_scale: str = "linear",
    ) -> None:
        super().__init__(loss_limits, None, loss_scale)
        self.rate_limits = rate_limits

    def prepare(self, result: Any) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        _epoch_axis(left, result.epochs, "learning rate", "Learning rate at each step")
        left.set_ylim(*self.rate_limits)
        _epoch_axis(right, result.epochs, "loss", "Validation loss")
        style.scale(right, y=self.loss_scale)
        right.set_ylim(*self.loss_limits)
        return figure

    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        left, right = figure.axes
        color, dashes = (style.GHOST, ":") if ghost else (style.COLORS[0], "-")
        rates = result.learning_rates[0]
        epochs = np.arange(len(rates)) / result.steps_per_epoch[0]
        found = draw_curve(left, epochs, rates[None], color, dashes)
        return found + draw_history(right, result, [("", "val_loss", style.COLORS[0], "-")], ghost=ghost)

    def alt(self) -> str:
        return "The learning rate at each step on the left, the validation loss after each epoch on the right."


class Sweep:
    """A curve's last value against every value of a knob that trains with many values at once.

    Args:
        knob: The knob.
        metric: The curve.
        limits: Lowest and highest value shown.
        xscale: "log" or "linear".
        ylabel: What the metric is called.
    """

    def __init__(
        self,
        knob: str = "learning_rate",
        metric: str = "val_loss",
        limits: tuple[float, float] = (0, 2.5),
        xscale: str = "log",
        ylabel: str = "validation loss",
    ) -> None:
        self.knob, self.metric, self.limits, self.xscale, self.ylabel = knob, metric, limits, xscale, ylabel

    def frame(self, result: Any) -> Hashable:
        return tuple(result.values(self.knob))

    def prepare(self, result: Any) -> Figure:
        figure, (ax,) = style.new_figure(1, WIDTH, HEIGHT)
        style.label_axes(ax, self.knob.replace("_", " "), self.ylabel, "Every dot is a network")
        values = result.values(self.knob)
        style.scale(ax, self.xscale)
        ax.set_xlim(min(values), max(values))
        ax.margins(x=0.03)
        ax.set_ylim(*self.limits)
        return figure

    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        if not result.epochs_done:
            return []
        last = result.by(self.knob, self.metric)
        color, dashes = (style.GHOST, ":") if ghost else (style.COLORS[0], "-")
        return draw_sweep(figure.axes[0], np.asarray(result.values(self.knob)), last, color, dashes)

    def alt(self) -> str:
        knob = self.knob.replace("_", " ")
        return f"The {self.ylabel} against the {knob}: a dot for each network, a line for the median."


class Parabola:
    """A weight's way down a parabola on the left, its loss at each step on the right."""

    def frame(self, result: Any) -> Hashable:
        return len(result.weights), result.weights[0]

    def prepare(self, result: Any) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        reach = 2.2 * abs(result.weights[0])
        style.label_axes(left, "weight", "loss", "The weight on its parabola")
        left.set_xlim(-reach, reach)
        left.set_ylim(-0.3, 12)
        style.label_axes(right, "step", "loss", "Loss at each step")
        style.scale(right, y="log")
        right.set_xlim(0, len(result.weights) - 1)
        right.set_ylim(1e-6, 1e3)
        style.whole_numbers(right)
        return figure

    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        left, right = figure.axes
        color, dashes = (style.GHOST, ":") if ghost else (style.COLORS[0], "-")
        w = np.linspace(*left.get_xlim(), 200)
        curve = left.plot(w, result.curvature / 2 * w**2, color="#8A8A8A", linewidth=1.2)
        path = left.plot(result.weights, result.loss, dashes, color=color, marker="o", markersize=4, linewidth=1)
        steps = np.arange(len(result.loss))
        down = right.plot(steps, np.maximum(result.loss, 1e-12), dashes, color=color, marker=".", linewidth=1.6)
        return [*([] if ghost else curve), *path, *down]

    def alt(self) -> str:
        return "A weight moves step by step on a parabola; beside it the loss at each step, on a logarithmic scale."


def draw_history(ax: Axes, result: Any, lines: Sequence[tuple[str, str, str, str]], *, ghost: str) -> list[Artist]:
    """Draws curves of runs with their names at the right end.

    Args:
        ax: Where.
        result: The runs.
        lines: Name, key of the history, colour and dashes of each curve.
        ghost: Name of the ghost that they are, drawn in grey; empty for the newest result.

    Returns:
        The artists.
    """
    epochs = np.arange(1, result.epochs_done + 1)
    if not len(epochs):
        return []
    found, ends = [], []
    for name, key, own_color, own_dashes in lines:
        color, dashes = (style.GHOST, ":") if ghost else (own_color, own_dashes)
        found += draw_curve(ax, epochs, result.history[key], color, dashes)
        values = result.history[key][:, -1]
        if np.isfinite(values).any() and (ghost or name):
            ends.append((ghost or name, epochs[-1], np.nanmedian(values[np.isfinite(values)]), color))
    return found + style.end_labels(ax, ends)


def _epoch_axis(ax: Axes, epochs: int, ylabel: str, title: str) -> None:
    style.label_axes(ax, "epoch", ylabel, title)
    ax.set_xlim(0, epochs)
    style.whole_numbers(ax)
