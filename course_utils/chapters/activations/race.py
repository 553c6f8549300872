"""A race between activations, under rules that the learner sets: whose rate, whose initialisation, which inputs."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.drawing import draw_curve, style
from course_utils.lab import HEIGHT, WIDTH, Experiment, Picture
from course_utils.training import Runs, Trainer
from course_utils.training.knobs import one_of

SAME, OWN = "the same for all", "each its own"


class ActivationRace(Experiment):
    """Trains the same network with each activation at once.

    Args:
        trainers: A trainer for each name of inputs; its model has the knob `activation`.
        own: For each activation the knobs that suit it, such as its best learning rate.

    Example:
        >>> ActivationRace({"0 … 1": trainer}, {"tanh": {"learning_rate": 0.1}}).run(rules=OWN, inputs="0 … 1")
    """

    def __init__(self, trainers: Mapping[str, Trainer], own: Mapping[str, Mapping[str, Any]]) -> None:
        self.trainers, self.own = dict(trainers), {name: dict(knobs) for name, knobs in own.items()}

    def stream(self, **knobs: Any) -> Iterator[Runs]:
        """Trains step by step.

        Args:
            **knobs: `rules` (`SAME` or `OWN`), `inputs` (a key of the trainers), `learning_rate` and `init_scale` for
                all where the rules are the same, and whatever else the trainer takes.

        Yields:
            The runs so far, as the trainer does.
        """
        trainer, arguments = self._arguments(**knobs)
        return trainer.stream(**arguments)

    def _arguments(self, *, rules: str = SAME, inputs: str, **knobs: Any) -> tuple[Trainer, dict[str, Any]]:
        one_of(SAME, OWN).check("rules", rules)
        one_of(*self.trainers).check("inputs", inputs)
        settings = [{"activation": name, **(own if rules == OWN else {})} for name, own in self.own.items()]
        return self.trainers[inputs], {**knobs, "settings": settings}


def epochs_to(runs: Runs, accuracy: float) -> dict[str, np.ndarray]:
    """Counts the epochs until each network first reaches an accuracy.

    Args:
        runs: Runs with the knob `activation`.
        accuracy: The validation accuracy.

    Returns:
        For each activation the epochs of every seed, infinite where it is never reached.
    """
    found = {}
    for name in runs.values("activation"):
        reached = runs.select(activation=name).history["val_accuracy"] >= accuracy
        found[name] = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)
    return found


class AccuracyByActivation(Picture):
    """The validation accuracy after each epoch, a curve and a band for every activation.

    Args:
        line: An accuracy to mark with a thin line.
    """

    def __init__(self, line: float = 0.9) -> None:
        self.line = line

    def axes_key(self, result: Runs) -> Hashable:
        return result.epochs

    def axes(self, result: Runs) -> Figure:
        figure, (ax,) = style.new_figure(1, WIDTH, HEIGHT)
        style.label_axes(ax, "epoch", "validation accuracy", "Which activation arrives first?")
        ax.axhline(self.line, color=style.GHOST, linewidth=0.8)
        ax.set(xlim=(1, max(result.epochs, 2)), ylim=(0, 1.02))
        style.whole_numbers(ax)
        return figure

    def artists(self, figure: Figure, result: Runs, *, ghost: str = "") -> list[Artist]:
        """Draws every activation; of a ghost only the medians, in grey."""
        (ax,), found, ends = figure.axes, [], []
        epochs = np.arange(1, result.epochs_done + 1)
        for index, name in enumerate(result.values("activation")):
            curves = result.select(activation=name).history["val_accuracy"]
            color, dashes = style.look(ghost, index)
            shown = np.median(curves, axis=0)[None] if ghost else curves
            found += draw_curve(ax, epochs, shown, color, dashes)
            ends.append((name, epochs[-1], float(np.median(curves[:, -1])), color))
        return found if ghost else found + style.end_labels(ax, ends)

    def alt(self) -> str:
        return "The validation accuracy after each epoch, a curve for every activation with the band of its seeds."
