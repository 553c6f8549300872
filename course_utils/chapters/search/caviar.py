"""Caviar: many networks with random learning rates, trained at once, the best of which is kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.lab import HEIGHT, WIDTH, Experiment, FromRuns, Picture
from course_utils.training import Trainer
from course_utils.training.knobs import COUNT, integer

#: Lowest and highest learning rate that is drawn.
RANGE = (1e-4, 10.0)

_LOWEST, _HIGHEST = 0.05, 4.0


@dataclass(frozen=True)
class Shoal(FromRuns):
    """Networks as far as they have come.

    Args:
        runs: Their runs.
        rates: Their learning rates, shape (networks,).
    """

    rates: np.ndarray

    @property
    def losses(self) -> np.ndarray:
        """Validation loss after each epoch, infinite where a network is lost, shape (networks, epochs so far)."""
        losses = self.runs.history["val_loss"]
        return np.where(np.isfinite(losses), losses, np.inf)

    @property
    def leader(self) -> int:
        """Number of the network with the lowest validation loss so far."""
        return int(self.losses[:, -1].argmin())

    def summary(self) -> str:
        """Says who leads."""
        last, best, epochs = self.losses[:, -1], self.leader, self.runs.epochs_done
        return (
            f"{len(last)} networks × {epochs} epochs = {len(last) * epochs} · "
            f"best validation loss {last[best]:.3g} at rate {self.rates[best]:.2g} · median {np.median(last):.3g}"
        )

    def scores(self) -> dict[str, str]:
        return {"best loss": f"{self.losses[self.leader, -1]:.3g}", "its rate": f"{self.rates[self.leader]:.2g}"}


class Caviar(Experiment):
    """Trains many networks with random learning rates at once.

    Args:
        trainer: What trains.
        epochs: Epochs that each takes.
        **fixed: Knobs that are the same for all.
    """

    def __init__(self, trainer: Trainer, epochs: int = 20, **fixed: Any) -> None:
        self._trainer, self._epochs, self._fixed = trainer, epochs, fixed

    def stream(self, *, networks: int = 64, draw: int = 0) -> Iterator[Shoal]:
        """Trains epoch by epoch, and checks the arguments before it returns.

        Args:
            networks: How many.
            draw: Which learning rates.

        Returns:
            The networks so far.

        Raises:
            ValueError: If a number cannot be used.
        """
        COUNT.check("networks", networks)
        integer(0).check("draw", draw)
        shares = np.random.default_rng(draw).uniform(size=networks)
        rates = RANGE[0] * (RANGE[1] / RANGE[0]) ** shares
        settings = [{"learning_rate": float(rate)} for rate in rates]
        stream = self._trainer.stream(settings=settings, epochs=self._epochs, **self._fixed)
        return (Shoal(runs, rates) for runs in stream)


class ShoalPicture(Picture):
    """The validation losses of all networks on the left, the last ones against the learning rate on the right."""

    def axes_key(self, result: Shoal) -> Hashable:
        return result.runs.epochs

    def axes(self, result: Shoal) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        style.label_axes(left, "epoch", "validation loss", "All at once")
        style.label_axes(right, "learning rate", "validation loss", "Where they are now")
        style.scale(left, y="log")
        style.scale(right, "log", "log")
        left.set(xlim=(1, result.runs.epochs), ylim=(_LOWEST, _HIGHEST))
        style.whole_numbers(left)
        right.set(xlim=RANGE, ylim=(_LOWEST, _HIGHEST))
        return figure

    def artists(self, figure: Figure, result: Shoal, *, ghost: str = "") -> list[Artist]:
        """Draws a line and a dot for each network; of a ghost, only the best."""
        left, right = figure.axes
        epochs = np.arange(1, result.runs.epochs_done + 1)
        losses, best = np.clip(result.losses, _LOWEST, _HIGHEST), result.leader
        color, dashes = style.look(ghost, 1, dashes="-")
        found: list[Artist] = []
        if not ghost:
            lines = [np.column_stack([epochs, line]) for line in losses]
            found.append(left.add_collection(LineCollection(lines, colors=style.COLORS[0], linewidths=0.8, alpha=0.5)))
            found += right.plot(result.rates, losses[:, -1], ".", color=style.COLORS[0], markersize=6, alpha=0.6)
        found += left.plot(epochs, losses[best], dashes, color=color, linewidth=2.2)
        found += right.plot(result.rates[best], losses[best, -1], "o", color=color, markersize=9, fillstyle="none")
        if ghost:  # its ring on the right tells it apart; names at one place would overlap
            return found
        return found + style.end_labels(left, [(f"best: {losses[best, -1]:.2g}", epochs[-1], losses[best, -1], color)])

    def alt(self) -> str:
        return (
            "Many networks trained at once: on the left the validation loss of each after every epoch, the best as a "
            "thick line; on the right the last loss against the learning rate, a dot for each, the best in a ring."
        )
