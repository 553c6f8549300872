"""A live picture that sets the values of one knob side by side, such as a network with and without a layer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.drawing import draw_curve, finite_median, style
from course_utils.lab import HEIGHT, WIDTH, Picture, epoch_axis


class Comparison(Picture):
    """Validation loss on the left and validation accuracy on the right, with a curve for each value of a knob.

    Args:
        knob: The knob; the lab gives it a list, so that all of its values are trained at once.
        names: What each value is called in the picture.
        loss_limits: Lowest and highest loss shown.
        metrics: Curves of the left and of the right panel, keys of `Runs.history`.
    """

    def __init__(
        self,
        knob: str,
        names: Mapping[Any, str],
        loss_limits: tuple[float, float] = (0, 2.5),
        metrics: tuple[str, str] = ("val_loss", "val_accuracy"),
    ) -> None:
        self.knob, self.names, self.loss_limits, self.metrics = knob, names, loss_limits, metrics

    def axes_key(self, result: Any) -> Hashable:
        return result.epochs

    def axes(self, result: Any) -> Figure:
        figure, axes = style.new_figure(2, WIDTH, HEIGHT)
        limits = (self.loss_limits, (0, 1.02))
        for ax, metric, reach in zip(axes, self.metrics, limits):
            words = _words(metric)
            epoch_axis(ax, result.epochs, words, words.capitalize())
            ax.set_ylim(*reach)
        return figure

    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        """Draws a curve for each value, with its name at the right end; ghosts in grey, with the last one's name."""
        found: list[Artist] = []
        epochs = np.arange(1, result.epochs_done + 1)
        for ax, metric in zip(figure.axes, self.metrics):
            ends = []
            for index, (value, name) in enumerate(self.names.items()):
                curves = result.select(**{self.knob: value}).history[metric]
                color, dashes = style.look(ghost, index)
                found += draw_curve(ax, epochs, curves, color, dashes)
                middle = finite_median(curves[:, -1:], axis=0)[0]
                ends.append((ghost or name, epochs[-1], float(middle), color))
            if metric == self.metrics[1]:  # once is enough, and the names are long
                found += style.end_labels(ax, ends[-1:] if ghost else ends)
        return found

    def alt(self) -> str:
        left, right = map(_words, self.metrics)
        return f"{left.capitalize()} and {right} after each epoch. Curves: {', '.join(self.names.values())}."


def _words(metric: str) -> str:
    return metric.replace("val_", "validation ")
