"""Files of pictures and their labels: the IDX format, in which MNIST was published, and Keras' archive of it."""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

#: Pictures, shape (rows, 28, 28), and labels, shape (rows,), both uint8.
Part = tuple[np.ndarray, np.ndarray]

SIZE = 28
CLASSES = 10

_UNSIGNED_BYTES = 0x08
_GZIP = b"\x1f\x8b"


class DamagedFileError(ValueError):
    """A file that does not hold what it should.

    Args:
        path: The file.
        wrong: What is wrong with it, to go on from its name: "is empty".
    """

    def __init__(self, path: Path, wrong: str) -> None:
        super().__init__(f"{shown(path)} {wrong}.")
        self.path, self.wrong = path, wrong

    def with_cure(self, cure: str) -> DamagedFileError:
        """Makes the same error with a sentence more, which says what to do."""
        return DamagedFileError(self.path, f"{self.wrong}. {cure.rstrip('.')}")


def shown(path: Path) -> str:
    """Writes a path as a reader knows it, with ~ for the home folder."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def read_part(images: Path, labels: Path) -> Part:
    """Reads a pair of IDX files, gzipped or not.

    Args:
        images: File of the pictures.
        labels: File of their labels.

    Returns:
        The pictures and the labels.

    Raises:
        DamagedFileError: If a file is cut off, or does not hold pictures of 28 × 28 or labels 0 … 9, or if labels and
            pictures differ in number.

    Source: The IDX file format, in LeCun, Cortes and Burges, The MNIST database of handwritten digits.
    """
    x, y = read_idx(images, dimensions=3), read_idx(labels, dimensions=1)
    if x.shape[1:] != (SIZE, SIZE):
        raise DamagedFileError(images, f"holds pictures of {x.shape[1]} × {x.shape[2]} pixels, not of 28 × 28")
    _check_labels(labels, x, y)
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
    content = _unpacked(path)
    magic = bytes([0, 0, _UNSIGNED_BYTES, dimensions])
    if content[:4] != magic:
        raise DamagedFileError(path, f"begins with the bytes {content[:4].hex(' ')}, not with {magic.hex(' ')}")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DamagedFileError(path, f"ends after {len(content)} bytes, within its head")
    shape = tuple(np.frombuffer(content, ">u4", dimensions, offset=4).tolist())
    if len(content) != (expected := start + math.prod(shape)):
        size = " × ".join(map(str, shape))
        raise DamagedFileError(
            path, f"says it holds {size} bytes: it should have {expected:,}, and has {len(content):,}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read_npz(path: Path) -> dict[str, Part]:
    """Reads the archive in which Keras keeps MNIST.

    Args:
        path: A file such as `mnist.npz`.

    Returns:
        The parts "train" and "t10k".

    Raises:
        DamagedFileError: If it is no such archive, is cut off, or its arrays do not fit each other.
    """
    _first_bytes(path)
    if not zipfile.is_zipfile(path):
        raise DamagedFileError(path, "is no complete NumPy archive (npz)")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    except KeyError as error:
        raise DamagedFileError(path, f"lacks an array: {error.args[0]}") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DamagedFileError(path, f"cannot be unpacked: {error}") from None
    parts = {"train": (arrays["x_train"], arrays["y_train"]), "t10k": (arrays["x_test"], arrays["y_test"])}
    for part in parts.values():
        check_arrays(path, *part)
    return parts


def check_arrays(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    """Checks arrays that came from elsewhere as strictly as those that `read_part` reads.

    Args:
        path: Where they are from, for the message.
        x: Pictures.
        y: Labels.

    Raises:
        DamagedFileError: If they are not pictures of 28 × 28 bytes with a label 0 … 9 each.
    """
    if x.dtype != np.uint8 or x.shape[1:] != (SIZE, SIZE):
        raise DamagedFileError(path, f"holds pictures of type {x.dtype} and shape {x.shape}, not uint8 (rows, 28, 28)")
    if y.dtype != np.uint8 or y.ndim != 1:
        raise DamagedFileError(path, f"holds labels of type {y.dtype} and shape {y.shape}, not uint8 (rows,)")
    _check_labels(path, x, y)


def _check_labels(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    if len(x) != len(y):
        raise DamagedFileError(path, f"holds {len(y):,} labels for {len(x):,} pictures")
    if not len(y):
        raise DamagedFileError(path, "holds no labels at all")
    if y.max() >= CLASSES:
        raise DamagedFileError(
            path, f"holds the label {y.max()}, first in row {(y >= CLASSES).argmax()}; labels go to 9"
        )


def _unpacked(path: Path) -> bytes:
    packed = _first_bytes(path) == _GZIP
    content = path.read_bytes()
    try:
        return gzip.decompress(content) if packed else content
    except EOFError:
        raise DamagedFileError(
            path, f"is cut off after {len(content):,} bytes: its packed content has no end"
        ) from None
    except (OSError, zlib.error) as error:
        raise DamagedFileError(path, f"cannot be unpacked: {error}") from None


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise DamagedFileError(path, "is empty")
    if start.lstrip().startswith(b"<"):
        raise DamagedFileError(path, "is a web page (an error page, perhaps) and not the file it is named for")
    return start[:2]
