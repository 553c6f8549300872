"""The kinds of guesses: which can be entered, how they are said, and how far they lie from what came out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.drawing import style
from course_utils.guess.axis import Axis, number

RIGHT, CLOSE, OFF = "right", "close", "off"

#: A guess is close that differs by at most this part of the range that could be entered.
_NEAR = 0.1

#: What a learner can say of how sure a choice is, in per cent; the first stands for the chance of a blind guess.
SURE = (0, 50, 70, 90, 99)


@dataclass(frozen=True)
class Choice:
    """One of several options, in words.

    Args:
        options: The options, at least two.

    Raises:
        ValueError: If there are fewer, or two are the same.
    """

    options: tuple[str, ...]

    def __post_init__(self) -> None:
        named = [option for option in self.options if isinstance(option, str) and option.strip()]
        if isinstance(self.options, str) or len(set(named)) < max(2, len(self.options)):
            raise ValueError(f"options={self.options!r} cannot be used: choose two or more different texts.")

    def form(self) -> dict[str, Any]:
        """Says what the page has to ask for."""
        return {"kind": "choice", "options": list(self.options), "sure": list(SURE)}

    def entered(self, value: Any) -> str:
        """Takes what came from the page; raises ValueError if it cannot be used."""
        return self._option("guess", value)

    def came_out(self, value: Any) -> str:
        """Takes what came out; raises ValueError if it is no option."""
        return self._option("came_out", value)

    def said(self, value: str) -> str:
        """Says a guess, or what came out, in words."""
        return value

    def compare(self, guess: str, outcome: str) -> tuple[str, str]:
        """Compares the two; returns the verdict and a sentence."""
        return (RIGHT, "Right.") if guess == outcome else (OFF, "Something else came out.")

    def sure(self, value: Any) -> int | None:
        """Takes how sure the learner is, in per cent; "no idea" is the chance of a blind guess."""
        return (value or round(100 / len(self.options))) if value in SURE else None

    def inside(self, guess: str, outcome: str) -> None:
        """Tells nothing, since a choice has no range."""

    def _option(self, name: str, value: Any) -> str:
        if value not in self.options:
            raise ValueError(f"{name}={value!r} cannot be used: choose among {', '.join(map(repr, self.options))}.")
        return str(value)


@dataclass(frozen=True)
class Number:
    """A number, and perhaps a range around it.

    Args:
        axis: What can be entered.
        unit: Its unit, such as "epochs".
    """

    axis: Axis
    unit: str = ""

    def form(self) -> dict[str, Any]:
        """Says what the page has to ask for."""
        return {"kind": "number", "unit": self.unit, "between": [number(self.axis.low), number(self.axis.high)]}

    def entered(self, value: Any) -> dict[str, float | None]:
        """Takes what came from the page; raises ValueError if it cannot be used."""
        value = dict(value) if isinstance(value, dict) else {}
        low, high = value.get("from"), value.get("to")
        guess = self._read("guess", value.get("guess"))
        if low in {None, ""} and high in {None, ""}:
            return {"guess": guess, "from": None, "to": None}
        low, high = self._read("from", low), self._read("to", high)
        if not low <= guess <= high:
            between = f"{number(low)} … {number(high)}"
            raise ValueError(f"range={between} cannot be used: choose one with your guess, {number(guess)}, inside it.")
        return {"guess": guess, "from": low, "to": high}

    def came_out(self, value: Any) -> list[float]:
        """Takes what came out, one number or one for each seed; raises ValueError if none is finite."""
        found = np.atleast_1d(np.asarray(value, float)).ravel()
        if not np.isfinite(found).any():
            raise ValueError(f"came_out={value!r} cannot be used: give at least one finite number.")
        found = found[np.isfinite(found)]
        return [float(np.median(found)), float(found.min()), float(found.max())]

    def said(self, value: Any) -> str:
        """Says a guess, or what came out, in words."""
        if isinstance(value, dict):
            said = self._with_unit(value["guess"])
            if value["from"] is None:
                return said
            return f"{said}, 90 % sure between {number(value['from'])} and {number(value['to'])}"
        middle, low, high = value
        spread = f" (seeds from {number(low)} to {number(high)})" if low < high else ""
        return self._with_unit(middle) + spread

    def compare(self, guess: dict[str, float | None], outcome: list[float]) -> tuple[str, str]:
        """Compares the two; returns the verdict and a sentence."""
        mine, true = guess["guess"], outcome[0]
        off = abs(float(self.axis.place(mine) - self.axis.place(true)))
        verdict = CLOSE if off <= _NEAR else OFF
        more = "large" if mine > true else "small"
        if number(mine) == number(true):
            words = "Right, to two digits."
        elif self.axis.scale == "log" and true > 0:
            words = f"Too {more} by a factor of {number(max(mine / true, true / mine))}."
        else:
            words = f"Too {more} by {self._with_unit(abs(mine - true))}."
        if (inside := self.inside(guess, outcome)) is not None:
            words += f" It lies {'inside' if inside else 'outside'} your range."
        return verdict, ("Close. " if verdict == CLOSE and not words.startswith("Right") else "") + words

    def sure(self, value: Any) -> None:
        """Takes nothing, since the range of a number says how sure the learner is."""

    def inside(self, guess: dict[str, float | None], outcome: list[float]) -> bool | None:
        """Tells whether what came out lies inside the range; None if there is none."""
        return None if guess["from"] is None else guess["from"] <= outcome[0] <= guess["to"]

    def _read(self, name: str, value: Any) -> float:
        try:
            found = float(str(value).strip().replace(",", "."))
        except ValueError:
            found = math.nan
        if not self.axis.low <= found <= self.axis.high:
            ends = f"{number(self.axis.low)} to {number(self.axis.high)}"
            raise ValueError(f"{name}={str(value or '')!r} cannot be used: choose a number from {ends}.")
        return found

    def _with_unit(self, value: float) -> str:
        return f"{number(value)} {self.unit}".strip()


@dataclass(frozen=True)
class Curve:
    """A curve, drawn through points at fixed places.

    Args:
        x: What lies along.
        y: What lies upward.
        labels: What both are called.
        points: How many points the curve has.
    """

    x: Axis
    y: Axis
    labels: tuple[str, str]
    points: int

    @property
    def at(self) -> np.ndarray:
        """Where the points lie along, shape (points,)."""
        return self.x.value(np.linspace(0, 1, self.points))

    def form(self) -> dict[str, Any]:
        """Says what the page has to ask for."""
        axes = {
            name: {"label": label, "low": axis.low, "high": axis.high, "scale": axis.scale, "ticks": axis.ticks()}
            for name, label, axis in zip("xy", self.labels, (self.x, self.y))
        }
        return {"kind": "curve", "at": [number(x) for x in self.at], **axes}

    def entered(self, value: Any) -> list[float]:
        """Takes what came from the page, places from 0 to 1; raises ValueError if it cannot be used."""
        heights = np.asarray(value if isinstance(value, list) else [], float)
        if heights.shape != (self.points,) or not ((heights >= 0) & (heights <= 1)).all():
            raise ValueError(f"guess={value!r} cannot be used: choose a height for each of the {self.points} points.")
        return heights.tolist()

    def came_out(self, value: Any) -> list[float]:
        """Takes what came out, a pair of places along and heights; raises ValueError if it is none."""
        x, y = (np.asarray(part, float) for part in value) if len(value) == 2 else ((), ())
        if np.shape(x) != np.shape(y) or np.ndim(x) != 1 or np.size(x) < 2:
            raise ValueError("came_out cannot be used: choose a pair (x, y) of arrays of the same length.")
        # What has left the picture, and what is no number any more, lies at its upper edge.
        heights = np.clip(np.nan_to_num(self.y.place(y), nan=1, posinf=1, neginf=0), 0, 1)
        return np.interp(np.linspace(0, 1, self.points), self.x.place(x), heights).tolist()

    def said(self, value: list[float]) -> str:
        """Says a guess, or what came out, in words."""
        x, y = [number(at) for at in self.at], [number(height) for height in self.y.value(value)]
        lowest = int(np.argmin(value))
        return f"{self.labels[1]} {y[0]} at {x[0]}, lowest near {x[lowest]} ({y[lowest]}), {y[-1]} at {x[-1]}"

    def compare(self, guess: list[float], outcome: list[float]) -> tuple[str, str]:
        """Compares the two; returns the verdict and a sentence."""
        off = float(np.mean(np.abs(np.subtract(guess, outcome))))
        words = f"On average your curve lies {100 * off:.0f} % of the picture's height away from what came out."
        return (CLOSE, f"Close. {words}") if off <= _NEAR else (OFF, words)

    def sure(self, value: Any) -> None:
        """Takes nothing: a curve has no range."""

    def inside(self, guess: list[float], outcome: list[float]) -> None:
        """Tells nothing: a curve has no range."""


def draw(ax: Any, kind: Choice | Number | Curve, guess: Any, axis: str) -> None:
    """Draws a guess into a picture; a choice has no place there."""
    if isinstance(kind, Curve):
        style.your_guess(ax, kind.at, kind.y.value(guess))
    elif isinstance(kind, Number):
        style.your_guess(ax, **{axis: guess["guess"]})
