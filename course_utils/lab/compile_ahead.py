"""Compiling in idle moments, while no cell runs, what the next move of a lab's controls could ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import ipywidgets as widgets

from course_utils.lab.cells import cells
from course_utils.lab.contract import Experiment
from course_utils.lab.controls import options_of
from course_utils.lab.worker import Worker

#: Held while one lab compiles ahead: after "Run All", those of all labs together would take every core.
_turn = threading.Lock()


class CompileAhead:
    """A thread that compiles for where one move of a control can lead.

    Args:
        experiment: Whose `compile` and `signature` take the knobs of `stream`.
        controls: The controls, by the knobs that they set.
    """

    def __init__(self, experiment: Experiment, controls: Mapping[str, widgets.Widget]) -> None:
        self._experiment, self._controls = experiment, controls
        cells.watch()
        self._done: set[Hashable] = {None}
        # An error here comes again, and is shown, when a control is moved to that setting.
        self._worker = Worker(self._compile, lambda _: None, "course-lab-compile-ahead")

    def start(self, values: Mapping[str, Any]) -> None:
        """Compiles for moves from these values, and for no others that are not begun yet."""
        self._worker.submit(dict(values))

    def wait(self, timeout: float) -> bool:
        """Waits until all is compiled; returns whether that came in time (seconds)."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Ends the thread."""
        self._worker.close()

    def _compile(self, values: Mapping[str, Any], newest: Callable[[], bool]) -> None:
        self._done.add(self._experiment.signature(**values))  # the lab has just trained with these
        for move in _neighbours(self._controls):
            ahead = {**values, **move}
            signature = self._experiment.signature(**ahead)
            if signature not in self._done:
                # A cell that runs needs the cores itself.
                if not cells.wait_for_pause(newest):
                    return
                with _turn:
                    if not newest():
                        return
                    self._experiment.compile(**ahead)
                self._done.add(signature)


def _neighbours(controls: Mapping[str, widgets.Widget]) -> Iterator[dict[str, Any]]:
    """Lists the other options of every choice, and the next whole numbers of every slider."""
    for key, control in controls.items():
        if isinstance(control, widgets.Dropdown):
            options = options_of(control)
        elif isinstance(control, widgets.IntSlider):
            options = [control.value + step for step in (control.step, -control.step)]
            options = [value for value in options if control.min <= value <= control.max]
        else:
            continue
        yield from ({key: value} for value in options if value is not control.value)
