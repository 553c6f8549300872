"""MNIST and Fashion-MNIST, found where they are and split into training, validation and test parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from course_utils.datasets import keras_cache, originals
from course_utils.datasets.idx import DamagedFileError, Part, read_npz, read_part, shown
from course_utils.datasets.originals import Collection

PARTS = ("train", "t10k")

#: Share of the rows that are for validation, and for the test if nobody has laid test rows aside.
HELD_OUT = 0.1


def load(
    collection: Collection, folder: str | Path | None = None, *, rows: int | None = None, seed: int = 0
) -> tuple[str, list[Part]]:
    """Finds a collection and splits it.

    Args:
        collection: `originals.MNIST` or `originals.FASHION_MNIST`.
        folder: Folder with the files; None looks in Keras' cache, then downloads.
        rows: How many training pictures to keep; None keeps all.
        seed: Which pictures are for validation, and the order of the rest.

    Returns:
        A name, which tells of what was left out, and pictures and labels of the training, validation and test part, all
        uint8. Where both published parts are there, the second is the test part, whatever the seed.

    Raises:
        FileNotFoundError: If the folder lacks files.
        DamagedFileError: If a file in the folder is damaged; it is left alone.
        ConnectionError: If no folder is named, and no good copy can be had.
        ValueError: If there are fewer training pictures than `rows`.
    """
    parts = keras_cache.load(collection) if folder is None else from_folder(collection, Path(folder).expanduser())
    name = collection.name
    total = sum(len(labels) for _, labels in parts.values())
    if total < sum(map(sum, collection.label_counts.values())):
        name += f", {total:,}-image subset"
    x, y = next(iter(parts.values()))
    order = np.random.default_rng(seed).permutation(len(x))
    held_out = max(1, round(HELD_OUT * len(x)))
    if len(parts) == len(PARTS):
        tested = parts["t10k"]
    else:
        order, rest = order[:-held_out], order[-held_out:]
        tested = (x[rest], y[rest])
    train, validation = order[:-held_out], order[-held_out:]
    if rows is not None:
        if not 1 <= rows <= len(train):
            raise ValueError(f"rows={rows} cannot be had: {name} has {len(train)} training rows.")
        train = train[:rows]
        name += f", {rows:,} training rows"
    return name, [(x[train], y[train]), (x[validation], y[validation]), tested]


def from_folder(collection: Collection, folder: Path) -> dict[str, Part]:
    """Reads the files that a learner put into a folder, under any of their usual names.

    Args:
        collection: `originals.MNIST` or `originals.FASHION_MNIST`.
        folder: Holds IDX files (`train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte.gz` and so on), or `mnist.npz`.

    Returns:
        The parts that are there: "train", "t10k", or both.

    Raises:
        FileNotFoundError: If there is no such folder, or it lacks files.
        DamagedFileError: If a file is damaged, or is of another collection.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"folder={shown(folder)} is no folder: name the one that holds the files.")
    archive = folder / f"{collection.keras_name}.npz"
    pairs = {part: pair for part in PARTS if (pair := _pair(folder, part))}
    if not pairs and not archive.is_file():
        raise FileNotFoundError(
            f"{shown(folder)} holds no file of {collection.name}: put t10k-images-idx3-ubyte and "
            f"t10k-labels-idx1-ubyte there, and for the full set the same with train-, plain or as .gz; "
            f"or {archive.name}."
        )
    try:
        parts = {part: read_part(*pair) for part, pair in pairs.items()} or read_npz(archive)
        for part, arrays in parts.items():
            where = pairs[part][0] if pairs else archive
            originals.check(collection, part, where, arrays, smaller=True)
    except DamagedFileError as error:
        raise error.with_cure(
            "It was left as it is: put a good copy in its place, or leave out folder= to download one."
        ) from None
    return parts


def _pair(folder: Path, part: str) -> tuple[Path, Path] | None:
    images, labels = (_named(folder, f"{part}-{kind}") for kind in ("images?idx3", "labels?idx1"))
    if images and labels:
        return images, labels
    if there := images or labels:
        missing = f"{part}-labels-idx1-ubyte" if images else f"{part}-images-idx3-ubyte"
        raise FileNotFoundError(f"{shown(there)} is alone: put {missing}, plain or as .gz, beside it.")
    return None


def _named(folder: Path, pattern: str) -> Path | None:
    names = [pattern.replace("?", mark) + f"-ubyte{ending}" for mark in "-." for ending in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)
