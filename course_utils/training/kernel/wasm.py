"""The kernel as WebAssembly, which needs no compiler and runs wherever `wasmtime` does."""

from __future__ import annotations

import atexit
import ctypes
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from course_utils.training.kernel import build
from course_utils.training.kernel.placed import SIGNATURES, Placed, Unavailable

_PAGE = 65536

#: Bytes that an address of 32 bits reaches.
_MOST = 2**32


@lru_cache(maxsize=1)
def _module(process: int) -> tuple[Any, Any]:  # noqa: ARG001 - a forked process makes its own
    try:
        import wasmtime
    except (ImportError, OSError, RuntimeError) as error:  # a wheel may install where its library cannot load
        raise Unavailable(f"wasmtime does not load: {error}") from error
    atexit.register(_leave_to_the_system)
    config = wasmtime.Config()
    config.wasm_relaxed_simd = False  # those instructions may give other bits on another processor
    engine = wasmtime.Engine(config)
    try:
        return engine, wasmtime.Module.from_file(engine, str(build.WASM))
    except (OSError, wasmtime.WasmtimeError) as error:
        raise Unavailable(f"{build.WASM.name} does not load: {error}") from error


def _leave_to_the_system() -> None:
    """Has wasmtime free nothing when the process ends, which gives its memory back as a whole.

    It would do so after its own modules have been emptied and complain on stderr, or under a thread that still trains.
    """
    import wasmtime

    wasmtime.Managed.__del__ = lambda _: None


class Wasm:
    """Runs the kernel in wasmtime; each has a memory of its own.

    Raises:
        Unavailable: If wasmtime is not installed or cannot be loaded.
    """

    name = "WebAssembly"

    def __init__(self) -> None:
        engine, module = _module(os.getpid())
        import wasmtime

        self._store = wasmtime.Store(engine)
        exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._memory = exports["memory"]
        self._functions = {name: exports[name] for name in SIGNATURES}
        self._top = exports["__heap_base"].value(self._store)

    def place(self, arrays: Sequence[np.ndarray]) -> list[Placed]:
        """Copies arrays into the memory. Growing it may move it, so all are placed in one call."""
        places = []
        for array in arrays:
            places.append(-(-self._top // 64) * 64)
            self._top = places[-1] + array.nbytes
        if self._top > _MOST:
            raise MemoryError(f"{self._top * 1e-9:.1f} GB are needed, and WebAssembly has 4.")
        import wasmtime

        try:
            self._memory.grow(self._store, max(0, -(-self._top // _PAGE) - self._memory.size(self._store)))
        except wasmtime.WasmtimeError as error:
            raise MemoryError(f"there are no {self._top * 1e-9:.1f} GB left.") from error
        base = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        placed = []
        for place, array in zip(places, arrays):
            raw = (ctypes.c_char * array.nbytes).from_address(base + place)
            raw.owner = self  # whoever holds a view keeps the memory
            view = np.frombuffer(raw, array.dtype).reshape(array.shape)
            view[...] = array
            placed.append(Placed(place, view))
        return placed

    def call(self, function: str, *arguments: Placed | float | None) -> int:
        """Calls a function of the kernel."""
        plain = (a.address if isinstance(a, Placed) else 0 if a is None else a for a in arguments)
        return self._functions[function](self._store, *plain)
