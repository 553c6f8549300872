"""A table of thousands of trained networks, which answers like a trainer, at once, because it only looks up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from course_utils import schedules
from course_utils.datasets import Dataset, digits
from course_utils.tables import data_file
from course_utils.training import Runs
from course_utils.training.knobs import COUNT, seed_list, unfold

FILE = data_file("configurations.npz")

#: What the names of schedules in the table stand for; Optuna stores words, and no functions.
SCHEDULES = {"constant": schedules.Constant(), "cosine": schedules.Cosine()}

#: What a knob is when a setting leaves it out; that of `Trainer` and `models.mlp` where the table has it.
_DEFAULTS = {
    "learning_rate": 0.01,
    "batch_size": 32,
    "width": 64,
    "depth": 1,
    "optimizer": "sgd",
    "l2": 1e-5,
    "init_scale": 1.0,
    "schedule": "constant",
}


class Tabled:
    """Every combination of some values of eight knobs, each trained with several seeds, and kept.

    `search` takes it in place of a trainer. Of a number that it does not hold, it takes the nearest that it does, on a
    log scale; of fewer epochs, the first ones of the longer training, as if it had been stopped there.

    Args:
        file: What `make table` wrote.

    Example:
        >>> table = Tabled()
        >>> search(table, table.space, method="tpe", trials=40).best_value
    """

    optimizer = _DEFAULTS["optimizer"]

    def __init__(self, file: Path = FILE) -> None:
        with np.load(file) as kept:
            #: Values of each knob, in the order of the axes.
            self.choices = {str(knob): kept[str(knob)].tolist() for knob in kept["knobs"]}
            shape = tuple(map(len, self.choices.values()))
            right, diverged_at, tested = kept["right"], kept["diverged_at"], kept["right_on_test"]
            rows, test_rows = (int(number) for number in kept["rows"])
        #: Validation accuracy, shape (values of each knob …, seeds, epochs).
        self.accuracy = (right.reshape(*shape, *right.shape[1:]) / np.float32(rows)).astype("float32")
        #: Accuracy on the test rows after the last epoch, shape (values of each knob …, seeds).
        self.test_accuracy = (tested.reshape(*shape, -1) / np.float32(test_rows)).astype("float32")
        self._diverged_at = diverged_at.reshape(*shape, -1)
        self.seeds, self.epochs = self.accuracy.shape[-2:]

    def __len__(self) -> int:
        return int(np.prod([len(values) for values in self.choices.values()]))

    def __repr__(self) -> str:
        sizes = " × ".join(f"{len(values)} {knob}" for knob, values in self.choices.items())
        return f"Tabled({len(self):,} configurations × {self.seeds} seeds × {self.epochs} epochs: {sizes})"

    @cached_property
    def dataset(self) -> Dataset:
        """What the networks were trained on."""
        return digits()

    @property
    def space(self) -> dict[str, Any]:
        """A space for `search`: ranges in which every value of the table has an equal share, lists of words."""
        return {knob: _range(values) for knob, values in self.choices.items()}

    def nearest(self, setting: Mapping[str, Any]) -> dict[str, Any]:
        """Finds the configuration that answers for a setting.

        Args:
            setting: Knobs; those left out are 0.01 for the learning rate, 32 rows a batch, 64 units in one layer, and
                so on.

        Returns:
            A value of the table for each knob.

        Raises:
            ValueError: If the table has no such knob, or the value is no number, or another word than the table's.
        """
        return {knob: self.choices[knob][i] for knob, i in zip(self.choices, self.place(setting))}

    def place(self, setting: Mapping[str, Any]) -> tuple[int, ...]:
        """Gives the number of each value of `nearest`, an index into `accuracy`."""
        for knob in setting:
            if knob not in self.choices:
                raise ValueError(f"{knob} is no knob of this table: choose among {', '.join(sorted(self.choices))}.")
        chosen = {knob: setting.get(knob, _DEFAULTS[knob]) for knob in self.choices}
        return tuple(_number(knob, chosen[knob], values) for knob, values in self.choices.items())

    def score(self, setting: Mapping[str, Any], seeds: Sequence[int], epochs: int | None = None) -> float:
        """Gives the validation accuracy of a setting after some epochs, or all, mean over some seeds."""
        return float(self.accuracy[self.place(setting)][list(seeds), (epochs or self.epochs) - 1].mean())

    def seeing(self, seed: int) -> Tabled:
        """Gives the same table with a certain seed first, which is the one that a search of one seed sees."""
        other = copy(self)
        other.accuracy = np.roll(self.accuracy, -seed, axis=-2)
        other.test_accuracy = np.roll(self.test_accuracy, -seed, axis=-1)
        other._diverged_at = np.roll(self._diverged_at, -seed, axis=-1)  # noqa: SLF001 - one of its own kind
        return other

    def best_score(self, epochs: int | None = None, **fixed: Any) -> float:
        """Gives the best `score` of any configuration for the seeds after the first, with some knobs at a value."""
        at = self.place(fixed)
        index = tuple(at[axis] if knob in fixed else slice(None) for axis, knob in enumerate(self.choices))
        return float(self.accuracy[..., 1:, (epochs or self.epochs) - 1].mean(axis=-1)[index].max())

    def knobs(self, setting: Mapping[str, Any]) -> dict[str, Any]:
        """Gives the knobs with which a `Trainer` of `models.mlp` trains the configuration of a setting."""
        nearest = self.nearest(setting)
        return nearest | {"schedule": SCHEDULES[nearest["schedule"]]}

    def run(
        self,
        *,
        seeds: int | Iterable[int] = 1,
        epochs: int | None = None,
        settings: Sequence[Mapping[str, Any]] | None = None,
        progress: bool = True,
        **knobs: Any,
    ) -> Runs:
        """Looks up what `Trainer.run` would have given.

        Args:
            seeds: How many of the seeds, or a list of them.
            epochs: How many of the epochs; None takes all.
            settings: Settings to look up, for when not every combination of values is wanted.
            progress: There is none to show.
            **knobs: A value for each knob, or a list of values.

        Returns:
            The runs, with the validation accuracy as their only curve.

        Raises:
            ValueError: If the table has no such knob, value, seed or epoch.
        """
        del progress
        epochs = self.epochs if epochs is None else epochs
        COUNT.check("epochs", epochs)
        chosen = seed_list(seeds)
        if epochs > self.epochs or max(chosen) >= self.seeds:
            raise ValueError(
                f"epochs={epochs}, seeds={seeds} is more than was kept: "
                f"choose up to {self.epochs} epochs and seeds from 0 to {self.seeds - 1}."
            )
        asked = [one for setting in ([{}] if settings is None else settings) for one in unfold({**knobs, **setting})]
        places = [self.place(setting) for setting in asked]
        index = tuple(np.array(places).T)
        steps = [len(self.dataset.x_train) // self.choices["batch_size"][p[self._batch_axis]] for p in places]
        unknown = [np.broadcast_to(np.nan, epochs * n) for n in steps for _ in chosen]
        diverged_at = self._diverged_at[index][:, chosen].astype(int)
        diverged_at[diverged_at > np.array(steps)[:, None] * epochs] = 0
        return Runs(
            settings=[{**self.nearest(setting), "seed": seed} for setting in asked for seed in chosen],
            history={"val_accuracy": self.accuracy[index][:, chosen, :epochs].reshape(-1, epochs).astype(float)},
            epochs=epochs,
            diverged_at=diverged_at.ravel(),
            batch_loss=unknown,
            learning_rates=unknown,
            steps_per_epoch=[n for n in steps for _ in chosen],
        )

    def stream(self, **asked: Any) -> Iterator[Runs]:
        """Looks up what `run` does, and yields it once."""
        runs = self.run(**asked)
        return (one for one in [runs])

    @property
    def _batch_axis(self) -> int:
        return list(self.choices).index("batch_size")


def _range(values: Sequence[Any]) -> Any:
    """Widens a range by half a step at both ends; two values, and words, have no order to keep."""
    if len(values) < 3 or isinstance(values[0], str):
        return list(values)
    low, high = values[0] * np.sqrt(values[0] / values[1]), values[-1] * np.sqrt(values[-1] / values[-2])
    kind = round if isinstance(values[0], int) else float
    return kind(low), kind(high), "log"


def _number(knob: str, value: Any, values: Sequence[Any]) -> int:
    if value in values:
        return values.index(value)
    if isinstance(values[0], str) or isinstance(value, str | bool) or not value > 0:
        raise ValueError(f"{knob}={value!r} is not in the table: choose among {', '.join(map(str, values))}.")
    return int(np.abs(np.log(values) - np.log(value)).argmin())
