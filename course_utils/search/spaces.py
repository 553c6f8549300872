"""Search spaces: which values each hyperparameter may take, and how they lie between 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

_EXAMPLE = "{'learning_rate': (1e-4, 1.0, 'log'), 'width': [16, 64]}"
_FORMS = "(low, high), (low, high, 'log'), a list of values, or an Optuna distribution"
_STORABLE = (str, int, float, bool, type(None))


def distributions(space: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    """Reads a search space.

    Args:
        space: For each knob a tuple (low, high), evenly spread, of whole numbers if both ends are; (low, high, "log"),
            evenly spread over orders of magnitude; a list of values; or an Optuna distribution.

    Returns:
        An Optuna distribution for each knob.

    Raises:
        ValueError: If the space is empty or no mapping, or the values of a knob cannot be read.

    Example:
        >>> distributions({"learning_rate": (1e-4, 1.0, "log"), "width": (16, 128), "optimizer": ["sgd", "adam"]})
    """
    if not isinstance(space, Mapping) or not space:
        raise ValueError(f"space={space!r} holds no knob: give a dictionary, such as {_EXAMPLE}.")
    return {name: _distribution(name, values) for name, values in space.items()}


def _distribution(name: str, values: Any) -> BaseDistribution:
    if isinstance(values, BaseDistribution):
        return values
    if isinstance(values, list) and values:
        if odd := [value for value in values if not isinstance(value, _STORABLE)]:
            raise ValueError(f"space[{name!r}] holds {odd[0]!r}, which no storage can keep: list words and numbers.")
        return CategoricalDistribution(values)
    if not isinstance(values, tuple) or len(values) not in (2, 3) or values[2:] not in ((), ("log",)):
        raise ValueError(f"space[{name!r}]={values!r} cannot be read: give {_FORMS}.")
    low, high = values[:2]
    log = len(values) == 3
    numbers = all(isinstance(end, Real) and not isinstance(end, bool) and np.isfinite(end) for end in (low, high))
    if not numbers or not low < high:
        raise ValueError(f"space[{name!r}]={values!r} is no range: give two finite numbers, the lower one first.")
    if log and low <= 0:
        raise ValueError(f"space[{name!r}]={values!r} has no logarithm at its lower end: begin above 0.")
    if isinstance(low, Integral) and isinstance(high, Integral):
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


class UnitCube:
    """Maps settings to points between 0 and 1 and back, for methods that need distances.

    Numbers keep their order, on a log scale where their distribution has one. Of a list of k values, each gets a k-th
    of the way.

    Args:
        space: An Optuna distribution for each knob.
    """

    def __init__(self, space: Mapping[str, BaseDistribution]) -> None:
        self.space = dict(space)

    def point(self, setting: Mapping[str, Any]) -> np.ndarray:
        """Maps a setting to a point.

        Args:
            setting: A value for each knob of the space.

        Returns:
            The point, shape (knobs,), each coordinate from 0 to 1 for values within the space.

        Raises:
            KeyError: If a knob has no value.
            ValueError: If a value is not in the list of its knob.
        """
        return np.array([_fraction(kind, setting[name]) for name, kind in self.space.items()])

    def setting(self, point: np.ndarray) -> dict[str, Any]:
        """Maps a point to the setting nearest to it.

        Args:
            point: Shape (knobs,); coordinates below 0 count as 0, those above 1 as 1.

        Returns:
            A value for each knob of the space.
        """
        return {name: _value(kind, fraction) for (name, kind), fraction in zip(self.space.items(), point)}


def _ends(kind: FloatDistribution | IntDistribution) -> tuple[float, float]:
    # Steps get half of one at both ends, so that the first and the last are as likely as the others.
    margin = (kind.step or 0.0) / 2
    ends = kind.low - margin, kind.high + margin
    return tuple(np.log(ends)) if kind.log else ends


def _fraction(kind: BaseDistribution, value: Any) -> float:
    if isinstance(kind, CategoricalDistribution):
        return (kind.choices.index(value) + 0.5) / len(kind.choices)
    low, high = _ends(kind)
    if low == high:
        return 0.5
    return ((np.log(value) if kind.log else value) - low) / (high - low)


def _value(kind: BaseDistribution, fraction: float) -> Any:
    fraction = min(max(float(fraction), 0.0), 1.0)
    if isinstance(kind, CategoricalDistribution):
        return kind.choices[min(int(fraction * len(kind.choices)), len(kind.choices) - 1)]
    low, high = _ends(kind)
    number = low + fraction * (high - low)
    number = float(np.exp(number)) if kind.log else number
    if kind.step is not None:
        number = kind.low + round((number - kind.low) / kind.step) * kind.step
    number = min(max(number, kind.low), kind.high)
    return int(number) if isinstance(kind, IntDistribution) else float(number)
