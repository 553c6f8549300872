"""Controls of a lab: what a knob looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any

import ipywidgets as widgets
import numpy as np

from course_utils.training.knobs import Rule, integer, one_of


def slider(low: float, high: float, value: float, step: float = 0.01) -> widgets.FloatSlider:
    """A slider for numbers.

    Args:
        low: The smallest number.
        high: The largest number.
        value: The first number; one outside the range is moved to its nearer end.
        step: Distance between two numbers.

    Returns:
        The slider.

    Raises:
        TraitError: If `low` is above `high`.
    """
    return widgets.FloatSlider(value, min=low, max=high, step=step, readout_format=".3g")


def log_slider(low: float, high: float, value: float, step: float = 0.1) -> widgets.FloatLogSlider:
    """A slider for numbers on a logarithmic scale.

    Args:
        low: The smallest number, above 0.
        high: The largest number.
        value: The first number; one outside the range is moved to its nearer end.
        step: Distance between two numbers in powers of ten: 0.1 is a factor of 1.26.

    Returns:
        The slider.

    Raises:
        TraitError: If `low` is above `high`.
    """
    return widgets.FloatLogSlider(value, min=np.log10(low), max=np.log10(high), step=step, readout_format=".3g")


def int_slider(low: int, high: int, value: int, step: int = 1) -> widgets.IntSlider:
    """A slider for whole numbers.

    Args:
        low: The smallest number.
        high: The largest number.
        value: The first number; one outside the range is moved to its nearer end.
        step: Distance between two numbers.

    Returns:
        The slider.

    Raises:
        TraitError: If `low` is above `high`.
    """
    return widgets.IntSlider(value, min=low, max=high, step=step)


def choice(options: Sequence[Any] | Mapping[str, Any], value: Any) -> widgets.Dropdown:
    """Values to choose one from.

    Args:
        options: The values, or a value for each name to show.
        value: The first choice: a value, or its name.

    Returns:
        A drop-down list; its `value` is one of the values, whatever name is shown.

    Raises:
        ValueError: If that is not among the options.

    Example:
        >>> choice([8, 32, 128], 32), choice({"none": 0, "two": 2}, 2)
    """
    named = dict(options) if isinstance(options, Mapping) else {str(option): option for option in options}
    if value not in named.values():
        one_of(*named).check("value", value)
        value = named[value]
    return widgets.Dropdown(options=list(named.items()), value=value)


def value_of(control: widgets.Widget) -> Any:
    """Reads a control; numbers come with three digits, as the learner reads them beside the slider."""
    return float(f"{control.value:.3g}") if isinstance(control.value, float) else control.value


def options_of(control: widgets.Widget) -> list[Any]:
    """Lists the values to choose from; none for a control of numbers."""
    options = getattr(control, "options", ())
    return [option[1] if isinstance(option, tuple) else option for option in options]


def check_values(values: Mapping[str, Any], controls: Mapping[str, widgets.Widget], where: str = "") -> None:
    """Checks that there is a control for each value, and that it can take the value.

    Args:
        values: Values by the names of their controls.
        controls: Controls by name.
        where: Words that an error message begins with, such as the name of a preset.

    Raises:
        ValueError: If a name belongs to no control, or a control cannot take its value.
    """
    for key, value in values.items():
        rule = _rule_of(controls[key]) if key in controls else Rule(lambda _: False, f"choose among {list(controls)}")
        rule.check(where + key, value)


def _rule_of(control: widgets.Widget) -> Rule:
    if options := options_of(control):
        return one_of(*options)
    if not hasattr(control, "min"):  # a widget of another kind, which checks its values itself
        return Rule(lambda _: True, "")
    low, high = control.min, control.max
    if isinstance(control, widgets.IntSlider):
        return integer(low, high)
    if isinstance(control, widgets.FloatLogSlider):
        low, high = control.base**low, control.base**high
    # The ends are computed, so that the last digit of a value may lie beyond them.
    room = 1e-9 * max(abs(low), abs(high))
    return Rule(
        lambda value: isinstance(value, Real) and not isinstance(value, bool) and low - room <= value <= high + room,
        f"choose a number from {low:.3g} to {high:.3g}",
    )


@contextmanager
def unheard(handler: Callable[[Any], None], controls: Iterable[widgets.Widget]) -> Iterator[None]:
    """Keeps moves of controls from a handler that observes their values, for the length of the `with` block."""
    controls = list(controls)
    for control in controls:
        control.unobserve(handler, "value")
    try:
        yield
    finally:
        for control in controls:
            control.observe(handler, "value")


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
