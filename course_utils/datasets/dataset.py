"""A data set: arrays split into training, validation and test parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course_utils.datasets.arrays import Scale, checked_inputs, checked_targets, scaling, split


@dataclass(frozen=True)
class Dataset:
    """Arrays to train on, to choose hyperparameters with, and to test once.

    Args:
        name: What the data set is called in tables and figures.
        x_train: Training inputs, shape (rows, ...), float32.
        y_train: Training targets: whole numbers for classes, shape (rows,), otherwise float32, shape (rows,) or
            (rows, targets).
        x_validation: Validation inputs, shape (rows, ...).
        y_validation: Validation targets.
        x_test: Test inputs, shape (rows, ...).
        y_test: Test targets.
        classes: Number of classes, or None for regression.
        sample_weight: Factor on the loss of each training row, shape (rows,); None is 1 for every row.

    Raises:
        ValueError: If the arrays do not fit each other, or hold NaN or infinity.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int | None
    sample_weight: np.ndarray | None = None

    def __post_init__(self) -> None:
        for part in ("train", "validation", "test"):
            x, y = getattr(self, f"x_{part}"), getattr(self, f"y_{part}")
            if len(x) != len(y):
                raise ValueError(
                    f"x_{part} has {len(x)} rows and y_{part} has {len(y)}: give one target for every row."
                )
            if not (np.isfinite(x).all() and np.isfinite(y).all()):
                raise ValueError(f"x_{part} or y_{part} holds NaN or infinity: drop those rows before training.")
        weights = self.sample_weight
        if weights is not None and not (np.shape(weights) == (len(self.x_train),) and np.isfinite(weights).all()):
            raise ValueError(
                f"sample_weight has shape {np.shape(weights)}, or holds NaN or infinity: "
                f"give one finite number for each of the {len(self.x_train)} training rows."
            )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return self.x_train.shape[1:]

    @property
    def outputs(self) -> int:
        """Numbers that a model must put out: one per class, or one per regression target."""
        if self.classes is not None:
            return self.classes
        return 1 if self.y_train.ndim == 1 else self.y_train.shape[1]

    @property
    def arrays(self) -> tuple:
        """What training needs: inputs, targets with the rows' weights, validation inputs, validation targets."""
        weights = np.ones(len(self.x_train)) if self.sample_weight is None else self.sample_weight
        return self.x_train, (self.y_train, np.asarray(weights, "float32")), self.x_validation, self.y_validation

    def __repr__(self) -> str:
        rows = f"{len(self.x_train)} + {len(self.x_validation)} + {len(self.x_test)} rows"
        kind = "regression" if self.classes is None else f"{self.classes} classes"
        return f"Dataset({self.name!r}: {rows} of shape {self.input_shape}, {kind})"


def from_arrays(
    x: ArrayLike,
    y: ArrayLike,
    *,
    name: str = "my data",
    validation: float = 0.1,
    test: float = 0.1,
    scale: Scale = "raw",
    seed: int = 0,
) -> Dataset:
    """Makes a data set of your own arrays.

    Whole-number targets are classes 0 … k-1; floating-point targets make it a regression.

    Args:
        x: Inputs, shape (rows, ...).
        y: Targets, shape (rows,), or (rows, targets) for a regression of several.
        name: What to call it.
        validation: Share of the rows kept for validation, above 0 and below 1.
        test: Share of the rows kept for the test, at least 0 and below 1.
        scale: "raw" leaves x as it is; "unit" maps the training inputs to 0 … 1; "standard" gives
            every feature of the training inputs mean 0 and deviation 1. The validation and test parts
            get the same treatment with the numbers of the training part.
        seed: Which shuffle splits the rows.

    Returns:
        The data set, shuffled and split.

    Raises:
        ValueError: If the arrays do not fit each other, hold NaN or infinity, or leave a part empty.
    """
    x, y = checked_inputs(x), np.asarray(y)
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} rows and y has {len(y)}: give one target for every row of x.")
    y, classes = checked_targets(y)
    train, held_out, tested = split(len(x), validation, test, seed)
    centre, width = scaling(x[train], scale)
    x = ((x - centre) / width).astype("float32")
    parts = [array[rows] for rows in (train, held_out, tested) for array in (x, y)]
    return Dataset(name, *parts, classes=classes)
