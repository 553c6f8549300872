"""A shard that XLA trains: a few networks, taken through their epochs by one compiled call at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from course_utils.portable import mean
from course_utils.training import knobs
from course_utils.training.epoch import CURVES, batch_order, rates_of
from course_utils.training.initialization import Weights
from course_utils.training.population import Population
from course_utils.training.xla.program import Program, Steps

#: How many steps to take while it is not known how long one takes.
_FIRST_STEPS = 32


@dataclass
class _Epoch:
    """An epoch on its way.

    Args:
        order: Training rows of every batch of each member, shape (members, steps, batch_size).
        rates: Learning rate of every step of each member, shape (members, steps).
        correct: Right answers of each member so far.
        steps_done: Steps taken.
        scores: Validation loss and validation accuracy of each member, once all steps are taken.
    """

    order: tf.Tensor
    rates: tf.Tensor
    correct: np.ndarray
    steps_done: int = 0
    scores: tuple[np.ndarray, ...] = ()


class XLAShard:
    """Members trained by one compiled call at a time.

    Args:
        population: Where their first weights and their model come from.
        program: What trains them.
        members: Complete setting of each; all have the same optimizer and batch size.
        places: The place of each among all members of the training.
        data: Training inputs and targets, validation inputs and targets, as tensors.
        epochs: Passes over the training rows.
    """

    def __init__(
        self,
        population: Population,
        program: Program,
        members: list[dict[str, Any]],
        places: list[int],
        data: tuple,
        epochs: int,
    ) -> None:
        self.population, self.places, self.step = population, places, 0
        self._program, self._members, self._data, self._epochs = program, members, data, epochs
        self._batch_size = members[0]["batch_size"]
        self.steps_per_epoch = len(data[0]) // self._batch_size
        self._compiled_for = (len(members), self._batch_size, len(data[0]), len(data[2]))
        self.state = self._program.begin(
            [population.initial_weights(m["seed"], m["init_scale"]) for m in members],
            [m["seed"] for m in members],
            [m["dropout"] for m in members],
        )
        names = {*knobs.RUNTIME, *self._program.optimizer.defaults} - knobs.BEFORE_STEPS
        self._knobs = {n: tf.constant([m[n] for m in members], tf.float32) for n in sorted(names)}
        shape = (len(members), epochs * self.steps_per_epoch)
        self.batch_loss, self.learning_rates, self.update_norm, self.gradient_norm = (
            np.full(shape, np.nan, "float32") for _ in range(4)
        )
        self.diverged_at = np.zeros(len(members), int)
        self._call, self._pace = None, 0.0
        # To compile for; the first epoch to train is made by `begin`.
        order = tf.zeros((len(members), self.steps_per_epoch, self._batch_size), tf.int32)
        self._epoch = _Epoch(order, tf.zeros(order.shape[:2]), np.zeros(len(members)))

    @property
    def epoch_done(self) -> bool:
        """Whether all steps of the epoch have been taken."""
        return self._epoch.steps_done == self.steps_per_epoch

    @property
    def needs_compiling(self) -> bool:
        """Whether the first step will have to wait for the compiler."""
        return self._compiled_for not in self._program.compiled

    def begin(self, epoch: int, val_loss: np.ndarray) -> None:
        """Shuffles the data and sets the learning rates of an epoch.

        Args:
            epoch: Number of the epoch, counted from 0.
            val_loss: Validation loss of all members of the training after each epoch, shape (members, epochs).
        """
        orders = {
            seed: batch_order(len(self._data[0]), self._batch_size, seed, epoch)
            for seed in {m["seed"] for m in self._members}
        }
        steps = epoch * self.steps_per_epoch + np.arange(self.steps_per_epoch)
        rates = rates_of(self._members, self.places, epoch, self.steps_per_epoch, self._epochs, val_loss)
        self._epoch = _Epoch(
            tf.constant(np.stack([orders[m["seed"]] for m in self._members])),
            tf.constant(rates),
            np.zeros(len(self._members)),
        )
        self.learning_rates[:, steps] = self._epoch.rates.numpy()

    def advance(self, seconds: float) -> None:
        """Takes as many steps of the epoch as fit into a time.

        Args:
            seconds: About how long to train.
        """
        self._compile()
        epoch = self._epoch
        steps = max(1, int(seconds / self._pace)) if self._pace else _FIRST_STEPS
        steps = min(self.steps_per_epoch - epoch.steps_done, steps)
        start = time.perf_counter()
        measured = self._train(epoch.steps_done, epoch.steps_done + steps)
        self._pace = (time.perf_counter() - start) / steps
        fresh, past = slice(epoch.steps_done, epoch.steps_done + steps), slice(self.step, self.step + steps)
        self.batch_loss[:, past] = measured.loss.numpy()[fresh].T
        self.update_norm[:, past] = measured.update_norm.numpy()[fresh].T
        self.gradient_norm[:, past] = measured.gradient_norm.numpy()[fresh].T
        self.diverged_at = self.state.diverged_at.numpy()
        epoch.correct += measured.correct.numpy()
        epoch.scores = (measured.val_loss.numpy(), measured.val_accuracy.numpy())
        epoch.steps_done += steps
        self.step += steps

    def reader(self) -> Callable[[int], tuple[Weights, Weights]]:
        """Gives what reads a member's weights, as they now are, in the order of the Keras model's variables."""
        return partial(self._program.weights, self.state)

    def _compile(self) -> None:
        """Compiles if that was not done for any shard of this shape, so that measured times are those of training."""
        with self._program.compile_lock:
            if self.needs_compiling:
                self._train(0, 0)
                self._program.compiled.add(self._compiled_for)

    def _train(self, start: int, stop: int) -> Steps:
        epoch = self._epoch
        inputs = (self.state, self._data, epoch.order, epoch.rates, self._knobs, tf.constant([start, stop]))
        if self._call is None:
            # Calling `train` itself with five new shapes makes TensorFlow warn, on stderr, of tracing too often.
            self._call = self._program.train.get_concrete_function(*inputs[:2], *self._any_batches(), *inputs[4:])
        self.state, measured = self._call(*inputs)
        return measured

    def _any_batches(self) -> tuple[tf.TensorSpec, tf.TensorSpec]:
        """Describes `order` and `rates` of any batch size, so that one trace serves all; XLA compiles for each."""
        members = len(self._members)
        return tf.TensorSpec((members, None, None), tf.int32), tf.TensorSpec((members, None), tf.float32)

    def finish(self, epoch: int, history: Mapping[str, np.ndarray]) -> None:
        """Writes what an epoch has measured.

        Args:
            epoch: Number of the epoch, counted from 0.
            history: Curves of all members of the training, each of shape (members, epochs).
        """
        losses = self.batch_loss[:, self.step - self.steps_per_epoch : self.step]
        accuracy = self._epoch.correct / (self.steps_per_epoch * self._batch_size)
        for name, curve in zip(CURVES, (mean(losses, axis=1), accuracy, *self._epoch.scores)):
            if name in history:
                history[name][self.places, epoch] = curve
