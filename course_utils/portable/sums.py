"""Sums, means and standard deviations of float64 numbers in one fixed order: NumPy's own depends on the processor.

Rows are taken 1,024 at a time. A block is filled up with zeros to a power of two of rows, and its second half is added
to its first until one row is left; the rows that are left of the blocks are added from the first to the last.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

_BLOCK = 1024


def total(values: ArrayLike, axis: int = 0) -> np.ndarray:
    """Adds numbers up.

    Args:
        values: What to add.
        axis: Along which axis.

    Returns:
        The sums, float64, with one axis less.
    """
    return _total(values, axis, lambda block: block)


def mean(values: ArrayLike, axis: int = 0) -> np.ndarray:
    """Computes means.

    Args:
        values: Of what.
        axis: Along which axis.

    Returns:
        The means, float64, with one axis less.
    """
    return total(values, axis) / np.shape(values)[axis]


def deviation(values: ArrayLike, axis: int = 0) -> np.ndarray:
    """Computes standard deviations: the root of the mean squared distance from the mean.

    Args:
        values: Of what.
        axis: Along which axis.

    Returns:
        The deviations, float64, with one axis less.
    """
    centre = mean(values, axis)
    squares = _total(values, axis, lambda block: (block - centre) * (block - centre))
    return np.sqrt(squares / np.shape(values)[axis])


def _total(values: ArrayLike, axis: int, term: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    rows = np.moveaxis(np.asarray(values), axis, 0)
    result = np.zeros(rows.shape[1:])
    for first in range(0, len(rows), _BLOCK):
        result = result + _halved(term(rows[first : first + _BLOCK].astype("float64")))
    return result


def _halved(rows: np.ndarray) -> np.ndarray:
    half = 1 << (len(rows) - 1).bit_length() >> 1
    while half:
        folded = rows[:half].copy()
        folded[: len(rows) - half] += rows[half:]  # where there is no row to add, it would be 0
        rows, half = folded, half // 2
    return rows[0]
