"""From a model, or a function that builds one, to a population that is compiled only once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from course_utils import optimizers, twins
from course_utils.population import Population


@lru_cache(maxsize=32)
def population_of(
    model: Any,
    shape: tuple,
    knobs: tuple,
    optimizer: str,
    loss: str | None,
    track_updates: bool,  # noqa: FBT001 - a cached call
) -> Population:
    """Builds a model if need be, checks it against the data, and makes its population.

    Args:
        model: A Keras model, or a function of input shape, outputs and knobs that builds one.
        shape: Shape of one example, number of outputs, and number of classes or None.
        knobs: Names and values of the function's keywords.
        optimizer: A key of `optimizers.OPTIMIZERS`.
        loss: Name of a loss, None to pick one that fits.
        track_updates: Whether to measure the length of every gradient and of every update.

    Returns:
        The population; the same one for the same arguments.

    Raises:
        ValueError: If model and data do not fit each other.
    """
    input_shape, outputs, classes = shape
    if not hasattr(model, "stateless_call"):
        model = model(input_shape, outputs, **dict(knobs))
    twins.require_layers(model)
    if tuple(model.input_shape[1:]) != input_shape:
        raise ValueError(
            f"model={model.name!r} takes inputs of shape {tuple(model.input_shape[1:])}, but the data set has "
            f"{input_shape}: build it with keras.Input({input_shape})."
        )
    if classes is None and model.output_shape[-1] != outputs:
        raise ValueError(
            f"model={model.name!r} puts out {model.output_shape[-1]} numbers, but the data set has {outputs} "
            f"targets: give the last layer {outputs} units."
        )
    return Population(model, optimizers.get(optimizer), loss, classes, track_updates=track_updates)
