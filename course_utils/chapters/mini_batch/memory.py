"""The memory that training needs, estimated from a Keras model and a batch size before anything is allocated."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.lab import HEIGHT, WIDTH, Instant, InstantExperiment, Picture
from course_utils.training import optimizers
from course_utils.training.knobs import COUNT, POSITIVE

if TYPE_CHECKING:
    import keras

#: Bytes of a number: networks are trained with 32 bits.
_NUMBER = 4

#: Layers that hand on what they are given, in another shape or not at all changed, and so store nothing new.
_VIEWS = ("InputLayer", "Flatten", "Reshape")

#: The largest batch that a picture shows.
_LARGEST = 2**17


@dataclass(frozen=True)
class Memory(Instant):
    """Bytes that one training step holds at the same time.

    Args:
        batch_size: Rows in a batch.
        weights: Bytes of the weights.
        gradients: Bytes of the gradients of all trainable weights.
        optimizer: Bytes of what the optimizer remembers for each weight.
        rows: Bytes for each row of the batch: its inputs, the outputs of every layer, kept for the way back, and the
            gradient of the largest of them.
        limit: Bytes that there are; None for no limit.
    """

    batch_size: int
    weights: int
    gradients: int
    optimizer: int
    rows: int
    limit: float | None = None

    @property
    def fixed(self) -> int:
        """Bytes that do not depend on the batch."""
        return self.weights + self.gradients + self.optimizer

    @property
    def total(self) -> int:
        """All bytes."""
        return self.fixed + self.batch_size * self.rows

    @property
    def largest_batch(self) -> int | None:
        """The largest batch size that fits, 0 if none does, and None without a limit."""
        return None if self.limit is None else max(0, int((self.limit - self.fixed) // self.rows))

    @property
    def fits(self) -> bool:
        """Whether it is below the limit."""
        return self.limit is None or self.total <= self.limit

    def require(self) -> Memory:
        """Returns the estimate itself if it fits.

        Raises:
            ValueError: If it does not, with the largest batch size that does.
        """
        if not self.fits:
            raise ValueError(f"batch_size={self.batch_size} cannot be used: {self._too_much()}.")
        return self

    def _too_much(self) -> str:
        cure = (
            f"choose at most {self.largest_batch:,}"
            if self.largest_batch
            else "even one row is too much, take a smaller network"
        )
        return f"it needs about {in_words(self.total)} of {in_words(self.limit)}; {cure}"

    def summary(self) -> str:
        """Says whether it fits; too much is a result here, and nothing is allocated."""
        if not self.fits:
            return f"does not fit: batch {self.batch_size:,} was not started, {self._too_much()}"
        left = "" if self.limit is None else f" · fits, up to batch {self.largest_batch:,}"
        return f"batch {self.batch_size:,} · {in_words(self.fixed)} + {in_words(self.batch_size * self.rows)}{left}"

    def scores(self) -> dict[str, str]:
        return {"memory": in_words(self.total), "fits": "yes" if self.fits else "no"}


def estimate(model: keras.Model, batch_size: int, *, optimizer: str = "sgd", limit: float | None = None) -> Memory:
    """Estimates what a training step needs, from the shapes of the layers alone.

    Libraries need some more (working space, copies) or less (activations computed in place); take it for the order
    of magnitude, and leave a reserve.

    Args:
        model: A built Keras model.
        batch_size: Rows in a batch, at least 1.
        optimizer: A key of `optimizers.OPTIMIZERS`.
        limit: Bytes that there are.

    Returns:
        The estimate.

    Raises:
        ValueError: If a value cannot be used.

    Example:
        >>> estimate(models.mlp((64,), 10), batch_size=32, limit=2e9).require().total
    """
    COUNT.check("batch_size", batch_size)
    if limit is not None:
        POSITIVE.check("limit", limit)
    trainable = sum(prod(v.shape) for v in model.trainable_variables) * _NUMBER
    rest = sum(prod(v.shape) for v in model.non_trainable_variables) * _NUMBER
    stored = [prod(layer.output.shape[1:]) for layer in model.layers if type(layer).__name__ not in _VIEWS]
    row = prod(model.input_shape[1:]) + sum(stored) + max(stored)
    remembered = len(optimizers.get(optimizer).slots) * trainable
    return Memory(batch_size, trainable + rest, trainable, remembered, row * _NUMBER, limit)


def in_words(amount: float) -> str:
    """Writes an amount of bytes with a unit."""
    for unit in ("bytes", "KB", "MB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.3g} GB" if amount < 1000 else f"{amount:,.0f} GB"


class MemoryPlan(InstantExperiment):
    """Estimates for networks that look at pictures of any size; nothing is trained.

    Args:
        model: A function such as `models.cnn` that builds a model of an input shape, a number of outputs and keywords.
        outputs: Units of the last layer.

    Example:
        >>> MemoryPlan(models.cnn).run(batch_size=32, side=224, gigabytes=2).fits
    """

    def __init__(self, model: Callable[..., keras.Model], outputs: int = 10) -> None:
        self._model = cache(lambda side, **knobs: model((side, side, 3), outputs, **knobs))

    def run(self, *, batch_size: int, side: int, gigabytes: float, optimizer: str = "sgd", **knobs: Any) -> Memory:
        """Estimates.

        Args:
            batch_size: Pictures in a batch.
            side: Height and width of each, in pixels of three colours.
            gigabytes: What there is.
            optimizer: A key of `optimizers.OPTIMIZERS`.
            **knobs: Keywords of the function that builds the model.

        Returns:
            The estimate; one that does not fit says so.

        Raises:
            ValueError: If a value cannot be used.
        """
        POSITIVE.check("gigabytes", gigabytes)
        COUNT.check("side", side)
        return estimate(self._model(side, **knobs), batch_size, optimizer=optimizer, limit=gigabytes * 1e9)


class MemoryPicture(Picture):
    """Estimated bytes against the batch size, with what does not depend on it, and the limit."""

    def axes_key(self, result: Memory) -> Hashable:
        return type(result)

    def axes(self, result: Memory) -> Figure:
        del result
        figure, (ax,) = style.new_figure(1, WIDTH, HEIGHT)
        style.label_axes(ax, "batch size", "gigabytes", "A larger batch takes more memory, until there is no more")
        style.scale(ax, "log", "log")
        ax.set_xlim(1, _LARGEST)
        ax.set_ylim(1e-3, 1e4)
        figure.subplots_adjust(left=0.85 / WIDTH)  # room for numbers such as 0.001
        return figure

    def artists(self, figure: Figure, result: Memory, *, ghost: str = "") -> list[Artist]:
        """Draws the memory of all batch sizes and marks the one chosen."""
        (ax,) = figure.axes
        color, dashes = style.look(ghost)
        sizes = np.geomspace(1, _LARGEST, 60)
        total = (result.fixed + sizes * result.rows) / 1e9
        found = list(ax.plot(sizes, total, color=color, linestyle=dashes, linewidth=1.8))
        if ghost:
            return found + style.end_labels(ax, [(ghost, sizes[-1], total[-1], color)])
        marker = "o" if result.fits else "X"
        found += ax.plot([result.batch_size], [result.total / 1e9], marker, color=color, markersize=10)
        found += ax.plot(sizes, np.full(60, result.fixed / 1e9), "--", color=style.COLORS[2], linewidth=1.4)
        ends = [
            ("with the batch", sizes[-1], total[-1], color),
            ("without it", sizes[-1], result.fixed / 1e9, style.COLORS[2]),
        ]
        if result.limit is not None:
            found += ax.plot(sizes, np.full(60, result.limit / 1e9), "-.", color=style.COLORS[1], linewidth=1.8)
            ends.append(("limit", sizes[-1], result.limit / 1e9, style.COLORS[1]))
        return found + style.end_labels(ax, ends)

    def alt(self) -> str:
        return (
            "Estimated memory of a training step against the batch size, on logarithmic scales, with the part that "
            "does not depend on the batch, the limit, and a mark at the chosen batch size: a dot if it fits, else X."
        )
