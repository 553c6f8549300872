"""What was published as MNIST and as Fashion-MNIST, to hold files against."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from course_utils.datasets.idx import CLASSES, DamagedFileError, Part


@dataclass(frozen=True)
class Collection:
    """A collection of 60,000 pictures to train on and 10,000 to test with.

    Args:
        name: What it is called.
        keras_name: What Keras calls it in `keras.datasets`.
        megabytes: Size of the download.
        label_counts: How many pictures of each class the parts "train" and "t10k" have.
        cached: Its files in Keras' cache.
        archive_sha256: SHA-256 of the only one of these files, if it is known.
        pixels_sha256: SHA-256 of all pixels of a part, where it is known.
    """

    name: str
    keras_name: str
    megabytes: int
    label_counts: Mapping[str, list[int]]
    cached: tuple[str, ...]
    archive_sha256: str = ""
    pixels_sha256: Mapping[str, str] = field(default_factory=dict)


MNIST = Collection(
    "MNIST",
    "mnist",
    11,
    {
        "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        "t10k": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    },
    ("mnist.npz",),
    # This is the one that Keras asks for.
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    # This is that of LeCun's own file, without its head.
    {"t10k": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"},
)

FASHION_MNIST = Collection(
    "Fashion-MNIST",
    "fashion_mnist",
    31,
    {"train": [6000] * 10, "t10k": [1000] * 10},
    tuple(
        f"fashion-mnist/{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
    ),
)


def check(collection: Collection, part: str, path: Path, arrays: Part, *, smaller: bool) -> None:
    """Compares a part with what was published.

    Args:
        collection: The collection that it should be of.
        part: "train" or "t10k".
        path: Where it is from, for the message.
        arrays: Its pictures and labels.
        smaller: Whether it may have fewer pictures than the published one.

    Raises:
        DamagedFileError: If it has as many pictures as the published part and is not that one, or has more or
            (unless `smaller`) fewer.
    """
    x, y = arrays
    expected = collection.label_counts[part]
    if smaller and len(y) < sum(expected):
        return
    if len(y) != sum(expected):
        raise DamagedFileError(path, f"holds {len(y):,} pictures, and {collection.name} has {sum(expected):,} ({part})")
    if (counts := np.bincount(y, minlength=CLASSES).tolist()) != expected:
        known = next((one.name for one in (MNIST, FASHION_MNIST) if one.label_counts[part] == counts), None)
        what = f"{known}, not {collection.name}" if known else f"{counts} pictures of the classes, not {expected}"
        raise DamagedFileError(path, f"holds {what}")
    digest = collection.pixels_sha256.get(part)
    if digest and hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest() != digest:
        raise DamagedFileError(path, f"holds other pixels than {collection.name} has ({part})")
