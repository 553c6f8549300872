"""Successive halving on the table, where the curves of stopped trials are known to their end as well."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.chapters.search_in_practice.tabular_benchmark import Tabled
from course_utils.drawing import style
from course_utils.lab import WIDTH, Instant, InstantExperiment, Picture
from course_utils.search import BLOCK
from course_utils.training.knobs import COUNT, integer, one_of

#: Trials that begin together.
TRIALS = BLOCK

#: Where the trials are drawn from: the values of some knobs, the rest at random.
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "everything": {},
    "slow starters": {"depth": 3, "init_scale": 0.25},
}

_HEIGHT = 3.6


@dataclass(frozen=True)
class Stopped(Instant):
    """Trials, and how far each was allowed to train.

    Args:
        curves: Validation accuracy of each trial after each epoch, had it never been stopped, shape (trials, epochs).
        allowed: Epochs that each trial was allowed, shape (trials,).
        keep: One trial in so many went on at each rung.
        field: Where they were drawn from, a key of `FIELDS`.
    """

    curves: np.ndarray
    allowed: np.ndarray
    keep: int
    field: str

    @property
    def epochs(self) -> int:
        """Epochs of a full trial."""
        return self.curves.shape[1]

    @property
    def spent(self) -> int:
        """Epochs that all trials took together."""
        return int(self.allowed.sum())

    @property
    def kept(self) -> int:
        """Number of the trial that was best among those trained to the end."""
        return int(np.where(self.allowed == self.epochs, self.curves[:, -1], -np.inf).argmax())

    @property
    def best(self) -> int:
        """Number of the trial that would have been the best of all."""
        return int(self.curves[:, -1].argmax())

    @property
    def loss(self) -> float:
        """By how much accuracy the best of all is better than the one that was kept."""
        return float(self.curves[self.best, -1] - self.curves[self.kept, -1])

    def summary(self) -> str:
        """Says what was spent, found and lost."""
        whole = len(self.curves) * self.epochs
        lost = f"lost {self.loss:.3f}" if self.loss > 0 else "nothing lost"
        return (
            f"{len(self.curves)} trials, {self.spent} epochs of {whole} ({self.spent / whole:.0%}) · "
            f"found {self.curves[self.kept, -1]:.3f} · {lost}"
        )

    def scores(self) -> dict[str, str]:
        return {"epochs": str(self.spent), "found": f"{self.curves[self.kept, -1]:.3f}", "lost": f"{self.loss:.3f}"}


class StoppedEarly(InstantExperiment):
    """Lets trials of the table begin together, and stops the poorer ones in stages.

    Args:
        table: The table.

    Source: Jamieson & Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization, 2016.
    """

    def __init__(self, table: Tabled) -> None:
        self._table = table

    def run(self, *, first: int = 2, keep: int = 3, field: str = "everything", draw: int = 0) -> Stopped:
        """Looks the trials up, and stops them.

        Args:
            first: Epochs before the first look; after each look, those that go on train `keep` times as long.
            keep: One trial in so many goes on; with 1, all do.
            field: Where the trials are drawn from, a key of `FIELDS`.
            draw: Which trials.

        Returns:
            The trials.

        Raises:
            ValueError: If a value cannot be used.
        """
        COUNT.check("first", first)
        COUNT.check("keep", keep)
        one_of(*FIELDS).check("field", field)
        integer(0).check("draw", draw)
        random = np.random.default_rng(draw)
        places = random.uniform(size=(TRIALS, len(self._table.choices)))
        settings = [
            {knob: values[int(at * len(values))] for at, (knob, values) in zip(row, self._table.choices.items())}
            | FIELDS[field]
            for row in places
        ]
        curves = self._table.run(settings=settings).history["val_accuracy"]
        return Stopped(curves, _allowed(curves, first, keep), keep, field)


def _allowed(curves: np.ndarray, first: int, keep: int) -> np.ndarray:
    epochs = curves.shape[1]
    allowed, alive, look = np.full(len(curves), epochs), np.arange(len(curves)), first
    while look < epochs and keep > 1 and len(alive) > 1:
        order = alive[np.argsort(-curves[alive, look - 1], kind="stable")]
        kept = math.ceil(len(order) / keep)
        allowed[order[kept:]] = look
        alive, look = order[:kept], look * keep
    return allowed


class StoppedPicture(Picture):
    """A curve for each trial: full where it was trained, dotted for the best one where it was not."""

    def axes_key(self, result: Stopped) -> Hashable:
        return result.epochs

    def axes(self, result: Stopped) -> Figure:
        figure, (ax,) = style.new_figure(1, WIDTH, _HEIGHT)
        style.label_axes(ax, "epoch", "validation accuracy", "Which trials may go on?")
        ax.set(xlim=(0, result.epochs), ylim=(0, 1.02))
        style.whole_numbers(ax)
        return figure

    def artists(self, figure: Figure, result: Stopped, *, ghost: str = "") -> list[Artist]:
        """Draws the trials; of a ghost, only the one that was kept."""
        ax = figure.axes[0]
        epochs = np.arange(1, result.epochs + 1)
        kept = result.curves[result.kept]
        if ghost:
            return [
                *ax.plot(epochs, kept, ":", color=style.GHOST, linewidth=1.6),
                ax.text(0.02, 0.93, f"dotted: {ghost}", color=style.GHOST, fontsize=9, transform=ax.transAxes),
            ]
        found: list[Artist] = []
        for curve, allowed in zip(result.curves, result.allowed):
            whole = allowed == result.epochs
            look = {"color": style.COLORS[0] if whole else style.GHOST, "alpha": 0.9 if whole else 0.6}
            found += ax.plot(epochs[:allowed], curve[:allowed], linewidth=1.3, **look)
            if not whole:
                found += ax.plot(allowed, curve[allowed - 1], "x", markersize=5, **look)
        ends = [("found", result.epochs, kept[-1], style.COLORS[0])]
        found += ax.plot(result.epochs, kept[-1], "o", color=style.COLORS[0], markersize=6, clip_on=False)
        if result.loss > 0:
            at, orange = result.allowed[result.best], style.COLORS[1]
            best = result.curves[result.best]
            found += ax.plot(epochs[at - 1 :], best[at - 1 :], "--", color=orange, linewidth=1.8)
            ends.append(("the best of all", result.epochs, best[-1], orange))
        return found + style.end_labels(ax, ends)

    def alt(self) -> str:
        return (
            f"Validation accuracy against epochs, a line for each of {TRIALS} trials. "
            "Grey lines end with a cross where the trial was stopped; blue ones were trained to the end. If the trial "
            "that would have been best was stopped, a dashed orange line shows how it would have gone on."
        )
