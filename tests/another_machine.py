"""Runs a command as on a processor of 2008 and without the native kernel: `python -m tests.another_machine make test`.

What is played is x86-64-v2, a Nehalem: no AVX, no fused multiply-adds. Libraries then take other paths, whose sums
have another order, so that what depends on the machine shows. On a processor of another kind the instructions of x86
cannot be taken away; there NumPy goes without what it would choose at run time, and the kernel is WebAssembly.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys


def environment() -> dict[str, str]:
    """Gives the variables that make libraries do without what this processor has.

    Returns:
        Values by the names of the variables. They are read when a library is loaded, so a new process is needed.
    """
    # NumPy warns of a feature that its build does not know or cannot do without, so it is asked what there is.
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    features = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    already = os.environ.get("NPY_DISABLE_CPU_FEATURES", "").split()  # it may be that another machine is played here
    played = {"COURSE_KERNEL": "wasm", "NPY_DISABLE_CPU_FEATURES": " ".join([*already, *features])}
    if platform.machine().lower() in {"x86_64", "amd64"}:
        own = os.environ.get("XLA_FLAGS", "")
        played |= {"XLA_FLAGS": f"{own} --xla_cpu_max_isa=SSE4_2".strip(), "OPENBLAS_CORETYPE": "Nehalem"}
    return played


def main(command: list[str]) -> int:
    """Says what is played, runs the command, and gives its exit status."""
    played = environment()
    print("Played:", *(f"{name}={value!r}" for name, value in played.items()), flush=True)
    return subprocess.run(command, env=os.environ | played, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
