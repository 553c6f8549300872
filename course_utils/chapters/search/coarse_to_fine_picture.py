"""A live picture of rounds of trials whose range gets narrower."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.chapters.search.coarse_to_fine import WHOLE, Narrowed, Round
from course_utils.drawing import style
from course_utils.lab import HEIGHT, WIDTH, Picture

_MARKERS = ("o", "s", "^")


class RoundsPicture(Picture):
    """The trials of each round against the learning rate, by hand on the left, by rule on the right."""

    def axes_key(self, _: Narrowed) -> Hashable:
        return "all"

    def axes(self, _: Narrowed) -> Figure:
        figure, axes = style.new_figure(2, WIDTH, HEIGHT)
        for ax, name in zip(axes, ("Your ranges", "Ranges of the rule")):
            style.label_axes(ax, "learning rate", "validation accuracy", name)
            style.scale(ax, x="log")
            ax.set(xlim=WHOLE, ylim=(0, 1.3), yticks=np.arange(0, 1.01, 0.2))
        return figure

    def artists(self, figure: Figure, result: Narrowed, *, ghost: str = "") -> list[Artist]:
        """Draws a bar for each range and a mark for each trial; of a ghost, only the ranges by hand."""
        found: list[Artist] = []
        for ax, (name, rounds) in zip(figure.axes, result.sides.items()):
            if not rounds or (ghost and name == "by rule"):
                continue
            found += _draw_rounds(ax, rounds, ghost=ghost)
            if not ghost:
                best, rate = result.best[name]
                ring = {
                    "marker": "o",
                    "markersize": 11,
                    "fillstyle": "none",
                    "color": style.TEXT,
                    "markeredgewidth": 1.6,
                }
                found += ax.plot(rate, best, **ring)
                found.append(ax.text(0.02, 0.66, f"best {best:.3f}", fontsize=9, transform=ax.transAxes))
        return found

    def alt(self) -> str:
        return (
            "Validation accuracy against the learning rate, a mark for each trial, another shape and colour for each "
            "round; bars at the top show the range of each round. On the left the ranges chosen by hand, on the right "
            "those of the rule."
        )


def _draw_rounds(ax: Axes, rounds: Sequence[Round], *, ghost: str) -> list[Artist]:
    found: list[Artist] = []
    for number, (one, marker) in enumerate(zip(rounds, _MARKERS)):
        color, height = style.GHOST if ghost else style.COLORS[number], 1.25 - 0.07 * number
        found += ax.plot(one.range, [height] * 2, ":" if ghost else "-", color=color, linewidth=3)
        if ghost:
            continue
        found.append(ax.text(one.range[1], height, f"  round {number + 1}", color=color, fontsize=9, va="center"))
        found += ax.plot(one.rates, one.accuracy, marker, color=color, markersize=5, alpha=0.8)
    return found
