"""A thread that works on the newest request and drops whatever came before it."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable
from typing import Any

#: Workers still open, to be closed before the interpreter takes its libraries down.
_open: weakref.WeakSet[Worker] = weakref.WeakSet()


class Worker:
    """Latest wins: a new request ends the work on the one before, and nothing queues up.

    Args:
        work: Called in the thread with a request, and a function that tells whether that is still the newest;
            `work` looks at it often and returns early when it is not.
        failed: Called in the thread with the exception if `work` raises one.
        name: Name of the thread.
    """

    def __init__(
        self, work: Callable[[Any, Callable[[], bool]], None], failed: Callable[[Exception], None], name: str
    ) -> None:
        self._work, self._failed = work, failed
        self._change = threading.Condition()
        self._request: Any = None
        self._waiting = False
        self._closed = False
        self._busy = False
        #: Number of the newest request, and of the one that is worked on.
        self.generation = self.serving = 0
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()
        _open.add(self)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def submit(self, request: Any) -> int:
        """Puts a request in the place of all earlier ones; returns its generation."""
        with self._change:
            self.generation += 1
            self._request, self._waiting = request, True
            self._change.notify_all()
            return self.generation

    def wait(self, timeout: float) -> bool:
        """Waits until nothing is left to do; returns whether that came in time (seconds)."""
        with self._change:
            return self._change.wait_for(lambda: self._closed or not (self._busy or self._waiting), timeout)

    def close(self) -> None:
        """Ends the thread."""
        with self._change:
            self._closed = True
            self.generation += 1
            self._change.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        _open.discard(self)

    def _loop(self) -> None:
        while True:
            with self._change:
                self._busy = False
                self._change.notify_all()
                self._change.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                request, mine = self._request, self.generation
                self.serving = mine
                self._waiting, self._busy = False, True
            try:
                self._work(request, lambda mine=mine: mine == self.generation)
            except Exception as error:  # noqa: BLE001 - a lab outlives any single run; the learner is told
                self._failed(error)


@atexit.register
def _close_all() -> None:
    for worker in list(_open):
        worker.close()
