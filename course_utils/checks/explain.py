"""Puts into words what a learner's code returned, or why it stopped."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable

import numpy as np

#: What the errors of a beginner mean; the first that fits is shown.
_IN_WORDS = {
    NameError: "a name is used that was not defined before; look for a spelling mistake",
    TypeError: "an operation got something of a kind it cannot work with",
    ZeroDivisionError: "something is divided by zero",
    IndexError: "a position is asked for that lies outside the list or array",
    KeyError: "a dictionary is asked for a name that it does not have",
    AttributeError: "something is asked for an attribute that it does not have",
    ValueError: "a value has the right kind but cannot be used, such as arrays whose shapes do not fit",
    RecursionError: "the function calls itself without end",
}

#: Length of the compiled code of a function that does nothing.
_EMPTY = len((lambda: None).__code__.co_code)


def as_number(value: object) -> float | None:
    """Reads a finite number.

    Args:
        value: Anything; a number may be Python's, NumPy's or TensorFlow's.

    Returns:
        The number, or None if it is not a finite one.
    """
    if isinstance(value, bool | np.bool_ | str | bytes):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def short(value: object) -> str:
    """Writes a value on part of a line.

    Args:
        value: Anything.

    Returns:
        Its text, with few digits and long parts left out.
    """
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, float | np.floating):
        return f"{value:.8g}"
    text = np.array2string(value, precision=4, threshold=8) if isinstance(value, np.ndarray) else reprlib.repr(value)
    return " ".join(text.split())


def same(result: object, expected: object, tolerance: float) -> bool:
    """Compares numbers and arrays with a tolerance, and anything else exactly.

    Args:
        result: What came out.
        expected: What should have.
        tolerance: Largest distance of a number, as a part of it (of 1 where it is smaller than 1).

    Returns:
        Whether the two are the same, shapes included.
    """
    if isinstance(result, str) or isinstance(expected, str):
        return type(result) is type(expected) and result == expected
    try:
        have, want = np.asarray(result, float), np.asarray(expected, float)
    except (TypeError, ValueError):
        return type(result) is type(expected) and result == expected
    if have.shape != want.shape:
        return False
    allowed = tolerance * np.maximum(1, np.abs(want))
    return bool(np.all(np.isclose(have, want, rtol=0, atol=allowed, equal_nan=True)))


def difference(result: object, expected: object) -> str:
    """Guesses what makes a result differ.

    Args:
        result: What came out.
        expected: What should have.

    Returns:
        A sentence with a space before it, or nothing.
    """
    if result is None:
        return " Does the function end with return?"
    if np.shape(result) != np.shape(expected):
        return f" Its shape is {np.shape(result)}, and should be {np.shape(expected)}."
    try:
        negative = -np.asarray(result, float)
    except (TypeError, ValueError):
        return ""
    return " The sign is the other way round." if same(negative, expected, 1e-6) else ""


def is_stub(function: Callable) -> bool:
    """Tells whether a function does nothing, as one does whose body is dots.

    Args:
        function: The learner's function.

    Returns:
        Whether it does nothing.
    """
    code = getattr(function, "__code__", None)
    return code is not None and len(code.co_code) == _EMPTY


def error(caught: Exception) -> str:
    """Says what an error means.

    Args:
        caught: The error.

    Returns:
        The meaning, followed by Python's own words.
    """
    name = type(caught).__name__
    words = next((text for kind, text in _IN_WORDS.items() if isinstance(caught, kind)), "")
    return f"{words} ({name}: {caught})" if words else f"{name}: {caught}"


def place(caught: Exception, function: Callable) -> str:
    """Names the line of the learner's own code at which an error arose.

    Args:
        caught: The error.
        function: The learner's function.

    Returns:
        The line, counted from the top of the cell, or nothing if it is not known.
    """
    own = getattr(getattr(function, "__code__", None), "co_filename", None)
    line, trace = None, caught.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == own:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" in line {line}" if line else ""
