"""The training loop: shards of networks are taken through their epochs, several cores at a time."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import keras
import numpy as np

from course_utils.training.epoch import CURVES
from course_utils.training.initialization import Weights
from course_utils.training.kernel_shard import KernelShard
from course_utils.training.population import Population
from course_utils.training.runs import Runs
from course_utils.training.shard import Shard

#: How many networks one compiled call may train. Few sizes, because each is compiled anew; more than 32 are no faster.
_SEATS = (1, 4, 32)

#: What a call costs besides, in networks: four in one call take twice as long as one.
_CALL = 2

#: Seconds of training after which runs are yielded and training can be stopped.
_SLICE = 0.05


def cores() -> int:
    """Counts the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class TrainingLoop:
    """Members on their way through training.

    Args:
        members: Complete setting of each network.
        shards: What trains them, all of them once.
        epochs: Passes over the training rows.
        track_norms: Whether the lengths of gradients and updates are measured.
    """

    def __init__(
        self, members: list[dict[str, Any]], shards: list[Shard | KernelShard], epochs: int, *, track_norms: bool
    ) -> None:
        self._members = members
        self._shards = shards
        self._epochs = epochs
        self._track_norms = track_norms
        classify = shards[0].population.classify
        names = [name for name in CURVES if classify or not name.endswith("accuracy")]
        self._history = {name: np.full((len(members), epochs), np.nan) for name in names}
        seats = {place: (shard, seat) for shard in self._shards for seat, place in enumerate(shard.places)}
        self._seats = [seats[place] for place in range(len(members))]

    def stream(self) -> Iterator[Runs]:
        """Trains; yields the runs so far before compiling, after every epoch, and now and then within long ones."""
        if any(shard.needs_compiling for shard in self._shards):
            yield self._runs(0)
        slice_ = _SLICE * min(1, cores() / len(self._shards))
        for epoch in range(self._epochs):
            _side_by_side(lambda shard, at=epoch: shard.begin(at, self._history["val_loss"]), self._shards)
            while True:
                _side_by_side(lambda shard: shard.advance(slice_), [s for s in self._shards if not s.epoch_done])
                if all(shard.epoch_done for shard in self._shards):
                    break
                yield self._runs(epoch)
            _side_by_side(lambda shard, at=epoch: shard.finish(at, self._history), self._shards)
            yield self._runs(epoch + 1)

    def compile(self) -> None:
        """Compiles what needs it, and trains nothing."""
        for shard in self._shards:
            shard.compile()

    def _runs(self, epochs_done: int) -> Runs:
        # Runs outlive their training by a whole notebook: they keep the weights, and nothing of what trained them.
        readers = {id(shard): shard.reader() for shard in self._shards}
        trained = [(shard.population, readers[id(shard)], seat) for shard, seat in self._seats]

        def model(member: int, ready: dict) -> Any:
            population, weights, seat = trained[member]
            if population not in ready:
                ready[population] = keras.models.clone_model(population.model)
            _fill(ready[population], weights(seat))
            return ready[population]

        return Runs(
            settings=self._members,
            history={name: curve[:, :epochs_done].copy() for name, curve in self._history.items()},
            epochs=self._epochs,
            diverged_at=np.array([shard.diverged_at[seat] for shard, seat in self._seats]),
            batch_loss=[shard.batch_loss[seat, : shard.step] for shard, seat in self._seats],
            learning_rates=[shard.learning_rates[seat, : shard.step] for shard, seat in self._seats],
            steps_per_epoch=[shard.steps_per_epoch for shard, _ in self._seats],
            update_norm=[s.update_norm[seat, : s.step] for s, seat in self._seats] if self._track_norms else None,
            gradient_norm=[s.gradient_norm[seat, : s.step] for s, seat in self._seats] if self._track_norms else None,
            _model=model,
        )


def seats_for(members: int) -> int:
    """Picks how many members to train in one compiled call, so that all cores are busy for the shortest time.

    Args:
        members: How many can be trained together.

    Returns:
        One of the few numbers of seats that are ever compiled.
    """

    def duration(seats: int) -> float:
        rounds = math.ceil(members / (seats * cores()))
        return rounds * (seats + _CALL)

    return min(_SEATS, key=duration)


def compiled_shards(
    population: Population, members: list[dict[str, Any]], places: list[int], data: tuple, epochs: int
) -> list[Shard]:
    """Divides members of one population among shards, so that all cores are busy.

    Args:
        population: What trains them.
        members: Complete setting of each network of the training.
        places: Which of them are of this population.
        data: Training inputs, targets with the rows' weights, validation inputs and targets, as tensors.
        epochs: Passes over the training rows.

    Returns:
        The shards.
    """
    seats = seats_for(len(places))
    divided = [places[at : at + seats] for at in range(0, len(places), seats)]
    return [Shard(population, [members[at] for at in part], part, data, epochs, seats) for part in divided]


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


def _side_by_side(work: Callable, shards: Iterable[Shard]) -> None:
    """Does the same for every shard, a core each; compiled training lets other threads run."""
    shards = list(shards)
    if len(shards) == 1 or cores() == 1:
        for shard in shards:
            work(shard)
    else:
        list(_executor().map(work, shards))
