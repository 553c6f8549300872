"""How a lab writes values, times and tables."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from course_utils import schedules


def as_code(value: Any) -> str:
    """Writes a knob value as the Python that makes it."""
    if getattr(schedules, type(value).__name__, None) is not type(value):
        return repr(value)
    arguments = (f"{field.name}={as_code(getattr(value, field.name))}" for field in fields(value))
    return f"schedules.{type(value).__name__}({', '.join(arguments)})"


def as_words(value: Any) -> str:
    """Writes a knob value for a table."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Writes a time in milliseconds or seconds."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def as_goal(goal: tuple[str, float] | None, result: Any) -> str:
    """Says whether the median of a curve's last values has reached a goal, after what was said before."""
    if goal is None:
        return ""
    metric, least = goal
    if not hasattr(result, "final"):
        raise ValueError(f"goal={goal!r} cannot be used: choose None, since these results have no curves.")
    reached = np.nanmedian(result.final(metric)) >= least
    return f" · goal {least:g} " + ("reached" if reached else "not reached yet")
