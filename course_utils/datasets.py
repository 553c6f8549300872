"""Data sets: arrays split into training, validation and test parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Scale = Literal["unit", "standard", "raw"]


@dataclass(frozen=True)
class Dataset:
    """Arrays to train on, to choose hyperparameters with, and to test once.

    Args:
        name: What the data set is called in tables and figures.
        x_train: Training inputs, shape (rows, ...), float32.
        y_train: Training targets, shape (rows,): whole numbers for classes, otherwise float32.
        x_validation: Validation inputs, shape (rows, ...).
        y_validation: Validation targets.
        x_test: Test inputs, shape (rows, ...).
        y_test: Test targets.
        classes: Number of classes, or None for regression.
        row_weights: Factor on the loss of each training row, shape (rows,); None is 1 for every row.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int | None
    row_weights: np.ndarray | None = None

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
    def weights_train(self) -> np.ndarray:
        """Factor on the loss of each training row, shape (rows,)."""
        return np.ones(len(self.x_train), "float32") if self.row_weights is None else self.row_weights

    @property
    def arrays(self) -> tuple:
        """What training needs: inputs, targets with the rows' weights, validation inputs, validation targets."""
        return self.x_train, (self.y_train, self.weights_train), self.x_validation, self.y_validation

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
    x, y = _checked_inputs(x), np.asarray(y)
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} rows and y has {len(y)}: give one target for every row of x.")
    y, classes = _checked_targets(y)
    train, held_out, tested = _split(len(x), validation, test, seed)
    centre, width = _scaling(x[train], scale)
    x = ((x - centre) / width).astype("float32")
    parts = [array[rows] for rows in (train, held_out, tested) for array in (x, y)]
    return Dataset(name, *parts, classes=classes)


def _checked_inputs(x: ArrayLike) -> np.ndarray:
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


def _checked_targets(y: np.ndarray) -> tuple[np.ndarray, int | None]:
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


def _split(rows: int, validation: float, test: float, seed: int) -> list[np.ndarray]:
    if not 0 < validation < 1:
        raise ValueError(f"validation={validation} is no share of the rows: choose one above 0 and below 1.")
    if not 0 <= test < 1 - validation:
        raise ValueError(f"test={test} leaves nothing to train on: choose a share from 0 to {1 - validation:g}.")
    order = np.random.default_rng(seed).permutation(rows)
    held_out, tested = round(validation * rows), round(test * rows)
    if not held_out or held_out + tested >= rows:
        raise ValueError(f"x has {rows} rows, too few for validation={validation} and test={test}: add data.")
    return np.split(order, [rows - held_out - tested, rows - tested])


def _scaling(x: np.ndarray, scale: Scale) -> tuple[np.ndarray | float, np.ndarray | float]:
    if scale == "raw":
        return 0.0, 1.0
    if scale == "unit":
        return x.min(), (x.max() - x.min()) or 1.0
    if scale == "standard":
        deviation = x.std(axis=0)
        return x.mean(axis=0), np.where(deviation > 0, deviation, 1.0)
    raise ValueError(f'scale={scale!r} is not known: choose "raw", "unit" or "standard".')


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
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    if images:
        x = x.reshape(-1, 8, 8, 1)
    return from_arrays(x, y, name="digits", scale=scale, seed=seed)


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
