"""Data sets that come with the course: small enough to be inside scikit-learn, or made by a formula."""

from __future__ import annotations

from functools import cache

import numpy as np

from course_utils.datasets.arrays import Scale
from course_utils.datasets.dataset import Dataset, from_arrays


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
        The data set: two features, two classes.
    """
    from sklearn.datasets import make_moons

    x, y = make_moons(rows, noise=noise, random_state=seed)
    return from_arrays(x, y, name="moons", seed=seed)


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
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features))
    y = x @ random.normal(size=features) + noise * random.normal(size=rows)
    return from_arrays(x, y, name="line", seed=seed)
