"""Finds what runs the kernel here: a native library that proves itself, or else WebAssembly."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from course_utils.training.kernel import self_test
from course_utils.training.kernel.native import Native
from course_utils.training.kernel.placed import Machine, Unavailable
from course_utils.training.kernel.wasm import Wasm


@dataclass(frozen=True)
class Choice:
    """What runs the kernel.

    Args:
        make: Makes a machine, one for each thread.
        name: What it is called, such as "native (avx2)".
        reason: Why it is this one.
    """

    make: Callable[[], Machine]
    name: str
    reason: str


def choose() -> Choice:
    """Tries the native library and then WebAssembly; the first that gives the stored fingerprint is taken.

    The variable COURSE_KERNEL=wasm leaves the native library out.

    Raises:
        Unavailable: If neither runs here; it says why.
    """
    return _choose(os.environ.get("COURSE_KERNEL", ""))


@lru_cache
def _choose(wanted: str) -> Choice:
    if wanted not in {"", "wasm", "native"}:
        raise ValueError(f"COURSE_KERNEL={wanted!r} cannot be used: choose native or wasm, or leave it out.")
    reasons = []
    for kind, make in (("native", Native), ("wasm", Wasm)):
        if wanted not in {"", kind}:
            reasons.append(f"COURSE_KERNEL={wanted}")
            continue
        try:
            name = make().name
            if self_test.fingerprint(self_test.trained(make)) != self_test.EXPECTED:
                raise Unavailable(f"{name} gives other bits than it should")  # noqa: TRY301 - like every other reason
        except Unavailable as unavailable:
            reasons.append(str(unavailable))
        else:
            return Choice(make, name, "; ".join(reasons) or "it gives the bits that it should")
    raise Unavailable("; ".join(reasons))
