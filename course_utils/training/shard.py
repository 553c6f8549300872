"""A group: a few networks of one population, taken through their epochs by one compiled call at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from course_utils.schedules import Position
from course_utils.training.population import Population

#: Names of the curves, as Keras has them.
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")

#: Steps after which the time of a step is first known.
_TRIAL = 32

_KNOBS = ("weight_decay", "l1", "l2")


def batch_order(rows: int, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Shuffles the training rows for one epoch and cuts them into batches, shape (steps, batch_size)."""
    steps = rows // batch_size
    order = np.random.default_rng([seed, epoch]).permutation(rows)[: steps * batch_size]
    return order.reshape(steps, batch_size).astype("int32")


class Group:
    """Members trained by one compiled call at a time.

    Args:
        population: What trains them.
        members: Complete setting of each.
        rows: The place of each among all members of the session.
        data: Training inputs and targets, validation inputs and targets, as tensors.
        epochs: Passes over the training rows.
        seats: How many members the call is compiled for.
    """

    def __init__(
        self,
        population: Population,
        members: list[dict[str, Any]],
        rows: list[int],
        data: tuple,
        epochs: int,
        seats: int,
    ) -> None:
        self.population = population
        self.rows = rows
        self.step = 0
        # Few numbers of seats are ever compiled; the last member fills those left empty.
        self._members = members + members[-1:] * (seats - len(members))
        self._data = data
        self._epochs = epochs
        self._batch_size = members[0]["batch_size"]
        self.steps = len(data[0]) // self._batch_size
        self._shape = (len(self._members), self._batch_size, len(data[0]), len(data[2]))
        self.state = population.begin(
            [m["seed"] for m in self._members],
            [m["init_scale"] for m in self._members],
            [m["dropout"] for m in self._members],
        )
        names = [*_KNOBS, *(name for name in population.optimizer.defaults if name not in _KNOBS)]
        names.remove("learning_rate")
        self._knobs = {n: tf.constant([m[n] for m in self._members], tf.float32) for n in names}
        shape = (len(self._members), epochs * self.steps)
        self.batch_loss, self.learning_rates, self.update, self.gradient = (
            np.full(shape, np.nan, "float32") for _ in range(4)
        )
        self.diverged_at = np.zeros(len(self._members), int)
        self._compiled = None

    @property
    def epoch_done(self) -> bool:
        """Whether all steps of the epoch have been taken."""
        return self._at == self.steps

    @property
    def cold(self) -> bool:
        """Whether the first step will have to wait for the compiler."""
        return self._shape not in self.population.pace

    def begin(self, epoch: int, val_loss: np.ndarray) -> None:
        """Shuffles the data and looks up the learning rates of an epoch."""
        self._at = 0
        orders = {
            seed: batch_order(len(self._data[0]), self._batch_size, seed, epoch)
            for seed in {m["seed"] for m in self._members}
        }
        self._order = tf.constant(np.stack([orders[m["seed"]] for m in self._members]))
        steps = epoch * self.steps + np.arange(self.steps)
        rows = self.rows + self.rows[-1:] * (len(self._members) - len(self.rows))
        rates = [
            m["learning_rate"] * m["schedule"](Position(steps, self.steps, self._epochs, val_loss[row, :epoch]))
            for m, row in zip(self._members, rows)
        ]
        self._rates = tf.constant(np.stack(rates), tf.float32)
        self.learning_rates[:, steps] = self._rates.numpy()
        self._correct = np.zeros(len(self._members))

    def advance(self, seconds: float) -> None:
        """Takes as many steps of the epoch as fit into about that many seconds."""
        self.compile()
        pace = self.population.pace[self._shape]
        steps = min(self.steps - self._at, max(1, int(seconds / pace)) if pace else _TRIAL)
        start = time.perf_counter()
        measured = self._train(self._at, self._at + steps)
        self.population.pace[self._shape] = (time.perf_counter() - start) / steps
        fresh, past = slice(self._at, self._at + steps), slice(self.step, self.step + steps)
        self.batch_loss[:, past] = measured.loss.numpy()[fresh].T
        self.update[:, past] = measured.update.numpy()[fresh].T
        self.gradient[:, past] = measured.gradient.numpy()[fresh].T
        self._correct += measured.correct.numpy()
        self.diverged_at = self.state.diverged_at.numpy()
        self._scores = (measured.val_loss.numpy(), measured.val_accuracy.numpy())
        self._at += steps
        self.step += steps

    def compile(self) -> None:
        """Compiles if that was not done for any group of this shape, so that measured times are those of training."""
        with self.population.compiling:
            if self.cold:
                self._train(self._at, self._at)
                self.population.pace[self._shape] = 0.0

    def _train(self, start: int, stop: int) -> Any:
        inputs = (self.state, self._data, self._order, self._rates, self._knobs, tf.constant([start, stop]))
        if self._compiled is None:
            # Calling `train` itself with five new shapes makes TensorFlow warn, on stderr, of tracing too often.
            self._compiled = self.population.train.get_concrete_function(*inputs[:2], *self._any_batches(), *inputs[4:])
        self.state, measured = self._compiled(*inputs)
        return measured

    def _any_batches(self) -> tuple[tf.TensorSpec, tf.TensorSpec]:
        """Describes `order` and `rates` of any batch size, so that one trace serves all; XLA compiles for each."""
        members = len(self._members)
        return tf.TensorSpec((members, None, None), tf.int32), tf.TensorSpec((members, None), tf.float32)

    def finish(self, epoch: int, history: Mapping[str, np.ndarray]) -> None:
        """Writes the curves of an epoch."""
        here = len(self.rows)
        losses = self.batch_loss[:here, self.step - self.steps : self.step]
        curves = (losses.mean(axis=1, dtype="float64"), self._correct / (self.steps * self._batch_size), *self._scores)
        for name, curve in zip(CURVES, curves):
            if name in history:
                history[name][self.rows, epoch] = curve[:here]
