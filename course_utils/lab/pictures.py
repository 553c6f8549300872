"""Pictures of runs, whatever trained them: their curves, and their last values against a knob."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.drawing import draw_curve, draw_sweep, style
from course_utils.lab.contract import HEIGHT, WIDTH, Picture

#: The curves of both losses, as `draw_history` draws them.
LOSSES = (("validation", "val_loss"), ("training", "loss"))


class LearningCurves(Picture):
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

    def axes_key(self, result: Any) -> Hashable:
        return result.epochs

    def axes(self, result: Any) -> Figure:
        figure, axes = style.new_figure(1 if self.accuracy_limits is None else 2, WIDTH, HEIGHT)
        style.scale(axes[0], y=self.loss_scale)
        epoch_axis(axes[0], result.epochs, "loss", "Loss")
        axes[0].set_ylim(*self.loss_limits)
        if self.accuracy_limits is not None:
            epoch_axis(axes[1], result.epochs, "share of right answers", "Validation accuracy")
            axes[1].set_ylim(*self.accuracy_limits)
        return figure

    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        axes = figure.axes
        found = draw_history(axes[0], result, LOSSES, ghost=ghost)
        if self.accuracy_limits is not None:
            found += draw_history(axes[1], result, [("", "val_accuracy")], ghost=ghost)
        return found

    def alt(self) -> str:
        right = "" if self.accuracy_limits is None else " On the right, the validation accuracy after each epoch."
        return f"Learning curves: training and validation loss after each epoch.{right}"


class Sweep(Picture):
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

    def axes_key(self, result: Any) -> Hashable:
        return tuple(result.values(self.knob))

    def axes(self, result: Any) -> Figure:
        figure, (ax,) = style.new_figure(1, WIDTH, HEIGHT)
        style.label_axes(ax, self.knob.replace("_", " "), self.ylabel, "Every dot is a network")
        values = result.values(self.knob)
        style.scale(ax, self.xscale)
        ax.set_xlim(min(values), max(values))
        ax.margins(x=0.03)
        ax.set_ylim(*self.limits)
        return figure

    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        color, dashes = style.look(ghost)
        last = result.by(self.knob, self.metric)
        return draw_sweep(figure.axes[0], np.asarray(result.values(self.knob)), last, color, dashes)

    def alt(self) -> str:
        knob = self.knob.replace("_", " ")
        return f"The {self.ylabel} against the {knob}: a dot for each network, a line for the median."


def draw_history(ax: Axes, result: Any, lines: Sequence[tuple[str, str]], *, ghost: str = "") -> list[Artist]:
    """Draws curves of runs with their names at the right end, the first on top.

    Args:
        ax: Where.
        result: The runs.
        lines: Name and key of the history of each curve, such as `LOSSES`.
        ghost: Name of the ghost that they are, of which only the first is drawn, in grey; empty for the newest result.

    Returns:
        The artists.
    """
    epochs = np.arange(1, result.epochs_done + 1)
    found, ends = [], []
    for index, (name, key) in reversed(list(enumerate(lines[:1] if ghost else lines))):
        color, dashes = style.look(ghost, index)
        found += draw_curve(ax, epochs, result.history[key], color, dashes)
        values = result.history[key][:, -1]
        if np.isfinite(values).any() and (ghost or name):
            ends.append((ghost or name, epochs[-1], np.nanmedian(values[np.isfinite(values)]), color))
    return found + style.end_labels(ax, ends)


def epoch_axis(ax: Axes, epochs: int, ylabel: str, title: str) -> None:
    """Labels axes on which something is drawn after each epoch, and sets their horizontal limits.

    Args:
        ax: The axes.
        epochs: The last epoch; the axis begins at 0.
        ylabel: What the vertical axis shows, with its unit.
        title: The title above the axes.
    """
    style.label_axes(ax, "epoch", ylabel, title)
    ax.set_xlim(0, epochs)
    style.whole_numbers(ax)
