"""The cores of this machine: how many there are, and the same work done on all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any


def cores() -> int:
    """Counts the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(work: Callable[[Any], Any], items: Sequence[Any]) -> None:
    """Does the same with every item, a core each; compiled code lets other threads run.

    Args:
        work: What to do. It must not call this function itself.
        items: What to do it with.
    """
    if len(items) < 2 or cores() == 1:
        for item in items:
            work(item)
    else:
        list(_executor(os.getpid()).map(work, items))


@lru_cache(maxsize=1)
def _executor(process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - threads do not survive a fork
    return ThreadPoolExecutor(cores(), thread_name_prefix="course-training")
