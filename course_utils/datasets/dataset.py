"""Data sets: arrays split into training, validation and test parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from course_utils.datasets.arrays import Scale, checked_inputs, checked_targets, scaling, split

if TYPE_CHECKING:
    from course_utils.datasets.originals import Collection


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
        sample_weight: Factor on the loss of each training row, shape (rows,); None is 1 for every row.
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
        if self.sample_weight is None:
            object.__setattr__(self, "sample_weight", np.ones(len(self.x_train), "float32"))

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
        return self.x_train, (self.y_train, self.sample_weight), self.x_validation, self.y_validation

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


def mnist(
    folder: str | Path | None = None,
    *,
    scale: Scale = "unit",
    images: bool = False,
    rows: int | None = None,
    seed: int = 0,
) -> Dataset:
    """The 70,000 handwritten digits of 28 × 28 pixels; `mnist_files.load` says where they are looked for.

    Args:
        folder: Your folder with the files; with the 10,000 test pictures alone, these are split into the three parts.
            None takes them from Keras' cache, or downloads them.
        scale: As for `digits`; "raw" leaves 0 … 255.
        images: True gives shape (28, 28, 1) for convolutions, False gives 784 numbers in a row.
        rows: How many training rows to keep; None keeps all 54,000.
        seed: Which 6,000 of the official training pictures go to validation. The 10,000 test pictures stay.

    Returns:
        The data set, ten classes.

    Raises:
        FileNotFoundError, ValueError: If the folder lacks files, or one of them is damaged.
        ConnectionError: If there is no copy on this machine and none can be downloaded.

    Source: LeCun, Cortes & Burges, The MNIST database of handwritten digits, 1998.
    """
    from course_utils.datasets.originals import MNIST

    return _original(MNIST, folder, scale, images=images, rows=rows, seed=seed)


def fashion_mnist(
    folder: str | Path | None = None,
    *,
    scale: Scale = "unit",
    images: bool = False,
    rows: int | None = None,
    seed: int = 0,
) -> Dataset:
    """70,000 pictures of ten kinds of clothes; takes what `mnist` takes, and is as large.

    Source: Xiao, Rasul & Vollgraf, Fashion-MNIST, 2017.
    """
    from course_utils.datasets.originals import FASHION_MNIST

    return _original(FASHION_MNIST, folder, scale, images=images, rows=rows, seed=seed)


def _original(
    collection: Collection, folder: str | Path | None, scale: Scale, *, images: bool, rows: int | None, seed: int
) -> Dataset:
    from course_utils.datasets import mnist_files

    name, parts = mnist_files.load(collection, folder, rows=rows, seed=seed)
    shape = (-1, 28, 28, 1) if images else (-1, 784)
    inputs = [x.reshape(shape).astype("float32") for x, _ in parts]
    centre, width = scaling(inputs[0], scale)
    for x in inputs:  # In place, as the full set takes 220 MB.
        np.divide(np.subtract(x, centre, out=x), width, out=x)
    arrays = [array for x, (_, y) in zip(inputs, parts) for array in (x, y.astype("int32"))]
    return Dataset(name, *arrays, classes=10)


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
