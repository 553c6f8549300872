"""The machines that can run the kernel here: the native library with each instruction set, and WebAssembly."""

import pytest

from course_utils.training.kernel import build, native
from course_utils.training.kernel.placed import Unavailable
from course_utils.training.kernel.wasm import Wasm


@pytest.fixture(scope="session", params=["wasm", *build.INSTRUCTION_SETS[build.architecture()]])
def machine(request):
    """Gives a function that makes a machine."""

    def make():
        return Wasm() if request.param == "wasm" else native.Native(request.param)

    try:
        make()
    except Unavailable as reason:
        pytest.skip(str(reason))
    return make


@pytest.fixture(scope="session")
def any_machine():
    """Gives a function that makes the best machine there is."""
    from course_utils.training.kernel.machine import choose

    try:
        return choose().make
    except Unavailable as reason:
        pytest.skip(str(reason))
