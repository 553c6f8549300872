"""Held-out loss against the batch size, under protocols that decide rate and length of training for each size."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.chapters.mini_batch.race import SCALING
from course_utils.drawing import draw_sweep, style
from course_utils.lab import HEIGHT, WIDTH, Experiment, Picture, Result
from course_utils.training import Runs, Trainer
from course_utils.training.knobs import COUNT, POSITIVE, one_of

#: How long to train: equal epochs, equal steps, or until the training loss is this low.
LENGTHS = {"20 epochs": ("epochs", 20), "320 steps": ("steps", 320), "to training loss 0.05": ("loss", 0.05)}

#: Epochs after which a network that does not get to a training loss gives up.
_MOST = 240

#: The rates of the batch sizes' own.
OWN = "each its own"


@dataclass(frozen=True)
class HeldOut(Result):
    """What networks trained with several batch sizes lose on rows they never learned from.

    Args:
        loss: Validation loss at the end, shape (seeds,), for each batch size that is trained or being trained.
        training_loss: Training loss in the last epoch, likewise.
        epochs_taken: Epochs that each batch size was trained for.
        rates: The learning rate of each batch size.
        sizes: All batch sizes.
        progress: 1 when all are trained, None while the compiler is at work.
    """

    loss: Mapping[int, np.ndarray]
    training_loss: Mapping[int, np.ndarray]
    epochs_taken: Mapping[int, int]
    rates: Mapping[int, float]
    sizes: Sequence[int]
    progress: float | None = None

    def table(self, which: str = "loss") -> np.ndarray:
        """Collects "loss" or "training_loss" of all batch sizes, shape (sizes, seeds), NaN where not trained yet."""
        measured = getattr(self, which)
        seeds = max((len(values) for values in measured.values()), default=1)
        return np.array([measured.get(size, np.full(seeds, np.nan)) for size in self.sizes])

    def scores(self) -> dict[str, str]:
        middle = {size: np.median(values) for size, values in self.loss.items()}
        return {f"batch {size}": f"{middle[size]:.2f}" for size in (self.sizes[0], self.sizes[-1]) if size in middle}

    def summary(self) -> str:
        """Says what smallest and largest batch lead to."""
        if self.progress != 1:
            return f"batch size {max(self.loss, default=self.sizes[0])} is being trained"
        words = [
            f"{name} {value} at rate {self.rates[int(name.split()[1])]:.2g}" for name, value in self.scores().items()
        ]
        return "held-out loss · " + " · ".join(words)


class Protocols(Experiment):
    """Trains the same networks with several batch sizes under one protocol.

    Args:
        trainer: What trains.
        own: The batch sizes, smallest first, and a learning rate for each that was found by trying.
        reference: Batch size for which the learning rate is given where the others' follow from it.

    Example:
        >>> Protocols(trainer, {4: 0.1, 64: 0.3}).run(rates="each its own", length="20 epochs").table()
    """

    def __init__(self, trainer: Trainer, own: Mapping[int, float], *, reference: int = 16) -> None:
        self._trainer, self._own, self._reference = trainer, dict(own), reference

    def stream(
        self, *, rates: str = "same", length: str = "20 epochs", learning_rate: float = 0.03, seeds: int = 8
    ) -> Iterator[HeldOut]:
        """Trains step by step, and checks the arguments before it returns.

        Args:
            rates: A key of `SCALING`, or `OWN` for the rates that were found by trying.
            length: A key of `LENGTHS`.
            learning_rate: Rate at the reference batch size; without effect where each has its own.
            seeds: Networks for each batch size.

        Returns:
            Results so far.

        Raises:
            ValueError: If a value cannot be used.
        """
        for name, value, known in (("rates", rates, (*SCALING, OWN)), ("length", length, LENGTHS)):
            one_of(*known).check(name, value)
        POSITIVE.check("learning_rate", learning_rate)
        COUNT.check("seeds", seeds)
        chosen = dict(self._own)
        if rates != OWN:
            power = SCALING[rates]
            chosen = {size: learning_rate * (size / self._reference) ** power for size in self._own}
        return self._trained(chosen, *LENGTHS[length], seeds)

    def _trained(self, rates: dict[int, float], kind: str, amount: float, seeds: int) -> Iterator[HeldOut]:
        result = HeldOut({}, {}, {}, rates, tuple(rates))
        for size, rate in rates.items():
            steps = len(self._trainer.dataset.x_train) // size
            epochs = {"epochs": amount, "steps": max(1, round(amount / steps)), "loss": _MOST}[kind]
            for runs in self._trainer.stream(batch_size=size, learning_rate=rate, seeds=seeds, epochs=int(epochs)):
                result = _with(result, size, runs)
                yield result
                if kind == "loss" and runs.progress and _settled(runs, amount):
                    break
        yield replace(result, progress=1.0)


def _with(result: HeldOut, size: int, runs: Runs) -> HeldOut:
    if runs.progress:
        result = replace(
            result,
            loss={**result.loss, size: runs.final("val_loss")},
            training_loss={**result.training_loss, size: runs.final("loss")},
            epochs_taken={**result.epochs_taken, size: runs.epochs_done},
        )
    return replace(result, progress=None if runs.progress is None else len(result.loss) / (len(result.sizes) + 1))


def _settled(runs: Runs, amount: float) -> bool:
    """Tells whether the median training loss is low enough, or half of the networks learn nothing any more."""
    loss = np.median(runs.history["loss"], axis=0)
    return bool(loss[-1] <= amount or (len(loss) > 40 and loss[-1] > 0.95 * loss[0]))


class HeldOutPicture(Picture):
    """Held-out loss against the batch size: a dot for each network, a line through the medians.

    Args:
        limits: Lowest and highest loss shown.
    """

    def __init__(self, limits: tuple[float, float] = (0.05, 3)) -> None:
        self.limits = limits

    def axes_key(self, result: HeldOut) -> Hashable:
        return tuple(result.sizes)

    def axes(self, result: HeldOut) -> Figure:
        figure, (ax,) = style.new_figure(1, WIDTH, HEIGHT)
        style.label_axes(ax, "batch size", "validation loss", "Every dot is a network")
        style.scale(ax, "log", "log")
        ax.set_xlim(min(result.sizes) / 1.5, max(result.sizes) * 1.5)
        ax.set_xticks(result.sizes, result.sizes)
        ax.set_ylim(*self.limits)
        ax.set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
        ax.minorticks_off()
        return figure

    def artists(self, figure: Figure, result: HeldOut, *, ghost: str = "") -> list[Artist]:
        """Draws the losses of all sizes that are trained."""
        (ax,) = figure.axes
        color, dashes = style.look(ghost)
        sizes, loss = np.array(list(result.loss)), np.array(list(result.loss.values()))
        found = draw_sweep(ax, sizes, loss, color, dashes)
        return found + style.end_labels(ax, [(ghost, sizes[-1], float(np.median(loss[-1])), color)] if ghost else [])

    def alt(self) -> str:
        return "The validation loss against the batch size: a dot for each network, a line through the medians."
