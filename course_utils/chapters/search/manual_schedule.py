"""A learning-rate schedule that is turned by hand while training goes on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_utils.schedules import Position
from course_utils.training.knobs import POSITIVE


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
