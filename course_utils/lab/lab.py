"""Labs: sliders that retrain while they move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from typing import Any

import ipywidgets as widgets

from course_utils.drawing import style
from course_utils.lab import controls as ui
from course_utils.lab.cells import leave_figures_to_cells, replace_lab_of_this_cell
from course_utils.lab.contract import WIDTH, Experiment, Picture, Result
from course_utils.lab.frames import Animation, FramePace
from course_utils.lab.view import RunsTable, View
from course_utils.lab.words import as_code, as_goal, as_words, duration
from course_utils.lab.worker import Worker

#: Seconds that showing a lab may wait for its first picture, TensorFlow's import included.
_FIRST_PICTURE = 120

_ASLEEP = "<p><em>A picture of the lab as it was. Run the cell to bring its sliders to life.</em></p>"

_STARTING = "getting ready"

_COMPILING = "getting ready: the course's own engine does not know a layer, so XLA compiles this network first"


class Lab(widgets.VBox):
    """Sliders, a live picture, a line that says how training went, and buttons.

    Every change of a control trains anew, from the start, with the newest values; training runs in a thread of its
    own, so that the notebook stays free.

    Args:
        experiment: A `Trainer`, or another `Experiment`.
        picture: What to draw.
        presets: Control values for each named regime.
        goal: Curve and value to reach, such as ("val_accuracy", 0.95): the status line says when it is.
        name: What the experiment is called in the code shown.
        **knobs: For each argument of `stream` a control (`slider`, `log_slider`, `int_slider`, `choice`) or a
            fixed value.

    Raises:
        ValueError: If there is no control, a preset names no control or a value that it cannot take, or the
            experiment rejects a name or a value.

    Example:
        >>> Lab(trainer, LearningCurves(), learning_rate=log_slider(1e-4, 10, 0.1), seeds=8)
    """

    _worker: Worker | None = None  # none yet in a lab whose making failed

    def __init__(
        self,
        experiment: Experiment,
        picture: Picture,
        *,
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        goal: tuple[str, float] | None = None,
        name: str = "trainer",
        **knobs: Any,
    ) -> None:
        self._experiment, self._picture, self._goal, self._name = experiment, picture, goal, name
        self.controls = {key: knob for key, knob in knobs.items() if isinstance(knob, widgets.Widget)}
        self._fixed = {key: knob for key, knob in knobs.items() if key not in self.controls}
        if not self.controls:
            raise ValueError("Lab(...) has no control: give at least one knob a slider, such as log_slider(...).")
        self._start = {key: control.value for key, control in self.controls.items()}
        self._presets = dict(presets or {})
        for label, values in self._presets.items():
            ui.check_values(values, self.controls, f"presets[{label!r}]: ")
        experiment.stream(**self.values)  # checks names and values now, so that mistakes show in the cell
        self._animation = Animation(picture)
        # Generations: of the newest request to train, of the newest that was trained or given up, of the result.
        self._asked = self._answered = self._result_of = 0
        self._result: Result | None = None
        self._whole: Any = None  # the newest result that is complete
        self._ghost: Any = None
        self._make_widgets()
        super().__init__(self._layout())
        self.add_class("course-lab")
        for widget in ui.tree(self):
            leave_figures_to_cells(widget)
        self._worker = Worker(lambda task, newest: task(newest), self._failed, "course-lab")
        replace_lab_of_this_cell(self)
        self._submit()

    @property
    def values(self) -> dict[str, Any]:
        """The arguments of `stream` as the controls now stand."""
        return {**{key: ui.value_of(control) for key, control in self.controls.items()}, **self._fixed}

    @property
    def code(self) -> str:
        """The Python call that trains the present setting."""
        return f"{self._name}.run({', '.join(f'{key}={as_code(value)}' for key, value in self.values.items())})"

    @property
    def status(self) -> str:
        """The words of the status line."""
        return self._view.words

    @property
    def result(self) -> Any:
        """The newest result, complete or not."""
        return self._result

    @property
    def generation(self) -> int:
        """Number of the newest request; the status line carries the number of the one that it speaks of."""
        return self._worker.generation

    @property
    def _training(self) -> bool:
        return self._asked > self._answered

    def wait(self, timeout: float = _FIRST_PICTURE) -> bool:
        """Waits until the newest setting is trained and drawn; returns whether that came in time (seconds)."""
        return self._worker.wait(timeout)

    def keep(self, _: Any = None) -> None:
        """Keeps the present curve as a ghost to compare with."""
        self._ghost = self._result
        if not self._training:  # otherwise the next frame shows it, and the training must not be dropped for it
            self._worker.submit(self._redraw)

    def reset(self, _: Any = None) -> None:
        """Puts all controls back and drops the ghost."""
        self._ghost = None
        self.set(**self._start)

    def stop(self, _: Any = None) -> None:
        """Stops training; what has been trained so far stays on the picture."""
        self._worker.submit(self._stop)

    def set(self, **values: Any) -> None:
        """Sets controls and trains, once for all of them.

        Args:
            **values: A value for each control that is to move.

        Raises:
            ValueError: If there is no such control, or it cannot take the value; then none moves.
        """
        ui.check_values(values, self.controls)
        with ui.unheard(self._submit, self.controls.values()):
            for key, value in values.items():
                self.controls[key].value = value
        self._submit()

    def close(self) -> None:
        """Ends the thread and closes every widget of the lab."""
        if self._worker is not None:
            self._worker.close()
        ui.close_tree(self)

    def _make_widgets(self) -> None:
        for key, control in self.controls.items():
            control.description = control.description or key.replace("_", " ")
            control.style.description_width = "9.5em"
            control.layout.width = "min(100%, 30em)"
            control.observe(self._submit, "value")
        self._view = View(alt=self._picture.alt(), width=style.shown_pixels(WIDTH))
        self._view.show(f"{_STARTING} …", "starting", 0)
        self._code = widgets.HTML()
        self._runs_table = RunsTable()

    def _layout(self) -> list[widgets.Widget]:
        actions = {"Keep as ghost": self.keep, "Reset": self.reset, "Stop": self.stop}
        buttons = [ui.button(label, action) for label, action in actions.items()]
        presets = [
            ui.button(label, lambda _, values=values: self.set(**{**self._start, **values}))
            for label, values in self._presets.items()
        ]
        wrap = {"flex_flow": "row wrap", "width": "100%"}
        rows = [widgets.Box(list(self.controls.values()), layout=wrap), self._view]
        if presets:
            rows.append(widgets.Box([widgets.Label("Try:"), *presets], layout=wrap))
        rows.append(widgets.Box(buttons, layout=wrap))
        more = widgets.Accordion([self._runs_table, self._code], titles=("Runs tried", "Show the code"))
        return [*rows, more]

    def _submit(self, _: Any = None) -> None:
        self._show_code()
        self._asked = self._worker.submit(partial(self._train, self.values))

    def _show_code(self, engine: str = "") -> None:
        trained_by = f"# trained by: {engine}\n" if engine else ""
        self._code.value = f"<pre>{escape(trained_by + self.code)}</pre>"

    # What follows runs in the worker's thread: the requests, each told whether it is still the newest, and their parts.

    def _redraw(self, _: Callable[[], bool]) -> None:
        if self._result is not None:
            self._show(self._result, self._view.words, self._view.state)

    def _stop(self, newest: Callable[[], bool]) -> None:
        if self._training:
            begun = self._result_of == self._asked
            self._answered = self._worker.serving
            self._say(f"stopped · {self._result.summary()}" if begun else "stopped before it began", "stopped")
        self._redraw(newest)

    def _train(self, values: Mapping[str, Any], newest: Callable[[], bool]) -> None:
        frames, result = FramePace(), None
        for result in self._experiment.stream(**values):
            if not newest():
                return
            if result.progress is None:
                self._say(f"{_COMPILING} …", "training")
                frames = FramePace()
            if not result.progress:
                continue
            self._result, self._result_of = result, self._worker.serving
            if frames.wants(result):
                self._show(result, f"training · {result.summary()}", "training")
        self._whole, self._answered = result, self._worker.serving
        words = f"{result.summary()} · {duration(frames.seconds)}{as_goal(self._goal, result)}"
        self._show(result, words, "finished", run=frames.seconds)
        row = {key.replace("_", " "): as_words(values[key]) for key in self.controls}
        self._runs_table.add(row | result.scores())
        self._show_code(result.engine)

    def _show(self, result: Result, words: str, state: str, **spent: float) -> None:
        """Draws; while training goes on, over the last complete result, so that there is something to compare."""
        ghosts = {"kept": self._ghost, "before": self._whole if state == "training" else None}
        picture = self._animation.png(result, {name: ghost for name, ghost in ghosts.items() if ghost is not None})
        spent |= self._animation.spent
        milliseconds = {part: round(1000 * seconds, 1) for part, seconds in spent.items()}
        self._view.show(words, state, self._worker.serving, picture, milliseconds)

    def _failed(self, error: Exception) -> None:
        self._answered = self._worker.serving
        self._say(f"cannot train: {error}", "failed")

    def _say(self, words: str, state: str) -> None:
        self._view.show(words, state, self._worker.serving)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **options: Any) -> dict[str, Any]:
        """The widget, and for readers without a kernel a still picture with its words."""
        try:
            self.wait()
        except KeyboardInterrupt:
            self.stop()
            raise
        bundle = super()._repr_mimebundle_(include=include, exclude=exclude, **options) or {}
        data, *metadata = bundle if isinstance(bundle, tuple) else (bundle,)
        words = (
            f"Lab with the controls {', '.join(c.description for c in self.controls.values())}. {self._picture.alt()}"
        )
        data["text/plain"] = words
        if self._view.picture:
            data["text/html"] = style.img_tag(self._view.picture, words, WIDTH) + _ASLEEP
        return (data, *metadata) if metadata else data
