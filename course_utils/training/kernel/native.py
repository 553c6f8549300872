"""The kernel as a native library, made where the course was installed."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from mmap import mmap
from pathlib import Path

import numpy as np

from course_utils.training.kernel import build
from course_utils.training.kernel.placed import SIGNATURES, Placed, Unavailable

#: Bytes of a cache line, at which each array begins.
_LINE = 64

_TYPES = {"pointer": ctypes.c_void_p, "int": ctypes.c_int32, "float": ctypes.c_float}


@lru_cache
def _library(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise Unavailable(f"the native library does not load: {error}") from error


def checked_library() -> ctypes.CDLL:
    """Loads the library, if it is the file that was built from the present source.

    Raises:
        Unavailable: If there is none, or it is another one.
    """
    if not (build.NATIVE.exists() and build.NATIVE_RECORD.exists()):
        raise Unavailable("no native library was built where the course was installed")
    try:
        facts = json.loads(build.NATIVE_RECORD.read_text(encoding="utf-8"))
        source, made = facts["source"], facts["made"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"the record beside the native library cannot be read: {error!r}") from error
    if source != build.digest(build.SOURCE):
        raise Unavailable("the native library was built from another source")
    if made != build.digest(build.NATIVE):  # a damaged library can crash while it is loaded
        raise Unavailable("the native library is not the file that was built")
    return _library(build.NATIVE)


def instruction_sets(library: ctypes.CDLL) -> list[str]:
    """Lists the instruction sets that both library and processor have, the best last."""
    names = build.INSTRUCTION_SETS[build.architecture()]
    held = [name for name in names if hasattr(library, f"{name}_train")]
    return [name for name in held if not hasattr(library, f"has_{name}") or getattr(library, f"has_{name}")()]


class Native:
    """Runs the kernel in the processor's own instructions.

    Args:
        instructions: Which of `instruction_sets`; None takes the best.
        path: Another library than the checked one, for control builds.

    Raises:
        Unavailable: If there is no such library.
    """

    def __init__(self, instructions: str | None = None, path: Path | None = None) -> None:
        library = checked_library() if path is None else _library(path)
        there = instruction_sets(library)
        if not there:
            raise Unavailable("the native library has no instruction set of this processor")
        instructions = instructions or there[-1]
        if instructions not in there:
            raise Unavailable(f"instructions={instructions!r} cannot be used here: choose {' or '.join(there)}")
        self.name = f"native ({instructions})"
        self._functions = {}
        for name, types in SIGNATURES.items():
            # A function object of our own: one library serves several machines, and several threads.
            prototype = ctypes.CFUNCTYPE(ctypes.c_int32, *(_TYPES[kind] for kind in types))
            self._functions[name] = prototype((f"{instructions}_{name}", library))

    def place(self, arrays: Sequence[np.ndarray]) -> list[Placed]:
        """Copies arrays into memory of their own; those in one piece that nobody writes to stay where they are.

        What hundreds of networks need for a second would else stay with the C library's allocator for good. One piece
        of memory goes back to the system as soon as no array in it is used any more.
        """
        ends = list(accumulate(0 if _stays(array) else -(-array.nbytes // _LINE) * _LINE for array in arrays))
        memory = mmap(-1, max(ends[-1], 1))
        placed = []
        for array, start in zip(arrays, [0, *ends]):
            view = array if _stays(array) else np.ndarray(array.shape, array.dtype, memory, start)
            if view is not array:
                view[...] = array
            placed.append(Placed(view.ctypes.data, view))
        return placed

    def call(self, function: str, *arguments: Placed | float | None) -> int:
        """Calls a function of the kernel."""
        return self._functions[function](*(a.address if isinstance(a, Placed) else a for a in arguments))


def _stays(array: np.ndarray) -> bool:
    return array.flags.c_contiguous and not array.flags.writeable
