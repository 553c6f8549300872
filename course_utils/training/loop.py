"""One training session: groups of networks taken through their epochs, several cores at a time."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import keras
import numpy as np

from course_utils.training.initialization import Weights
from course_utils.training.population import Population
from course_utils.training.runs import Runs
from course_utils.training.shard import CURVES, Group

#: How many networks one compiled call may train. Few sizes, because each is compiled anew; more than 32 are no faster.
_SEATS = (1, 4, 32)

#: What a call costs besides, in networks: four in one call take twice as long as one.
_CALL = 2

#: Seconds of training between two looks at whether somebody wants it to stop.
_SLICE = 0.05


def cores() -> int:
    """Counts the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Session:
    """Members on their way through training.

    Args:
        members: Complete setting of each network.
        parts: Which population trains which members.
        data: Training inputs and targets, validation inputs and targets, as tensors.
        epochs: Passes over the training rows.
        track_norms: Whether the populations measure the lengths of gradients and updates.
    """

    def __init__(
        self,
        members: list[dict[str, Any]],
        parts: list[tuple[Population, list[int]]],
        data: tuple,
        epochs: int,
        *,
        track_norms: bool,
    ) -> None:
        self._members = members
        self._data = data
        self._epochs = epochs
        self._track_norms = track_norms
        classify = parts[0][0].classify
        names = [name for name in CURVES if classify or not name.endswith("accuracy")]
        self._history = {name: np.full((len(members), epochs), np.nan) for name in names}
        self._groups = [
            Group(population, [members[row] for row in rows], rows, data, epochs, seats)
            for population, all_rows in parts
            for seats, rows in _split(all_rows)
        ]
        self._seat = {row: (group, i) for group in self._groups for i, row in enumerate(group.rows)}

    def stream(self) -> Iterator[Runs]:
        """Trains; yields the runs so far before compiling, after every epoch, and now and then within long ones."""
        if self.cold:
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

    @property
    def cold(self) -> bool:
        """Whether something has to be compiled before training can start."""
        return any(group.cold for group in self._groups)

    def compile(self) -> None:
        """Compiles what is cold, and trains nothing."""
        for group in self._groups:
            group.begin(0, self._history["loss"])
            group.compile()

    def _runs(self, epochs_done: int) -> Runs:
        seats = [self._seat[row] for row in range(len(self._members))]
        states = {id(group): group.state for group in self._groups}

        def model(member: int, ready: dict) -> Any:
            group, seat = seats[member]
            if group.population not in ready:
                ready[group.population] = keras.models.clone_model(group.population.model)
            _fill(ready[group.population], group.population.weights(states[id(group)], seat))
            return ready[group.population]

        return Runs(
            settings=self._members,
            history={name: curve[:, :epochs_done].copy() for name, curve in self._history.items()},
            epochs=self._epochs,
            diverged_at=np.array([group.diverged_at[seat] for group, seat in seats]),
            batch_loss=[group.batch_loss[seat, : group.step] for group, seat in seats],
            learning_rates=[group.learning_rates[seat, : group.step] for group, seat in seats],
            steps_per_epoch=[group.steps for group, _ in seats],
            update_norm=[g.update[seat, : g.step] for g, seat in seats] if self._track_norms else None,
            gradient_norm=[g.gradient[seat, : g.step] for g, seat in seats] if self._track_norms else None,
            _model=model,
        )


def _split(rows: list[int]) -> list[tuple[int, list[int]]]:
    """Cuts members into groups, each with the number of its seats."""
    seats = _seats(len(rows))
    return [(seats, rows[at : at + seats]) for at in range(0, len(rows), seats)]


def _seats(members: int) -> int:
    """Picks the number of members of a call that keeps all cores busy for the shortest time."""

    def duration(seats: int) -> float:
        rounds = math.ceil(members / (seats * cores()))
        return rounds * (seats + _CALL)

    return min(_SEATS, key=duration)


def _fill(model: keras.Model, weights: tuple[Weights, Weights]) -> None:
    trainable, rest = weights
    for variable, value in zip(model.trainable_variables, trainable, strict=True):
        variable.assign(value)
    kept = [v for v in model.non_trainable_variables if "seed_generator" not in v.path]
    for variable, value in zip(kept, rest, strict=True):
        variable.assign(value)


@lru_cache(maxsize=1)
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="course-training")


def _side_by_side(work: Callable, groups: Iterable[Group]) -> None:
    """Does the same for every group, a core each; compiled training lets other threads run."""
    groups = list(groups)
    if len(groups) == 1 or cores() == 1:
        for group in groups:
            work(group)
    else:
        list(_executor().map(work, groups))
