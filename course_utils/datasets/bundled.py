"""Data sets that come with the course: small enough to be inside scikit-learn, or made by a formula."""

from __future__ import annotations

from functools import cache

import numpy as np

from course_utils.datasets.arrays import Scale
from course_utils.datasets.dataset import Dataset, from_arrays
from course_utils.portable import Draws, cospi, sinpi, total


def digits(scale: Scale = "unit", *, images: bool = False, seed: int = 0) -> Dataset:
    """The 1,797 handwritten digits of 8 × 8 pixels that come with scikit-learn.

    Args:
        scale: "unit" divides the pixels by 16, so that they lie in 0 … 1; "standard" gives each pixel
            mean 0 and deviation 1; "raw" leaves 0 … 16.
        images: True gives shape (8, 8, 1) for convolutions, False gives 64 numbers in a row.
        seed: Which rows go to training (1,437), validation (180) and test (180).

    Returns:
        The data set, ten classes.

    Source: Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
    """
    x, y = _digits()
    if images:
        x = x.reshape(-1, 8, 8, 1)
    return from_arrays(x, y, name="digits", scale=scale, seed=seed)


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Reads pixels and labels once; scikit-learn parses text, which takes longer than many a search in a table."""
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def moons(rows: int = 1000, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Two half-moons in the plane that no straight line separates.

    Args:
        rows: How many points.
        noise: Standard deviation of the noise added to each coordinate.
        seed: Which points.

    Returns:
        The data set: two features, two classes; the points are spread as those of scikit-learn's `make_moons`.
    """
    draws = Draws("moons", seed)
    upper = np.arange(rows) < rows // 2
    along = np.concatenate([np.arange(half) / max(half - 1, 1) for half in (rows // 2, rows - rows // 2)])
    wide, high = cospi(along), sinpi(along)  # from 0 to half a turn
    x = np.column_stack([np.where(upper, wide, 1 - wide), np.where(upper, high, 0.5 - high)])
    return from_arrays(x + noise * draws.normal(x.shape), (~upper).astype(int), name="moons", seed=seed)


def line(rows: int = 500, features: int = 8, noise: float = 0.1, seed: int = 0) -> Dataset:
    """A linear regression: normally distributed features, a weighted sum of them, and noise.

    Args:
        rows: How many examples.
        features: How many features; all have mean 0 and deviation 1.
        noise: Standard deviation of the noise on the target.
        seed: Which examples and which true weights.

    Returns:
        The data set, one floating-point target.
    """
    draws = Draws("line", seed)
    x = draws.normal((rows, features))
    y = total(x * draws.normal(features), axis=1) + noise * draws.normal(rows)
    return from_arrays(x, y, name="line", seed=seed)
