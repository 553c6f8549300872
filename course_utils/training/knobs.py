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
class Rule:
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
        """Refuses a value that cannot be used.

        Args:
            name: What the argument is called.
            value: What was given for it.

        Raises:
            ValueError: If it cannot be used; the message has name, value and cure.
        """
        if not self.accepts(value):
            raise ValueError(f"{name}={value!r} cannot be used: {self.cure}.")


_INFINITY = float("inf")


def _number(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Real) and not isinstance(value, bool) and accepts(value)


def _whole(least: int, most: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Integral) and not isinstance(value, bool) and least <= value <= most


def integer(least: int, most: float = _INFINITY) -> Rule:
    """A rule for whole numbers.

    Args:
        least: The smallest that can be used.
        most: The largest that can be used; without it there is no upper limit.

    Returns:
        The rule, without a default.
    """
    return Rule(
        _whole(least, most), f"choose a whole number from {least} {'up' if most == _INFINITY else f'to {most}'}"
    )


def one_of(*choices: Any) -> Rule:
    """A rule for a choice among a few values.

    Args:
        *choices: The values that can be used.

    Returns:
        The rule, without a default.
    """
    return Rule(lambda value: value in choices, f"choose {' or '.join(map(str, choices))}")


POSITIVE = Rule(_number(lambda v: 0 < v < _INFINITY), "choose a finite number above 0")
UNIT_INTERVAL = Rule(_number(lambda v: 0 <= v < 1), "choose a number from 0 to just below 1")


def strength(default: float = 0.0) -> Rule:
    """A rule for 0 and every finite number above.

    Args:
        default: Value when none is given.

    Returns:
        The rule.
    """
    return Rule(_number(lambda v: 0 <= v < _INFINITY), "choose 0 or a finite number above", default)


#: Knobs that are inputs of the compiled training, whatever the optimizer.
RUNTIME: dict[str, Rule] = {
    "learning_rate": POSITIVE,
    "schedule": Rule(callable, "choose one of course_utils.schedules, such as schedules.Cosine()", Constant()),
    "weight_decay": strength(),
    "l1": strength(),
    "l2": strength(),
    "dropout": Rule(lambda v: v is None or UNIT_INTERVAL.accepts(v), UNIT_INTERVAL.cure),
    "init_scale": strength(1.0),
}

#: Those that act before the steps, on the weights or the rates; all others are inputs of every step, as numbers.
BEFORE_STEPS = {"learning_rate", "schedule", "dropout", "init_scale"}

#: Knobs of particular optimizers.
OPTIMIZER: dict[str, Rule] = {
    "momentum": UNIT_INTERVAL,
    "beta_1": UNIT_INTERVAL,
    "beta_2": UNIT_INTERVAL,
    "rho": UNIT_INTERVAL,
    "epsilon": POSITIVE,
}

#: The other arguments of `Trainer.run`, and the name under which runs keep a seed.
_OF_TRAINING = ("batch_size", "optimizer", "seed", "seeds", "epochs", "settings", "progress")

COUNT = integer(1)
_SEED = Rule(_whole(0, _INFINITY), "choose whole numbers from 0 up")
_SEEDS = Rule(_whole(1, _INFINITY), "choose how many seeds (a whole number from 1 up), or list them")


def batch_size(rows: int) -> Rule:
    """The rule for the batch size, which is a number of rows.

    Args:
        rows: Number of training rows, and thus the largest batch.

    Returns:
        The rule, without a default.
    """
    return Rule(_whole(1, rows), f"choose a whole number from 1 to {rows}, the number of training rows")


def model_knobs(model: Callable) -> dict[str, Any]:
    """Lists the keywords of a function that builds models, with their defaults.

    Args:
        model: A function such as `models.mlp`; its arguments without a default are not listed.

    Returns:
        The default of each keyword, by the keyword's name.

    Raises:
        ValueError: If a keyword has a name that training already uses.
    """
    parameters = inspect.signature(model).parameters.values()
    knobs = {p.name: p.default for p in parameters if p.default is not p.empty}
    clash = sorted(knobs.keys() & {*RUNTIME, *OPTIMIZER, *_OF_TRAINING})
    if clash:
        raise ValueError(f"model takes a keyword {clash[0]!r}, which training uses itself: give it another name.")
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
    """Turns a number of seeds, or a list of them, into a list.

    Args:
        seeds: How many (seeds 0, 1, …), or a list of seeds.

    Returns:
        The seeds, in the order given.

    Raises:
        ValueError: If there would be no seed, or one of them is not a whole number from 0 up.
    """
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
