"""One training session: groups of networks taken through their epochs, several cores at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from course_utils.population import Population
from course_utils.runs import Runs
from course_utils.schedules import Position

#: Most networks that one compiled call trains: more are no faster.
_GROUP = 32

#: Seconds of training between two looks at whether somebody wants it to stop.
_SLICE = 0.05

#: Names of the curves, as Keras has them.
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")

#: Steps after which the time of a step is first known.
_TRIAL = 32

_KNOBS = ("weight_decay", "l1", "l2")


def cores() -> int:
    """Counts the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def batch_order(rows: int, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Shuffles the training rows for one epoch and cuts them into batches, shape (steps, batch_size)."""
    steps = rows // batch_size
    order = np.random.default_rng([seed, epoch]).permutation(rows)[: steps * batch_size]
    return order.reshape(steps, batch_size).astype("int32")


class Session:
    """Members on their way through training.

    Args:
        members: Complete setting of each network.
        parts: Which population trains which members.
        data: Training inputs and targets, validation inputs and targets, as tensors.
        epochs: Passes over the training rows.
        track_updates: Whether the populations measure the lengths of gradients and updates.
    """

    def __init__(
        self,
        members: list[dict[str, Any]],
        parts: list[tuple[Population, list[int]]],
        data: tuple,
        epochs: int,
        *,
        track_updates: bool,
    ) -> None:
        self._members = members
        self._data = data
        self._epochs = epochs
        self._track_updates = track_updates
        classify = parts[0][0].classify
        names = [name for name in CURVES if classify or not name.endswith("accuracy")]
        self._history = {name: np.full((len(members), epochs), np.nan) for name in names}
        self._groups = [
            _Group(population, [members[row] for row in rows], rows, data, epochs)
            for population, all_rows in parts
            for rows in _split(all_rows)
        ]
        self._seat = {row: (group, i) for group in self._groups for i, row in enumerate(group.rows)}

    def stream(self) -> Iterator[Runs]:
        """Trains; yields the runs so far before compiling, after every epoch, and now and then within long ones."""
        if any(group.cold for group in self._groups):
            yield self._runs(0)
        slice_ = _SLICE * min(1, cores() / len(self._groups))
        for epoch in range(self._epochs):
            _side_by_side(lambda group, at=epoch: group.begin(at, self._history["val_loss"]), self._groups)
            while True:
                _side_by_side(lambda group: group.advance(slice_), [g for g in self._groups if not g.epoch_done])
                if all(group.epoch_done for group in self._groups):
                    break
                yield self._runs(epoch)
            _side_by_side(lambda group, at=epoch: group.finish(at, self._history), self._groups)
            yield self._runs(epoch + 1)

    def _runs(self, epochs_done: int) -> Runs:
        seats = [self._seat[row] for row in range(len(self._members))]
        states = {id(group): group.state for group in self._groups}

        def model(member: int) -> Any:
            group, seat = seats[member]
            return _keras_model(group.population, states[id(group)], seat)

        return Runs(
            settings=self._members,
            history={name: curve[:, :epochs_done].copy() for name, curve in self._history.items()},
            epochs=self._epochs,
            diverged_at=np.array([group.diverged_at[seat] for group, seat in seats]),
            batch_loss=[group.batch_loss[seat, : group.step] for group, seat in seats],
            learning_rates=[group.learning_rates[seat, : group.step] for group, seat in seats],
            steps_per_epoch=[group.steps for group, _ in seats],
            update_length=[g.update[seat, : g.step] for g, seat in seats] if self._track_updates else None,
            gradient_length=[g.gradient[seat, : g.step] for g, seat in seats] if self._track_updates else None,
            _model=model,
        )


class _Group:
    """A few members of one population, trained by one compiled call at a time."""

    def __init__(
        self, population: Population, members: list[dict[str, Any]], rows: list[int], data: tuple, epochs: int
    ) -> None:
        self.population = population
        self.rows = rows
        self.step = 0
        # Sizes are powers of two, so that few are ever compiled; the last member fills the empty seats.
        self._members = members + members[-1:] * (_power_of_two(len(members)) - len(members))
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
        if self.cold:
            self._train(self._at, self._at)  # compiles, so that the first measured time is one of training
        pace = self.population.pace.get(self._shape)
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

    def _train(self, start: int, stop: int) -> Any:
        inputs = (self.state, self._data, self._order, self._rates, self._knobs, tf.constant([start, stop]))
        if self._compiled is None:
            # Calling `train` itself with five new shapes makes TensorFlow warn, on stderr, of tracing too often.
            self._compiled = self.population.train.get_concrete_function(*inputs)
        self.state, measured = self._compiled(*inputs)
        return measured

    def finish(self, epoch: int, history: Mapping[str, np.ndarray]) -> None:
        """Writes the curves of an epoch."""
        here = len(self.rows)
        losses = self.batch_loss[:here, self.step - self.steps : self.step]
        curves = (losses.mean(axis=1, dtype="float64"), self._correct / (self.steps * self._batch_size), *self._scores)
        for name, curve in zip(CURVES, curves):
            if name in history:
                history[name][self.rows, epoch] = curve[:here]


def _split(rows: list[int]) -> list[list[int]]:
    """Cuts members into groups of a size that keeps all cores busy for the shortest time."""

    def seats(size: int) -> int:
        rounds = -(-len(rows) // (size * cores()))
        return rounds * size

    sizes = [2**power for power in range(_GROUP.bit_length())]
    size = min(sizes, key=lambda size: (seats(size), -size))
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()


def _keras_model(population: Population, state: Any, seat: int) -> Any:
    import keras

    model = keras.models.clone_model(population.model)
    trainable, rest = population.weights(state, seat)
    for variable, value in zip(model.trainable_variables, trainable, strict=True):
        variable.assign(value)
    kept = [v for v in model.non_trainable_variables if "seed_generator" not in v.path]
    for variable, value in zip(kept, rest, strict=True):
        variable.assign(value)
    return model


@lru_cache(maxsize=1)
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="course-training")


def _side_by_side(work: Callable, groups: Iterable[_Group]) -> None:
    """Does the same for every group, a core each; compiled training lets other threads run."""
    groups = list(groups)
    if len(groups) == 1 or cores() == 1:
        for group in groups:
            work(group)
    else:
        list(_executor().map(work, groups))
