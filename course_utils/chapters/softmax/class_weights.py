"""A lab's experiment: a rare class weighed up in the loss, and what that does to every class."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils import models, predictions
from course_utils.chapters.softmax import imbalance
from course_utils.datasets import Dataset
from course_utils.drawing import draw_curve, style
from course_utils.lab import HEIGHT, WIDTH, Experiment, FromRuns, Picture
from course_utils.training import Trainer
from course_utils.training.knobs import strength


@dataclass(frozen=True)
class Found(FromRuns):
    """Runs, and how well they find each class among the validation rows.

    Args:
        runs: The runs, complete or not.
        dataset: What they were trained on.
        rare: The class that is rare.
    """

    dataset: Dataset
    rare: int

    @cached_property
    def guesses(self) -> np.ndarray:
        """The class that each network gives to each validation row, shape (members, rows)."""
        return predictions.outputs(self.runs, self.dataset.x_validation).argmax(axis=-1)

    @property
    def recall(self) -> np.ndarray:
        """Share of the examples of each class that is found, shape (members, classes)."""
        return imbalance.recall(self.dataset.y_validation, self.guesses, self.dataset.classes)

    @property
    def precision(self) -> np.ndarray:
        """Share of the answers of each class that is right, shape (members, classes); NaN where none is given."""
        return imbalance.precision(self.dataset.y_validation, self.guesses, self.dataset.classes)

    @property
    def others(self) -> np.ndarray:
        """Mean recall of the other classes, shape (members,)."""
        return np.delete(self.recall, self.rare, axis=1).mean(axis=1)

    def summary(self) -> str:
        """Says how many of the rare class are found, and what becomes of the others."""
        parts = [f"{self.runs.epochs_done} of {self.runs.epochs} epochs"]
        return " · ".join([*parts, *(f"{name} {value}" for name, value in self.scores().items())])

    def scores(self) -> dict[str, str]:
        rare, others = self.recall[:, self.rare].mean(), self.others.mean()
        return {f"recall of {self.rare}": f"{rare:.2f}", "recall of the others": f"{others:.2f}"}


class RareClass(Experiment):
    """Training with a weight on one class.

    Args:
        dataset: Classes of which one is rare.
        rare: That class.
        learning_rate: Learning rate of Adam.
    """

    def __init__(self, dataset: Dataset, rare: int, learning_rate: float = 0.003) -> None:
        self.dataset, self.rare, self.learning_rate = dataset, rare, learning_rate

    def stream(self, *, weight: float = 1.0, **knobs: Any) -> Iterator[Found]:
        """Trains epoch by epoch, and checks the arguments before it returns.

        Args:
            weight: Factor on the loss of the rare class's rows, at least 0.
            **knobs: Knobs of `Trainer.run`, such as `epochs`, `seeds` or `depth`.

        Returns:
            How well each class is found so far.

        Raises:
            ValueError: If a knob is unknown or a value cannot be used.
        """
        strength().check("weight", weight)
        trainer = self._trainer(weight)
        streamed = trainer.stream(learning_rate=self.learning_rate, **knobs)
        return (Found(runs, self.dataset, self.rare) for runs in streamed)

    def _trainer(self, weight: float) -> Trainer:
        return Trainer(models.mlp, imbalance.weigh(self.dataset, {self.rare: weight}), optimizer="adam")


class RecallAndPrecision(Picture):
    """For every class the share that is found, on the left, and the share of its answers that is right."""

    def axes_key(self, result: Found) -> Hashable:
        return result.dataset.classes, result.rare

    def axes(self, result: Found) -> Figure:
        figure, axes = style.new_figure(2, WIDTH, HEIGHT)
        figure.subplots_adjust(wspace=0.45)
        titles = ("Recall: how many of a digit are found", "Precision: how many answers are right")
        for ax, title in zip(axes, titles):
            style.label_axes(ax, f"digit ({result.rare} is rare)", "share", title)
            ax.set(xlim=(-0.5, result.dataset.classes - 0.5), ylim=(0, 1.03), xticks=range(result.dataset.classes))
            ax.axvspan(result.rare - 0.4, result.rare + 0.4, color="#EEEEEE", zorder=0)
        return figure

    def artists(self, figure: Figure, result: Found, *, ghost: str = "") -> list[Artist]:
        """Draws the median over the networks, and their spread."""
        color, dashes = style.look(ghost)
        found, classes = [], np.arange(result.dataset.classes)
        for ax, values in zip(figure.axes, (result.recall, result.precision)):
            found += draw_curve(ax, classes, values, color, dashes)
            middle = np.nanmedian(np.nan_to_num(values), axis=0)
            found += ax.plot(classes, middle, "o", color=color, markersize=5)
            if ghost:
                found += style.end_labels(ax, [(ghost, classes[-1], float(middle[-1]), color)])
        return found

    def alt(self) -> str:
        return (
            "For every class, on the left its recall, the share of its examples that is found, on the right its "
            "precision, the share of its answers that is right; the rare class is marked. The line is the median of "
            "the networks, the band their spread."
        )
