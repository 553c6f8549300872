"""The training loop: shards of networks are taken through their epochs, several cores at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from course_utils.training.cores import cores, side_by_side
from course_utils.training.epoch import CURVES
from course_utils.training.initialization import Weights
from course_utils.training.kernel_shard import KernelShard
from course_utils.training.runs import Runs
from course_utils.training.xla.shard import XLAShard

#: Seconds of training after which runs are yielded and training can be stopped.
_SLICE = 0.02


class TrainingLoop:
    """Members on their way through training.

    Args:
        members: Complete setting of each network.
        shards: What trains them, all of them once.
        epochs: Passes over the training rows.
        engine: Words for which engine trains, and why.
        track_norms: Whether the lengths of gradients and updates are measured.
    """

    def __init__(
        self,
        members: list[dict[str, Any]],
        shards: list[KernelShard | XLAShard],
        epochs: int,
        *,
        engine: str,
        track_norms: bool,
    ) -> None:
        self._members = members
        self._shards = shards
        self._epochs = epochs
        self._engine, self._track_norms = engine, track_norms
        classify = shards[0].population.classify
        names = [name for name in CURVES if classify or not name.endswith("accuracy")]
        self._history = {name: np.full((len(members), epochs), np.nan) for name in names}
        seats = {place: (shard, seat) for shard in self._shards for seat, place in enumerate(shard.places)}
        self._seats = [seats[place] for place in range(len(members))]

    def train(self) -> Iterator[int]:
        """Trains; yields how many epochs are done before compiling, after every epoch, and now and then within one."""
        if any(shard.needs_compiling for shard in self._shards):
            yield 0
        slice_ = _SLICE * min(1, cores() / len(self._shards))
        for epoch in range(self._epochs):
            side_by_side(lambda shard, at=epoch: shard.begin(at, self._history["val_loss"]), self._shards)
            while True:
                side_by_side(lambda shard: shard.advance(slice_), [s for s in self._shards if not s.epoch_done])
                if all(shard.epoch_done for shard in self._shards):
                    break
                yield epoch
            side_by_side(lambda shard, at=epoch: shard.finish(at, self._history), self._shards)
            yield epoch + 1

    def runs(self, epochs_done: int) -> Runs:
        """Makes the runs so far, with copies of all weights.

        Args:
            epochs_done: The newest that `train` has yielded.

        Returns:
            The runs.
        """
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
            engine=self._engine,
            update_norm=[s.update_norm[seat, : s.step] for s, seat in self._seats] if self._track_norms else None,
            gradient_norm=[s.gradient_norm[seat, : s.step] for s, seat in self._seats] if self._track_norms else None,
            _model=model,
        )


def _fill(model: keras.Model, weights: tuple[Weights, Weights]) -> None:
    trainable, rest = weights
    for variable, value in zip(model.trainable_variables, trainable, strict=True):
        variable.assign(value)
    kept = [v for v in model.non_trainable_variables if "seed_generator" not in v.path]
    for variable, value in zip(kept, rest, strict=True):
        variable.assign(value)
