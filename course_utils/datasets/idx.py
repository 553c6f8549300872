"""A folder of IDX files, the format in which MNIST was published: pictures in one file, their labels in another."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

#: Pictures, shape (rows, height, width), and their labels, shape (rows,), both uint8.
Part = tuple[np.ndarray, np.ndarray]

_UNSIGNED_BYTES = 0x08
_GZIP = b"\x1f\x8b"


class DamagedFileError(ValueError):
    """A file that does not hold what it should.

    Args:
        path: The file.
        wrong: What is wrong with it, to go on from its name: "is empty".
    """

    def __init__(self, path: Path, wrong: str) -> None:
        super().__init__(f"{path} {wrong}: put a good copy in its place.")


def read_part(folder: Path, part: str) -> Part | None:
    """Reads the pictures of a part and their labels.

    Args:
        folder: Holds files such as `train-images-idx3-ubyte`; a dot before `idx`, and `.gz` at the end, are fine.
        part: How the names of its files begin: "train" or "t10k".

    Returns:
        The pictures and the labels, or None if the folder has neither.

    Raises:
        FileNotFoundError: If the folder has one of the two files only.
        DamagedFileError: If a file is damaged, or there are not as many labels as pictures.

    Source: The IDX file format, in LeCun, Cortes and Burges, The MNIST database of handwritten digits.
    """
    images, labels = _find(folder, f"{part}-images", "idx3-ubyte"), _find(folder, f"{part}-labels", "idx1-ubyte")
    if images is None and labels is None:
        return None
    if images is None or labels is None:
        missing = f"{part}-images-idx3-ubyte" if images is None else f"{part}-labels-idx1-ubyte"
        raise FileNotFoundError(f"{images or labels} is alone: put {missing}, plain or as .gz, beside it.")
    x, y = read_idx(images, dimensions=3), read_idx(labels, dimensions=1)
    if len(x) != len(y):
        raise DamagedFileError(labels, f"holds {len(y):,} labels for {len(x):,} pictures")
    return x, y


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Reads an IDX file of unsigned bytes.

    Args:
        path: The file. Whether it is gzipped is seen from its first bytes: browsers unpack files and leave the name.
        dimensions: Dimensions that the array must have: 3 for pictures, 1 for labels.

    Returns:
        The array, uint8.

    Raises:
        DamagedFileError: If the file is not that, or is shorter or longer than its head says.
    """
    content = path.read_bytes()
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DamagedFileError(path, f"cannot be unpacked ({error})") from None
    magic = bytes([0, 0, _UNSIGNED_BYTES, dimensions])
    if not content.startswith(magic):
        raise DamagedFileError(path, f"begins with {content[:16]!r} and not with {magic!r}" if content else "is empty")
    start = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    if len(content) != (expected := start + math.prod(shape)):
        size = " × ".join(map(str, shape))
        raise DamagedFileError(path, f"should have {expected:,} bytes for {size} numbers, and has {len(content):,}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _find(folder: Path, stem: str, ending: str) -> Path | None:
    names = (f"{stem}{mark}{ending}{packed}" for mark in "-." for packed in ("", ".gz"))
    return next((folder / name for name in names if (folder / name).is_file()), None)
