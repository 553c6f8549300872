"""A bumpy loss of a single weight, and many walkers that go down it by the gradients of mini-batches, in NumPy."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.lab import HEIGHT, WIDTH, Experiment, Picture, Result
from course_utils.training.knobs import COUNT, POSITIVE, integer

#: Steps between two results on the way.
_BETWEEN = 10


class SineFit(Experiment):
    """Rows of a sine wave with noise, from which one weight, the frequency, is to be learned.

    The network is `sin(weight · x)`, the loss the mean squared error. A wrong frequency fits some of the rows by
    chance, and so the loss has several valleys.

    Args:
        frequency: The right weight.
        rows: How many rows.
        noise: Standard deviation of the noise on the targets.
        reach: The weights that walkers start from lie between 0 and this.
        seed: Which rows.

    Example:
        >>> SineFit().run(batch_size=2, learning_rate=0.3).share[-1]
    """

    def __init__(
        self, frequency: float = 4.0, rows: int = 128, noise: float = 0.1, reach: float = 8.0, seed: int = 0
    ) -> None:
        random = np.random.default_rng(seed)
        self.x = random.uniform(0, 3, rows)
        self.y = np.sin(frequency * self.x) + noise * random.normal(size=rows)
        self.reach = reach

    def loss(self, weights: np.ndarray) -> np.ndarray:
        """Computes the loss over all rows, for each weight."""
        return ((np.sin(np.multiply.outer(weights, self.x)) - self.y) ** 2).mean(axis=-1)

    def gradient(self, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Computes each walker's gradient on its own rows.

        Args:
            weights: Shape (walkers,).
            rows: Row numbers, shape (walkers, batch size) or (1, batch size).

        Returns:
            Shape (walkers,).
        """
        x, angle = self.x[rows], weights[:, None] * self.x[rows]
        return (2 * (np.sin(angle) - self.y[rows]) * np.cos(angle) * x).mean(axis=1)

    @cached_property
    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights, a little beyond where walkers start, and the loss of each."""
        weights = np.linspace(-1, self.reach + 1, 400)
        return weights, self.loss(weights)

    @cached_property
    def deepest(self) -> tuple[float, float]:
        """Where the deepest valley begins and ends: the tops on both sides of its lowest place."""
        weights, loss = self.curve
        lowest = int(np.argmin(loss))
        tops = 1 + np.flatnonzero((loss[1:-1] >= loss[:-2]) & (loss[1:-1] > loss[2:]))
        return float(weights[tops[tops < lowest][-1]]), float(weights[tops[tops > lowest][0]])

    def stream(
        self, *, batch_size: int, learning_rate: float, steps: int = 300, walkers: int = 100, seed: int = 0
    ) -> Iterator[Walk]:
        """Walks step by step, and checks the arguments before it returns.

        Args:
            batch_size: Rows in each mini-batch, from 1 to all. Every walker draws its own.
            learning_rate: The rate, above 0.
            steps: How many.
            walkers: How many, starting at even distances between 0 and `reach`.
            seed: Which mini-batches.

        Returns:
            The walk so far, after every ten steps.

        Raises:
            ValueError: If a value cannot be used.
        """
        POSITIVE.check("learning_rate", learning_rate)
        integer(1, len(self.x)).check("batch_size", batch_size)
        COUNT.check("steps", steps)
        COUNT.check("walkers", walkers)
        integer(0).check("seed", seed)
        return self._walk(batch_size, learning_rate, steps, walkers, np.random.default_rng([seed, batch_size]))

    def _walk(
        self, batch_size: int, learning_rate: float, steps: int, walkers: int, random: np.random.Generator
    ) -> Iterator[Walk]:
        rows, (low, high) = len(self.x), self.deepest
        weights, share = np.linspace(0, self.reach, walkers), []
        for step in range(steps + 1):
            share.append(np.mean((low < weights) & (weights < high)))
            if step % _BETWEEN == 0 or step == steps:
                yield Walk(weights, self.loss(weights), np.array(share), steps, self)
            full = batch_size == rows
            batch = np.arange(rows)[None] if full else random.integers(0, rows, (walkers, batch_size))
            weights = weights - learning_rate * self.gradient(weights, batch)


@dataclass(frozen=True)
class Walk(Result):
    """Walkers on a bumpy loss.

    Args:
        weights: Where each is, shape (walkers,).
        loss: How high, over all rows.
        share: Share of them in the deepest valley, before the first step and after each so far.
        steps: Steps that were asked for.
        fit: What they walk on.
    """

    weights: np.ndarray
    loss: np.ndarray
    share: np.ndarray
    steps: int
    fit: SineFit

    @property
    def progress(self) -> float:
        """Share of the steps that are taken."""
        return len(self.share) / (self.steps + 1)

    def summary(self) -> str:
        """Says where they ended."""
        return (
            f"{len(self.share) - 1} steps · {self.share[0]:.0%} began in the deepest valley, {self.share[-1]:.0%} "
            f"are there now · median loss {np.median(self.loss):.2f}"
        )

    def scores(self) -> dict[str, str]:
        return {"in the deepest valley": f"{self.share[-1]:.0%}", "median loss": f"{np.median(self.loss):.2f}"}


class Valleys(Picture):
    """The walkers on the loss on the left, the share of them in the deepest valley on the right."""

    def axes_key(self, result: Walk) -> Hashable:
        return result.steps, id(result.fit)

    def axes(self, result: Walk) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        weights, loss = result.fit.curve
        style.label_axes(left, "weight", "loss over all rows", "Every dot is a walker")
        left.plot(weights, loss, color=style.GHOST, linewidth=1.2)
        left.set_xlim(weights[0], weights[-1])
        left.set_ylim(-0.05, 1.1 * loss.max())
        style.label_axes(right, "step", "share of walkers", "In the deepest valley")
        right.set_xlim(0, result.steps)
        right.set_ylim(0, 1.02)
        style.whole_numbers(right)
        return figure

    def artists(self, figure: Figure, result: Walk, *, ghost: str = "") -> list[Artist]:
        """Draws the walkers and their share; of a ghost, only the share."""
        left, right = figure.axes
        color, dashes = style.look(ghost)
        steps = np.arange(len(result.share))
        found = list(right.plot(steps, result.share, color=color, linestyle=dashes, linewidth=1.8))
        if ghost:
            return found + style.end_labels(right, [(ghost, steps[-1], float(result.share[-1]), color)])
        return found + left.plot(result.weights, result.loss, "o", color=color, markersize=5, alpha=0.5)

    def alt(self) -> str:
        return (
            "Walkers on a loss with several valleys: on the left where they are, on the right the share of them that "
            "is in the deepest valley, after each step."
        )
