"""The kernel in a JavaScript engine: a machine for the tests, whose calls are answered by Node or by a browser."""

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np

from course_utils.training.kernel import build
from course_utils.training.kernel.placed import Placed

SCRIPT = Path(__file__).with_name("machine.js").read_text(encoding="utf-8")


class JavaScript:
    """Runs the kernel elsewhere; the memory that is seen here is handed over before and after every call.

    Args:
        ask: Calls one of the functions of machine.js, by its name, and gives what it returns.
        wasm: The WebAssembly file.
    """

    name = "JavaScript"

    def __init__(self, ask: Callable, wasm: bytes | None = None):
        self._ask = ask
        self._number, self._start = ask("start", base64.b64encode(wasm or build.WASM.read_bytes()).decode())

    def place(self, arrays):
        places, top = [], self._start
        for array in arrays:
            places.append(-(-top // 64) * 64)
            top = places[-1] + array.nbytes
        self._memory = np.zeros(top - self._start, "uint8")
        placed = []
        for place, array in zip(places, arrays):
            raw = self._memory[place - self._start :][: array.nbytes]
            placed.append(Placed(place, raw.view(array.dtype).reshape(array.shape)))
            placed[-1].view[...] = array
        return placed

    def call(self, function, *arguments):
        plain = [getattr(argument, "address", argument) or 0 for argument in arguments]
        before = base64.b64encode(self._memory).decode()
        given, after = self._ask("call", self._number, self._start, before, function, plain)
        self._memory[:] = np.frombuffer(base64.b64decode(after), "uint8")
        return given
