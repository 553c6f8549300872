"""Ranges of numbers, linear or logarithmic, and how their numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Axis:
    """A range of numbers, along which distances are measured.

    Args:
        low: The smallest number.
        high: The largest number.
        scale: "linear", or "log", where factors count and not differences.
        name: What the numbers are, for error messages.

    Raises:
        ValueError: If the scale is none of these, or the range does not suit it.
    """

    low: float
    high: float
    scale: str = "linear"
    name: str = ""

    def __post_init__(self) -> None:
        if self.scale not in {"linear", "log"}:
            raise ValueError(f"{self.name}scale={self.scale!r} cannot be used: choose 'linear' or 'log'.")
        least = "above 0 " if self.scale == "log" else ""
        if not (math.isfinite(self.high) and self.low < self.high and (self.scale == "linear" or self.low > 0)):
            what = f"{self.name or 'low and high'}={(self.low, self.high)!r}"
            raise ValueError(f"{what} cannot be used: choose two finite numbers {least}that rise.")

    def place(self, value: Any) -> Any:
        """Tells where numbers lie: 0 is the low end, 1 the high one; shape as given."""
        if self.scale == "log":
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.log(np.asarray(value, float) / self.low) / math.log(self.high / self.low)
        return (np.asarray(value, float) - self.low) / (self.high - self.low)

    def value(self, place: Any) -> Any:
        """Tells which numbers lie at places; shape as given."""
        place = np.asarray(place, float)
        if self.scale == "log":
            return self.low * (self.high / self.low) ** place
        return self.low + (self.high - self.low) * place

    def ticks(self) -> list[tuple[float, str]]:
        """Gives a few places to mark, with their labels."""
        if self.scale == "log":
            powers = range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1)
            values = [10.0**power for power in powers]
        else:
            step = 10 ** math.floor(math.log10(self.high - self.low))
            step *= next(part for part in (0.2, 0.5, 1, 2) if (self.high - self.low) / (part * step) <= 6)
            first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
            values = [index * step for index in range(first, last + 1)]
        return [(float(self.place(value)), number(value)) for value in values]


def number(value: float) -> str:
    """Writes a number with two or three digits; powers of ten as such where zeros would have to be counted."""
    text = f"{float(f'{value:.3g}'):g}" if 1 <= abs(value) < 1e4 else f"{value:.2g}"
    mantissa, _, power = text.partition("e")
    if not power:
        return text
    tens = "10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return mantissa.replace("1", tens) if mantissa in {"1", "-1"} else f"{mantissa} × {tens}"
