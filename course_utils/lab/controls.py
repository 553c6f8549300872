"""Controls of a lab: what a knob looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np


def slider(low: float, high: float, value: float, step: float = 0.01) -> widgets.FloatSlider:
    """A slider for numbers from low to high."""
    return widgets.FloatSlider(value, min=low, max=high, step=step, readout_format=".3g")


def log_slider(low: float, high: float, value: float, step: float = 0.1) -> widgets.FloatLogSlider:
    """A slider for numbers from low to high on a logarithmic scale; `step` is in powers of ten."""
    return widgets.FloatLogSlider(value, min=np.log10(low), max=np.log10(high), step=step, readout_format=".3g")


def int_slider(low: int, high: int, value: int, step: int = 1) -> widgets.IntSlider:
    """A slider for whole numbers from low to high."""
    return widgets.IntSlider(value, min=low, max=high, step=step)


def choice(options: Mapping[str, Any] | Sequence[Any], value: Any) -> widgets.Dropdown:
    """A list of values to choose one from; of named values, given as a mapping, `value` is the name of the first."""
    if isinstance(options, Mapping):
        return widgets.Dropdown(options=list(options.items()), value=options[value])
    return widgets.Dropdown(options=[(str(option), option) for option in options], value=value)


def value_of(control: widgets.Widget) -> Any:
    """Reads a control; numbers come with three digits, as the learner reads them beside the slider."""
    return float(f"{control.value:.3g}") if isinstance(control.value, float) else control.value


def check_presets(presets: Mapping[str, Mapping[str, Any]], controls: Mapping[str, widgets.Widget]) -> None:
    """Raises a ValueError if a preset names something that is no control."""
    for label, values in presets.items():
        for key in values:
            if key not in controls:
                raise ValueError(
                    f"presets[{label!r}] sets {key!r}, which has no control: choose among {list(controls)}."
                )


def button(label: str, action: Callable[[Any], None]) -> widgets.Button:
    """Makes a button as wide as its label."""
    made = widgets.Button(description=label, layout={"width": "auto"})
    made.on_click(action)
    return made


def tree(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """Lists a widget, all inside it, and what belongs to each: layout and style have channels of their own."""
    for child in getattr(widget, "children", ()):
        yield from tree(child)
    for part in ("layout", "style"):
        if isinstance(getattr(widget, part, None), widgets.Widget):
            yield getattr(widget, part)
    yield widget


def close_tree(widget: widgets.Widget) -> None:
    """Closes a widget and all that belongs to it."""
    for part in list(tree(widget)):
        widgets.Widget.close(part)  # a lab's own `close` comes here
