"""Data sets that are downloaded: MNIST and Fashion-MNIST, from a folder of yours or through Keras."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils.datasets.arrays import Scale, scaling, split
from course_utils.datasets.dataset import Dataset
from course_utils.datasets.idx import Part, read_part

#: Share of the rows that are for validation, and for the test if there are no official test rows.
HELD_OUT = 0.1

#: Seconds of silence after which a download has failed. Without a limit it could hang for minutes.
PATIENCE = 20

_FILES = "t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz (and, for the full set, the same with train-)"


class Collection(NamedTuple):
    """What was published, to compare files with: two collections have the same file names and the same shapes.

    Args:
        name: What it is called.
        keras_name: What Keras calls it in `keras.datasets`.
        label_counts: How many pictures of each class the parts "train" and "t10k" have.
        shape: Shape of a picture.
    """

    name: str
    keras_name: str
    label_counts: dict[str, list[int]]
    shape: tuple[int, ...] = (28, 28)


MNIST = Collection(
    "MNIST",
    "mnist",
    {
        "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        "t10k": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    },
)
FASHION_MNIST = Collection("Fashion-MNIST", "fashion_mnist", {"train": [6000] * 10, "t10k": [1000] * 10})


def mnist(
    folder: str | Path | None = None,
    *,
    scale: Scale = "unit",
    images: bool = False,
    rows: int | None = None,
    seed: int = 0,
) -> Dataset:
    """The 70,000 handwritten digits of 28 × 28 pixels.

    Args:
        folder: Your folder with the published files (`train-images-idx3-ubyte.gz` and so on); with the 10,000 test
            pictures alone, these are split into the three parts. None takes Keras' copy, or downloads it.
        scale: As for `digits`; "raw" leaves 0 … 255.
        images: True gives shape (28, 28, 1) for convolutions, False gives 784 numbers in a row.
        rows: How many training rows to keep; None keeps all 54,000.
        seed: Which 6,000 of the official training pictures go to validation. The 10,000 test pictures stay.

    Returns:
        The data set, ten classes; its name tells what was left out.

    Raises:
        FileNotFoundError: If the folder lacks files.
        ValueError: If a file in the folder is damaged, or there are fewer training pictures than `rows`.
        ConnectionError: If Keras has no good copy on this machine and cannot download one.

    Source: LeCun, Cortes & Burges, The MNIST database of handwritten digits, 1998.
    """
    return _load(MNIST, folder, scale, images=images, rows=rows, seed=seed)


def fashion_mnist(
    folder: str | Path | None = None,
    *,
    scale: Scale = "unit",
    images: bool = False,
    rows: int | None = None,
    seed: int = 0,
) -> Dataset:
    """The 70,000 pictures of ten kinds of clothes, 28 × 28 pixels each.

    Args:
        folder: Your folder with the published files, which have the same names as those of MNIST; with the 10,000 test
            pictures alone, these are split into the three parts. None takes Keras' copy, or downloads it.
        scale: As for `digits`; "raw" leaves 0 … 255.
        images: True gives shape (28, 28, 1) for convolutions, False gives 784 numbers in a row.
        rows: How many training rows to keep; None keeps all 54,000.
        seed: Which 6,000 of the official training pictures go to validation. The 10,000 test pictures stay.

    Returns:
        The data set, ten classes; its name tells what was left out.

    Raises:
        FileNotFoundError: If the folder lacks files.
        ValueError: If a file in the folder is damaged, or there are fewer training pictures than `rows`.
        ConnectionError: If Keras has no good copy on this machine and cannot download one.

    Source: Xiao, Rasul & Vollgraf, Fashion-MNIST, 2017.
    """
    return _load(FASHION_MNIST, folder, scale, images=images, rows=rows, seed=seed)


def _load(
    collection: Collection, folder: str | Path | None, scale: Scale, *, images: bool, rows: int | None, seed: int
) -> Dataset:
    parts = _from_keras(collection) if folder is None else _from_folder(collection, Path(folder).expanduser())
    name, total = collection.name, sum(len(labels) for _, labels in parts.values())
    if total < sum(map(sum, collection.label_counts.values())):
        name += f", {total:,}-image subset"
    both = len(parts) == len(collection.label_counts)
    x, y = next(iter(parts.values()))
    train, *held_out = split(len(x), HELD_OUT, 0 if both else HELD_OUT, seed)
    if rows is not None:
        if rows not in range(1, len(train) + 1):
            raise ValueError(f"rows={rows} cannot be used: choose 1 to {len(train)}, the training rows of {name}.")
        train = train[:rows]
        name += f", {rows:,} training rows"
    pieces = [(x[chosen], y[chosen]) for chosen in (train, *held_out)]
    if both:
        pieces[-1] = parts["t10k"]
    axes = 3 if images else 1
    inputs = [pixels.reshape(*pixels.shape[:axes], -1).astype("float32") for pixels, _ in pieces]
    centre, width = scaling(inputs[0], scale)
    for pixels in inputs:  # In place, as the full set takes 220 MB.
        np.divide(np.subtract(pixels, centre, out=pixels), width, out=pixels)
    arrays = [array for pixels, (_, labels) in zip(inputs, pieces) for array in (pixels, labels.astype("int32"))]
    return Dataset(name, *arrays, classes=len(collection.label_counts["t10k"]))


def _from_folder(collection: Collection, folder: Path) -> dict[str, Part]:
    parts = {part: arrays for part in collection.label_counts if (arrays := read_part(folder, part))}
    if not parts:
        raise FileNotFoundError(f"folder={str(folder)!r} holds no file of {collection.name}: put {_FILES} there.")
    _check(collection, parts, f"folder={str(folder)!r}")
    return parts


def _from_keras(collection: Collection) -> dict[str, Part]:
    import keras

    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        parts = dict(zip(collection.label_counts, getattr(keras.datasets, collection.keras_name).load_data()))
        _check(collection, parts, "Keras' cache")
    except Exception as error:  # noqa: BLE001 - Keras raises a bare Exception
        raise ConnectionError(
            f"folder=None cannot be used: Keras gives no {collection.name} ({error}). Choose one of these:\n"
            "  - connect to the network, delete what lies of it in ~/.keras/datasets, and call again;\n"
            f'  - put {_FILES} into a folder, and call datasets.{collection.keras_name}(folder="...");\n'
            "  - take datasets.digits(): handwritten digits that came with the course, and good for all chapters."
        ) from None
    finally:
        socket.setdefaulttimeout(timeout)
    return parts


def _check(collection: Collection, parts: dict[str, Part], where: str) -> None:
    """Compares parts with what was published, so that no other collection is trained on under this name."""
    for part, (x, y) in parts.items():
        expected = collection.label_counts[part]
        counts = np.bincount(y, minlength=len(expected)).tolist()
        subset = len(y) < sum(expected) and len(counts) == len(expected)
        if x.shape[1:] != collection.shape or not (subset or counts == expected):
            raise ValueError(
                f"{where} holds {part} pictures of shape {x.shape[1:]}, of each class {counts}: "
                f"put those of {collection.name} there, of shape {collection.shape}, of each class {expected}."
            )
