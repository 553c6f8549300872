"""Live pictures about batch sizes: the race to an accuracy, and the gradients of many mini-batches."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.chapters.mini_batch.gradient_noise import Noise
from course_utils.chapters.mini_batch.race import YARDSTICKS, RaceResult
from course_utils.drawing import draw_curve, draw_sweep, style
from course_utils.lab import HEIGHT, WIDTH, Picture

#: Cheapest and dearest goal that a race shows, in each yardstick.
_COSTS = {"epochs": (0.8, 250), "steps": (15, 10_000), "seconds": (15, 10_000)}


class RacePicture(Picture):
    """Accuracy against what was spent on the left, what the goal cost against the batch size on the right.

    Args:
        limits: Lowest and highest cost shown, for each yardstick.
    """

    def __init__(self, limits: Mapping[str, tuple[float, float]] = _COSTS) -> None:
        self.limits = limits

    def axes_key(self, result: RaceResult) -> Hashable:
        return result.yardstick

    def axes(self, result: RaceResult) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        words, limits = YARDSTICKS[result.yardstick], self.limits[result.yardstick]
        style.label_axes(left, words, "validation accuracy", "On the way")
        style.scale(left, x="log")
        left.set_xlim(*limits)
        left.set_ylim(0, 1.0)
        left.axhline(result.goal, color=style.GHOST, linewidth=1, linestyle=":")
        style.label_axes(right, "batch size", words, f"What accuracy {result.goal:g} costs")
        style.scale(right, "log", "log")
        right.set_xlim(min(result.sizes) / 1.5, max(result.sizes) * 1.5)
        right.set_ylim(*limits)
        right.set_xticks(result.sizes, result.sizes)
        right.minorticks_off()
        return figure

    def artists(self, figure: Figure, result: RaceResult, *, ghost: str = "") -> list[Artist]:
        """Draws a curve for each batch size, and the costs; of a ghost, only the costs."""
        left, right = figure.axes
        found, ends = [], []
        for index, (size, curves) in enumerate(result.accuracy.items()):
            if not ghost:
                spent = np.arange(1, curves.shape[1] + 1) * result.epoch_cost(size)
                middle = np.median(curves, axis=0, keepdims=True)  # five bands would hide one another
                found += draw_curve(left, spent, middle, style.COLORS[index], style.DASHES[index])
                ends.append((f"batch {size}", spent[-1], float(np.median(curves[:, -1])), style.COLORS[index]))
        found += style.end_labels(left, ends)
        color, dashes = style.look(ghost)
        costs = result.cost()
        shown = len(result.accuracy)
        found += draw_sweep(right, np.asarray(result.sizes[:shown]), costs[:shown], color, dashes)
        if ghost and np.isfinite(costs[shown - 1]).any():
            found += style.end_labels(right, [(ghost, result.sizes[shown - 1], np.nanmedian(costs[shown - 1]), color)])
        return found

    def alt(self) -> str:
        return (
            "A race of batch sizes: on the left validation accuracy against what was spent, a curve for each batch "
            "size; on the right what it cost to reach the goal, against the batch size, a dot for each network."
        )


class Fan(Picture):
    """Gradients of many mini-batches as a fan around the full gradient, and their angle against the batch size."""

    def axes_key(self, result: Noise) -> Hashable:
        return result.known.rows

    def axes(self, result: Noise) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        style.label_axes(left, "along the full gradient", "across it", "Every line is a mini-batch")
        left.set_xlim(-2.5, 4.5)
        left.set_ylim(-3.5, 3.5)
        left.axhline(0, color=style.GHOST, linewidth=0.8)
        style.label_axes(right, "batch size", "angle, degrees", "Angle to the full gradient")
        style.scale(right, x="log")
        right.set_xlim(0.8, result.known.rows * 1.25)
        right.set_ylim(0, 92)
        right.set_yticks(range(0, 91, 15))
        return figure

    def artists(self, figure: Figure, result: Noise, *, ghost: str = "") -> list[Artist]:
        """Draws the fan and the angles; of a ghost, only the angles."""
        left, right = figure.axes
        found: list[Artist] = []
        if not ghost:
            x, y = (_from_zero(ends) for ends in (result.along, result.sideways))
            found += left.plot(x, y, color=style.COLORS[0], linewidth=0.8, alpha=0.5)
            found += left.plot([0, 1], [0, 0], color=style.COLORS[1], linewidth=3, solid_capstyle="butt")
            found.append(left.text(1.05, 0.15, "all rows", color=style.COLORS[1], fontsize=9))
        color, dashes = style.look(ghost)
        sizes, angles = result.known.angle_curve
        found += right.plot(sizes, angles, color=color, linestyle=dashes, linewidth=1.8)
        found += right.plot([result.batch_size], [result.typical_angle], "o", color=color, markersize=8)
        if ghost:
            found += style.end_labels(right, [(ghost, sizes[0], float(angles[0]), color)])
        return found

    def alt(self) -> str:
        return (
            "Gradients of mini-batches: on the left a line for each, with the gradient of all rows as a thick line to "
            "the right; on the right the median angle between the two against the batch size."
        )


def _from_zero(ends: np.ndarray) -> np.ndarray:
    """Lists the places of one long line that goes from 0 to each end, and is broken in between."""
    return np.stack([np.zeros(len(ends)), ends, np.full(len(ends), np.nan)], axis=1).ravel()
