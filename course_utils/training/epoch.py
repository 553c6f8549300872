"""What an epoch consists of, whoever trains it: the order of the rows, the learning rates, and what is measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.portable import Draws
from course_utils.schedules import Position

#: Names of the curves, as Keras has them.
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


def batch_order(rows: int, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Shuffles the training rows for one epoch and cuts them into batches.

    Args:
        rows: Number of training rows.
        batch_size: Rows in a batch; what is left over is dropped.
        seed: The seed.
        epoch: Number of the epoch, counted from 0.

    Returns:
        Row numbers, shape (steps, batch_size).
    """
    steps = rows // batch_size
    order = Draws("order", seed, epoch).permutation(rows)[: steps * batch_size]
    return order.reshape(steps, batch_size).astype("int32")


def rates_of(
    members: list[dict[str, Any]],
    places: list[int],
    epoch: int,
    steps_per_epoch: int,
    epochs: int,
    val_loss: np.ndarray,
) -> np.ndarray:
    """Computes the learning rate of every step of an epoch, as each member's schedule has it.

    Args:
        members: Complete setting of each member.
        places: The place of each among all members of the training.
        epoch: Number of the epoch, counted from 0.
        steps_per_epoch: Steps in it.
        epochs: Epochs of the whole training.
        val_loss: Validation loss of all members of the training after each epoch, shape (members, epochs).

    Returns:
        Shape (members, steps), float32.
    """
    steps = epoch * steps_per_epoch + np.arange(steps_per_epoch)
    rates = [
        m["learning_rate"] * m["schedule"](Position(steps, steps_per_epoch, epochs, val_loss[place, :epoch]))
        for m, place in zip(members, places)
    ]
    return np.stack(rates).astype("float32")
