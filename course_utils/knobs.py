"""Knobs of a training run: which there are, which values they take, and how lists of values unfold."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from numbers import Integral, Real
from typing import Any

from course_utils.schedules import Constant


@dataclass(frozen=True)
class Knob:
    """What a knob accepts.

    Args:
        accepts: Tells whether a value can be used.
        cure: The words that end an error message: "choose …".
        default: Value when none is given.
    """

    accepts: Callable[[Any], bool]
    cure: str
    default: Any = None

    def check(self, name: str, value: Any) -> None:
        """Raises a ValueError that names knob, value and cure if the value cannot be used."""
        if not self.accepts(value):
            raise ValueError(f"{name}={value!r} cannot be used: {self.cure}.")


def _number(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Real) and not isinstance(value, bool) and accepts(value)


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Integral) and not isinstance(value, bool) and value >= least


_FINITE = float("inf")
POSITIVE = Knob(_number(lambda v: 0 < v < _FINITE), "choose a finite number above 0")
SHARE = Knob(_number(lambda v: 0 <= v < 1), "choose a number from 0 to just below 1")


def strength(default: float = 0.0) -> Knob:
    """A knob that takes 0 and every finite number above."""
    return Knob(_number(lambda v: 0 <= v < _FINITE), "choose 0 or a finite number above", default)


#: Knobs that are inputs of the compiled training, whatever the optimizer.
RUNTIME: dict[str, Knob] = {
    "learning_rate": POSITIVE,
    "schedule": Knob(callable, "choose one of course_utils.schedules, such as schedules.Cosine()", Constant()),
    "weight_decay": strength(),
    "l1": strength(),
    "l2": strength(),
    "dropout": Knob(lambda v: v is None or SHARE.accepts(v), SHARE.cure),
    "init_scale": strength(1.0),
}

#: Knobs of particular optimizers.
OPTIMIZER: dict[str, Knob] = {
    "momentum": SHARE,
    "beta_1": SHARE,
    "beta_2": SHARE,
    "rho": SHARE,
    "epsilon": POSITIVE,
}

EPOCHS = Knob(_whole(1), "choose a whole number from 1 up")
_SEED = Knob(_whole(0), "choose whole numbers from 0 up")
_SEEDS = Knob(_whole(1), "choose how many seeds (a whole number from 1 up), or list them")


def batch_size(rows: int) -> Knob:
    """The batch-size knob of a data set with that many training rows."""
    return Knob(
        lambda value: _whole(1)(value) and value <= rows,
        f"choose a whole number from 1 to {rows}, the number of training rows",
    )


def model_knobs(model: Callable) -> dict[str, Any]:
    """Lists the keywords of a function that builds models, with their defaults."""
    parameters = inspect.signature(model).parameters.values()
    knobs = {p.name: p.default for p in parameters if p.default is not p.empty}
    clash = sorted(set(knobs) & {*RUNTIME, *OPTIMIZER, "batch_size", "optimizer", "seed"})
    if clash:
        raise ValueError(f"model takes a keyword {clash[0]!r}, which is a knob of training: give it another name.")
    return knobs


def unfold(knobs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Turns knobs of which some hold lists into one setting for each combination.

    Args:
        knobs: Value, or list of values, of each knob.

    Returns:
        The settings; the last knob changes fastest.

    Raises:
        ValueError: If a list is empty.
    """
    values = {name: _as_list(value) for name, value in knobs.items()}
    for name, options in values.items():
        if not options:
            raise ValueError(f"{name}=[] names no value: give at least one.")
    return [dict(zip(values, choice)) for choice in product(*values.values())]


def seed_list(seeds: int | Iterable[int]) -> list[int]:
    """Turns a number of seeds, or a list of them, into the list."""
    if isinstance(seeds, Iterable) and not isinstance(seeds, str):
        chosen = list(seeds)
        for seed in chosen:
            _SEED.check("seeds", seed)
        if not chosen:
            raise ValueError("seeds=[] trains nothing: give at least one seed.")
        return [int(seed) for seed in chosen]
    _SEEDS.check("seeds", seeds)
    return list(range(seeds))


def _as_list(value: Any) -> Sequence[Any]:
    if hasattr(value, "tolist"):  # NumPy arrays and numbers become Python's
        value = value.tolist()
    return value if isinstance(value, list | tuple | range) else [value]
