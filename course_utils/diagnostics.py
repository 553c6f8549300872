"""Reading training: the learning-rate range test, rules that suggest a rate from it, and the state of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.portable import power

if TYPE_CHECKING:
    from course_utils.schedules import Position
    from course_utils.training import Runs, Trainer


@dataclass(frozen=True)
class Rise:
    """Lets the rate grow from 1 to `ratio` over the whole run, by the same factor at every step."""

    ratio: float

    def __call__(self, position: Position) -> np.ndarray:
        """Gives the multipliers at a position, one for each step."""
        last = max(position.steps_per_epoch * position.epochs - 1, 1)
        return power(self.ratio, position.step / last)


@dataclass(frozen=True)
class RangeTest:
    """What a range test measured.

    Args:
        learning_rates: Rate of each step, rising, shape (steps,).
        losses: Smoothed batch loss of each network at each step, shape (members, steps); NaN from the step on at
            which a network's loss is no longer finite.
        batch_losses: The same before smoothing.
    """

    learning_rates: np.ndarray
    losses: np.ndarray
    batch_losses: np.ndarray

    @property
    def loss(self) -> np.ndarray:
        """Median over the networks, up to the first step at which one of them has no finite loss."""
        return np.median(self.losses[:, np.isfinite(self.losses).all(axis=0)], axis=0)

    def singles(self) -> list[RangeTest]:
        """Takes the test apart: one test for each network, as if it had been tested alone."""
        return [
            RangeTest(self.learning_rates, losses[None], raw[None])
            for losses, raw in zip(self.losses, self.batch_losses)
        ]


def range_test(
    trainer: Trainer,
    low: float = 1e-5,
    high: float = 10.0,
    *,
    epochs: int = 2,
    seeds: int | Iterable[int] = 1,
    smoothing: float = 0.9,
    **knobs: Any,
) -> RangeTest:
    """Trains once while the learning rate rises at every step, and keeps the loss of every step.

    Args:
        trainer: What trains.
        low: Rate of the first step, above 0.
        high: Rate of the last step, above `low`.
        epochs: Length of the rise. A longer one takes more of the fall, and finds the lowest loss further left.
        seeds: How many networks, or which seeds.
        smoothing: Share of the past in the running average of the loss, from 0 to just below 1.
        **knobs: One value for each other knob of the trainer.

    Returns:
        Rates and losses.

    Raises:
        ValueError: If the limits are not in order, or `smoothing` is no share.

    Source: Smith 2015, Cyclical Learning Rates, section 3.3; the rise by equal factors as in fastai.
    """
    if not 0 < low < high:
        raise ValueError(f"low={low!r} and high={high!r} leave nothing to test: choose 0 < low < high.")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing={smoothing!r} is no share: choose one from 0 to just below 1.")
    runs = trainer.run(learning_rate=low, schedule=Rise(high / low), epochs=epochs, seeds=seeds, **knobs)
    raw = np.stack(runs.batch_loss).astype(float)
    return RangeTest(runs.learning_rates[0].astype(float), smooth(raw, smoothing), raw)


def smooth(losses: np.ndarray, smoothing: float = 0.9) -> np.ndarray:
    """Averages each loss with those before it, older ones counting less.

    Args:
        losses: Shape (members, steps).
        smoothing: Share of the past.

    Returns:
        The running average, shape (members, steps), NaN from the first loss on that is not finite. It is divided
        by 1 − smoothing^step, so that the first steps are not drawn towards 0.

    Source: the correction, Kingma & Ba 2014, section 3.
    """
    average, smoothed = np.zeros(len(losses)), np.empty(losses.shape)
    for step, loss in enumerate(losses.T, start=1):
        average = smoothing * average + (1 - smoothing) * np.where(np.isfinite(loss), loss, np.nan)
        smoothed[:, step - 1] = average / (1 - smoothing**step)
    return smoothed


def minimum(test: RangeTest) -> float:
    """Suggests the rate at which the loss was lowest: about the largest that still trains.

    Args:
        test: What `range_test` measured.

    Returns:
        The learning rate.

    Raises:
        ValueError: If no step had a finite loss.
    """
    return float(test.learning_rates[np.argmin(test.loss)])


def tenth_of_minimum(test: RangeTest) -> float:
    """Suggests a tenth of the rate at which the loss was lowest (the rule of thumb of fastai).

    Args:
        test: What `range_test` measured.

    Returns:
        The learning rate.

    Raises:
        ValueError: If no step had a finite loss.
    """
    return minimum(test) / 10


def steepest(test: RangeTest) -> float:
    """Suggests the rate, at or below that of the lowest loss, at which the loss fell fastest per tenfold rise.

    Args:
        test: What `range_test` measured.

    Returns:
        The learning rate.

    Raises:
        ValueError: If no step had a finite loss.
    """
    lowest = int(np.argmin(test.loss))
    if lowest == 0:
        return float(test.learning_rates[0])
    slope = np.gradient(test.loss, np.log10(test.learning_rates[: len(test.loss)]))
    return float(test.learning_rates[np.argmin(slope[: lowest + 1])])


def falling_part(test: RangeTest, start: float = 0.1) -> tuple[float, float]:
    """Suggests a range: from where the loss has begun to fall to where it is lowest.

    Args:
        test: The test.
        start: Share of the whole fall that counts as begun.

    Returns:
        Lowest and highest suggested rate.
    """
    lowest = int(np.argmin(test.loss))
    fallen = (test.loss[0] - test.loss[: lowest + 1]) >= start * (test.loss[0] - test.loss[lowest])
    still_up = np.flatnonzero(~fallen)
    begun = still_up[-1] + 1 if len(still_up) else 0
    return float(test.learning_rates[begun]), float(test.learning_rates[lowest])


def middle_of_fall(test: RangeTest) -> float:
    """Suggests the middle, on a logarithmic scale, of the range that `falling_part` gives.

    Args:
        test: What `range_test` measured.

    Returns:
        The learning rate.

    Raises:
        ValueError: If no step had a finite loss.
    """
    return float(np.sqrt(np.prod(falling_part(test))))


#: Rules by what they are called in tables and figures.
RULES = {"lowest": minimum, "steepest": steepest, "mid-fall": middle_of_fall, "a tenth": tenth_of_minimum}


def state_of(runs: Runs) -> list[str]:
    """Reads the state of each network from its curves, as one would by eye.

    The signs, looked for in this order: "diverging": a loss that is not finite, or ends far above where it began;
    "dead": hardly anything is learned, and the loss does not fall; "over-fitting": the validation loss has risen well
    above its lowest value while the training loss fell; "oscillating": the training loss jumps up and down; "too
    slow": little is learned, and the loss still falls as fast as ever; "healthy": none of these. They are rules of
    thumb, with thresholds that fit the short runs of this course.

    Args:
        runs: The runs, with at least four epochs done.

    Returns:
        The state of each member.

    Raises:
        ValueError: If too few epochs are done to tell.
    """
    if runs.epochs_done < 4:
        raise ValueError(f"{runs.epochs_done} epochs are too few to read a state from: train at least 4.")
    first = [losses[0] for losses in runs.batch_loss]
    return [
        "diverging" if gone else _state(*curves)
        for gone, *curves in zip(runs.diverged_at > 0, first, runs.history["loss"], runs.history["val_loss"])
    ]


def _state(first: float, loss: np.ndarray, val_loss: np.ndarray) -> str:
    if not np.isfinite(loss).all() or loss[-1] > 2 * first:
        return "diverging"
    half = len(loss) // 2
    early, late = loss[0] - loss[half], loss[half] - loss[-1]
    jump = np.abs(np.diff(loss[half:])).mean()
    steady = late > 0.8 * jump * (len(loss) - 1 - half) and late > 0.5 * early
    learned = 1 - loss[-1] / first
    if learned < 0.1 and not steady:
        return "dead"
    best = int(np.argmin(val_loss))
    if val_loss[-1] > 1.2 * val_loss[best] + 0.02 * first and loss[-1] < loss[best]:
        return "over-fitting"
    if not steady and jump > 0.012 * first:
        return "oscillating"
    return "too slow" if steady and learned < 0.5 else "healthy"
