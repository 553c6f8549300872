"""Checks, splits and scales the arrays that become a data set."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from course_utils import portable

Scale = Literal["unit", "standard", "raw"]


def checked_inputs(x: ArrayLike) -> np.ndarray:
    """Gives inputs as numbers.

    Args:
        x: Inputs, shape (rows, ...).

    Returns:
        The same, float64.

    Raises:
        ValueError: If there are none, or something in them is not a finite number.
    """
    try:
        x = np.asarray(x, dtype="float64")
    except (TypeError, ValueError) as error:
        raise ValueError("x holds something that is not a number: encode text and categories as numbers.") from error
    if x.ndim < 2 or not len(x):
        raise ValueError(f"x has shape {x.shape}: give one row per example, x.reshape(-1, 1) for a single feature.")
    bad = ~np.isfinite(x).reshape(len(x), -1).all(axis=1)
    if bad.any():
        raise ValueError(
            f"x holds NaN or infinity in {bad.sum()} of {len(x)} rows, first in row {bad.argmax()}: "
            "drop those rows, or fill the gaps, before training."
        )
    return x


def checked_targets(y: np.ndarray) -> tuple[np.ndarray, int | None]:
    """Gives targets in the type that losses want, and counts the classes.

    Args:
        y: Targets: whole numbers of shape (rows,), or floating-point numbers.

    Returns:
        Labels as int32 and the number of classes, or numbers as float32 and None.

    Raises:
        ValueError: If they are neither, are not finite, or leave out a class.
    """
    if y.dtype.kind == "f":
        if not np.isfinite(y).all():
            row = np.argwhere(~np.isfinite(y))[0][0]
            raise ValueError(f"y holds NaN or infinity, first in row {row}: drop those rows before training.")
        return y.astype("float32"), None
    if y.dtype.kind not in "iub" or y.ndim != 1:
        raise ValueError(
            f"y has type {y.dtype} and shape {y.shape}: give whole numbers 0 … k-1 in one dimension for classes "
            "(np.unique(y, return_inverse=True)[1] makes them), or floating-point numbers for a regression."
        )
    y = y.astype("int32")
    classes = int(y.max()) + 1
    if y.min() < 0:
        raise ValueError(f"y holds the label {y.min()}: labels count from 0, so shift them with y - y.min().")
    missing = sorted(set(range(classes)) - set(y.tolist()))
    if missing:
        raise ValueError(
            f"y reaches label {classes - 1} but no row has label {missing[0]}: "
            "renumber with np.unique(y, return_inverse=True)[1]."
        )
    return y, classes


def split(rows: int, validation: float, test: float, seed: int) -> list[np.ndarray]:
    """Shuffles row numbers and splits them.

    Args:
        rows: How many rows there are.
        validation: Share for validation, above 0 and below 1.
        test: Share for the test, at least 0 and below 1.
        seed: Which shuffle.

    Returns:
        Row numbers of the training, validation and test part.

    Raises:
        ValueError: If a part would be empty.
    """
    if not 0 < validation < 1:
        raise ValueError(f"validation={validation} is no share of the rows: choose one above 0 and below 1.")
    if not 0 <= test < 1 - validation:
        raise ValueError(f"test={test} leaves nothing to train on: choose a share from 0 to {1 - validation:g}.")
    order = portable.Draws("split", seed).permutation(rows)
    held_out, tested = round(validation * rows), round(test * rows)
    if not held_out or held_out + tested >= rows:
        raise ValueError(f"x has {rows} rows, too few for validation={validation} and test={test}: add data.")
    return np.split(order, [rows - held_out - tested, rows - tested])


def scaling(x: np.ndarray, scale: Scale) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Measures what must be taken away from inputs, and what they must be divided by then.

    Args:
        x: Training inputs.
        scale: "raw", "unit" or "standard".

    Returns:
        Centre and width: numbers, or arrays with the shape of one example.

    Raises:
        ValueError: If the scale is not known.
    """
    if scale == "raw":
        return 0.0, 1.0
    if scale == "unit":
        return x.min(), (x.max() - x.min()) or 1.0
    if scale == "standard":
        varies = x.max(axis=0) > x.min(axis=0)  # the deviation of a constant is not exactly 0
        width = np.where(varies, portable.deviation(x), 1.0)
        return portable.mean(x).astype(x.dtype), width.astype(x.dtype)
    raise ValueError(f'scale={scale!r} is not known: choose "raw", "unit" or "standard".')
