"""Learning-rate schedules: pure functions from a position in training to a multiplier of the learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from course_utils.portable import cospi, power


@dataclass(frozen=True)
class Position:
    """Where training stands.

    Args:
        step: Update steps, counted from 0, shape (steps,).
        steps_per_epoch: Update steps in one pass over the training data.
        epochs: Epochs that the whole run will take.
        val_loss: Validation loss after each epoch so far.
    """

    step: np.ndarray
    steps_per_epoch: int
    epochs: int
    val_loss: Sequence[float] = ()

    @property
    def epoch(self) -> np.ndarray:
        """Position in epochs, with fractions."""
        return self.step / self.steps_per_epoch

    @property
    def fraction(self) -> np.ndarray:
        """Share of the whole run that lies behind, from 0 to just below 1."""
        return self.step / (self.steps_per_epoch * self.epochs)


class Schedule(Protocol):
    """Anything that turns a position into multipliers of the learning rate, one for each step."""

    def __call__(self, position: Position) -> np.ndarray: ...


@dataclass(frozen=True)
class Constant:
    """Leaves the learning rate as it is."""

    def __call__(self, position: Position) -> np.ndarray:
        return np.ones(np.shape(position.step))


@dataclass(frozen=True)
class Step:
    """Multiplies the rate by `factor` after every `every` epochs: a staircase."""

    factor: float = 0.5
    every: float = 5

    def __post_init__(self) -> None:
        _require_positive(factor=self.factor, every=self.every)

    def __call__(self, position: Position) -> np.ndarray:
        return power(self.factor, np.floor(position.epoch / self.every))


@dataclass(frozen=True)
class Exponential:
    """Multiplies the rate by `factor` over every `every` epochs, a little at each step.

    With `per_step=True` the factor applies at every single update step instead.
    """

    factor: float = 0.1
    every: float = 8
    per_step: bool = False

    def __post_init__(self) -> None:
        _require_positive(factor=self.factor, every=self.every)

    def __call__(self, position: Position) -> np.ndarray:
        return power(self.factor, position.step if self.per_step else position.epoch / self.every)


@dataclass(frozen=True)
class Linear:
    """Falls in a straight line from 1 to `end` over the whole run."""

    end: float = 0.0

    def __call__(self, position: Position) -> np.ndarray:
        return 1 + (self.end - 1) * position.fraction


@dataclass(frozen=True)
class Cosine:
    """Falls along half a cosine wave from 1 to `end` over the whole run.

    Source: Loshchilov & Hutter 2016, SGDR, equation 5, one cycle.
    """

    end: float = 0.0

    def __call__(self, position: Position) -> np.ndarray:
        return self.end + (1 - self.end) * (1 + cospi(position.fraction)) / 2


@dataclass(frozen=True)
class WarmUp:
    """Rises in a straight line during the first `epochs`, then follows another schedule.

    Source: Goyal et al. 2017, section 2.2.
    """

    epochs: float = 2
    then: Schedule = field(default_factory=Constant)

    def __post_init__(self) -> None:
        _require_positive(epochs=self.epochs)

    def __call__(self, position: Position) -> np.ndarray:
        rise = (position.step + 1) / (self.epochs * position.steps_per_epoch)
        return np.minimum(rise, 1) * self.then(position)


@dataclass(frozen=True)
class Triangular:
    """Swings in straight lines between `low` and 1, starting low; one swing up and down takes `period` epochs.

    Source: Smith 2015, Cyclical Learning Rates, section 3.1.
    """

    low: float = 0.1
    period: float = 4

    def __post_init__(self) -> None:
        _require_positive(period=self.period)

    def __call__(self, position: Position) -> np.ndarray:
        height = 1 - np.abs(2 * ((position.epoch / self.period) % 1) - 1)
        return self.low + (1 - self.low) * height


@dataclass(frozen=True)
class OneCycle:
    """Rises along a cosine from `start` to 1 in the first `rise` of the run, then falls to `end`.

    Source: Smith & Topin 2017, Super-Convergence.
    """

    rise: float = 0.3
    start: float = 0.04
    end: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.rise < 1:
            raise ValueError(f"rise={self.rise} is no share of the run: choose one above 0 and below 1.")

    def __call__(self, position: Position) -> np.ndarray:
        fraction = position.fraction
        up = _half_wave(self.start, 1, fraction / self.rise)
        down = _half_wave(1, self.end, (fraction - self.rise) / (1 - self.rise))
        return np.where(fraction < self.rise, up, down)


@dataclass(frozen=True)
class ReduceOnPlateau:
    """Multiplies the rate by `factor` when the validation loss has not improved for `patience` epochs.

    As `keras.callbacks.ReduceLROnPlateau` with `monitor="val_loss"`.
    """

    factor: float = 0.3
    patience: int = 3
    min_delta: float = 1e-4

    def __post_init__(self) -> None:
        _require_positive(factor=self.factor, patience=self.patience)

    def __call__(self, position: Position) -> np.ndarray:
        best, waited, multiplier = np.inf, 0, 1.0
        for loss in position.val_loss:
            if loss < best - self.min_delta:
                best, waited = loss, 0
                continue
            waited += 1
            if waited >= self.patience:
                multiplier, waited = multiplier * self.factor, 0
        return np.full(np.shape(position.step), multiplier)


def _half_wave(start: float, end: float, fraction: np.ndarray) -> np.ndarray:
    return start + (end - start) * (1 - cospi(np.clip(fraction, 0, 1))) / 2


def _require_positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name}={value} cannot be used in a schedule: choose a number above 0.")
