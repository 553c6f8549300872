"""Makes small files in the format in which MNIST was published."""

import gzip
import struct

import numpy as np


def pictures(rows, seed=0):
    """Gives pictures of noise, and labels 0, 1, … 9, 0, 1, …"""
    x = np.random.default_rng(seed).integers(0, 256, (rows, 28, 28), dtype=np.uint8)
    return x, (np.arange(rows) % 10).astype(np.uint8)


def idx(array):
    """Gives the bytes of an IDX file."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_pair(folder, part, x, y, *, mark="-", ending=".gz"):
    """Writes pictures and labels under the names of a part; gives both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind, array in (("images", x), ("labels", y)):
        path = folder / f"{part}-{kind}{mark}idx{array.ndim}-ubyte{ending}"
        path.write_bytes(gzip.compress(idx(array)) if ending else idx(array))
        paths.append(path)
    return paths
