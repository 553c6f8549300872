"""Panda: one network that is watched while it trains, its learning rate turned by hand in mid-run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.drawing import draw_curve, style
from course_utils.lab import HEIGHT, LOSSES, WIDTH, Experiment, FromRuns, Picture, draw_history, epoch_axis
from course_utils.schedules import Position
from course_utils.training import Runs, Trainer
from course_utils.training.knobs import COUNT, POSITIVE, integer, one_of

#: Epochs in a second; "pause" waits.
SPEEDS = {"pause": 0.0, "slow": 4.0, "fast": 16.0}

#: Epochs that a new run takes at once, so that there is something to watch.
FIRST = 5


class Hand:
    """A schedule that a hand turns: it remembers every change, and can repeat them.

    The rates are whole ones: train with `learning_rate=1`.

    Args:
        changes: Epochs, counted from 0, and the learning rate from each of them on.
    """

    def __init__(self, changes: Sequence[tuple[int, float]]) -> None:
        self.changes = [(int(epoch), float(rate)) for epoch, rate in changes]
        for _, rate in self.changes:
            POSITIVE.check("learning_rate", rate)
        if not self.changes or self.changes[0][0] != 0 or self.changes != sorted(self.changes, key=lambda c: c[0]):
            raise ValueError(f"changes={changes!r} cannot be used: begin with epoch 0, later epochs after it.")

    def turn(self, epoch: int, rate: float) -> None:
        """Sets the rate from an epoch on that has not begun yet."""
        POSITIVE.check("learning_rate", rate)
        self.changes = [(at, other) for at, other in self.changes if at < epoch]
        if not self.changes or self.changes[-1][1] != rate:
            self.changes.append((epoch, float(rate)))

    def __call__(self, position: Position) -> np.ndarray:
        """Gives the rate of each step."""
        begins, rates = zip(*self.changes)
        return np.array(rates)[np.searchsorted(begins, position.epoch, side="right") - 1]


@dataclass(frozen=True)
class Watched(FromRuns):
    """A run as far as it has come.

    Args:
        runs: The network's runs.
        changes: Epochs, and the learning rate from each of them on.
        seed: Which network.
        paused: Whether training waits until a speed is chosen.
    """

    changes: tuple[tuple[int, float], ...]
    seed: int
    paused: bool = False

    @property
    def progress(self) -> float | None:
        """How far the run has come; one that waits goes no further now."""
        return 1.0 if self.paused else self.runs.progress

    @property
    def loss(self) -> float:
        """The validation loss, mean over the last five epochs."""
        return float(self.runs.history["val_loss"][0, -5:].mean())

    def summary(self) -> str:
        """Says where the run stands."""
        turns = len(self.changes) - 1
        parts = [
            f"epoch {self.runs.epochs_done} of {self.runs.epochs}",
            f"rate {self.changes[-1][1]:.3g} after {turns} change{'' if turns == 1 else 's'}",
            f"validation loss {self.loss:.3g}",
        ]
        if self.runs.diverged_at[0]:
            parts.append("the network is lost: begin another")
        elif self.paused and self.runs.progress < 1:
            parts.append("waiting: choose a speed")
        return " · ".join(parts)

    def scores(self) -> dict[str, str]:
        return {"epochs": str(self.runs.epochs_done), "changes": str(len(self.changes) - 1), "loss": f"{self.loss:.3g}"}


class Panda(Experiment):
    """One run that goes on while its learning rate is turned.

    Every call of `stream` goes on with the run where the one before left it, with the learning rate that it is given.
    Another seed begins another run.

    Args:
        trainer: What trains.
        epochs: Epochs that the whole run takes.
        wait: What to call with seconds between two epochs; training itself would be too fast to watch.
        **fixed: Knobs that stay as they are.
    """

    def __init__(
        self, trainer: Trainer, epochs: int = 80, wait: Callable[[float], None] = time.sleep, **fixed: Any
    ) -> None:
        COUNT.check("epochs", epochs)
        self._trainer, self._wait = trainer, wait
        self._epochs, self._fixed = epochs, {**fixed, "learning_rate": 1.0}
        self._live: Iterator[Runs] = iter(())
        self._seed: int | None = None

    def run(
        self,
        *,
        learning_rate: float = 0.1,
        speed: str = "fast",
        seed: int = 0,
        changes: Sequence[tuple[int, float]] | None = None,
    ) -> Watched:
        """Trains a run of its own from start to end, at full speed, apart from the one that is watched.

        Args:
            learning_rate: The rate, if there are no `changes`.
            speed: A key of `SPEEDS`, which makes no difference here.
            seed: Which network.
            changes: Epochs, counted from 0, and the learning rate from each of them on: those of a run that was
                watched repeat it.

        Returns:
            The run.

        Raises:
            ValueError: If a value cannot be used.
        """
        self._check(learning_rate, speed, seed)
        hand = Hand(changes or [(0, learning_rate)])
        runs = self._trainer.run(**self._fixed, schedule=hand, seeds=[seed], epochs=self._epochs, progress=False)
        return Watched(runs, tuple(hand.changes), seed)

    def stream(self, *, learning_rate: float, speed: str = "pause", seed: int = 0) -> Iterator[Watched]:
        """Goes on with the run, and checks the arguments before it returns.

        Args:
            learning_rate: The rate from the next epoch on.
            speed: A key of `SPEEDS`.
            seed: Which network; another than before begins a new run.

        Returns:
            The run after every epoch.

        Raises:
            ValueError: If a value cannot be used.
        """
        self._check(learning_rate, speed, seed)
        return self._go_on(float(learning_rate), SPEEDS[speed], seed)

    def _check(self, learning_rate: float, speed: str, seed: int) -> None:
        POSITIVE.check("learning_rate", learning_rate)
        one_of(*SPEEDS).check("speed", speed)
        integer(0).check("seed", seed)

    def _go_on(self, rate: float, speed: float, seed: int) -> Iterator[Watched]:
        if seed != self._seed:
            self._seed, self._hand, self._runs = seed, Hand([(0, rate)]), None
            self._live = self._trainer.stream(**self._fixed, schedule=self._hand, seeds=[seed], epochs=self._epochs)
        done = self._runs.epochs_done if self._runs else 0
        # An epoch that has begun keeps its rate.
        begun = math.ceil(len(self._runs.batch_loss[0]) / self._runs.steps_per_epoch[0]) if self._runs else 0
        if begun < self._epochs:
            self._hand.turn(begun, rate)
        while done < (self._epochs if speed else min(FIRST, self._epochs)):
            if speed and done >= FIRST:
                self._wait(1 / speed)
            self._runs = next(self._live)
            done = self._runs.epochs_done
            yield self._watched()
        yield self._watched(paused=not speed)

    def _watched(self, *, paused: bool = False) -> Watched:
        return Watched(self._runs, tuple(self._hand.changes), self._seed, paused)


class PandaPicture(Picture):
    """The learning rate that the hand chose on the left, the losses that it led to on the right.

    Args:
        loss_limits: Lowest and highest loss shown.
        rate_limits: Lowest and highest learning rate shown.
    """

    def __init__(
        self, loss_limits: tuple[float, float] = (0.01, 1), rate_limits: tuple[float, float] = (1e-3, 3)
    ) -> None:
        self.loss_limits, self.rate_limits = loss_limits, rate_limits

    def axes_key(self, result: Watched) -> Hashable:
        return result.runs.epochs

    def axes(self, result: Watched) -> Figure:
        figure, axes = style.new_figure(2, WIDTH, HEIGHT)
        figure.subplots_adjust(left=0.8 / WIDTH, wspace=0.72)  # room for numbers such as 0.001
        looks = [
            ("learning rate", "What the hand did", self.rate_limits),
            ("loss", "What came of it", self.loss_limits),
        ]
        for ax, (name, title, limits) in zip(axes, looks):
            style.scale(ax, y="log")
            epoch_axis(ax, result.runs.epochs, name, title)
            ax.set_ylim(*limits)
        return figure

    def artists(self, figure: Figure, result: Watched, *, ghost: str = "") -> list[Artist]:
        """Draws the rate, up to that of the next epoch, and both losses; of a ghost, rate and validation loss."""
        if ghost == "before":  # the same run, a moment ago
            return []
        left, right = figure.axes
        color, dashes = style.look(ghost, 2, dashes="-")
        rates = result.runs.learning_rates[0]
        found = draw_curve(left, np.arange(len(rates)) / result.runs.steps_per_epoch[0], rates[None], color, dashes)
        if not ghost and result.runs.progress < 1:
            found += left.plot(result.runs.epochs_done, result.changes[-1][1], "o", color=color, clip_on=False)
        return found + draw_history(right, result.runs, LOSSES, ghost=ghost)

    def alt(self) -> str:
        return (
            "One training run against the epoch, on logarithmic scales: on the left the learning rate, which changes "
            "where somebody turned it, with a disc for the next epoch, on the right training and validation loss."
        )
