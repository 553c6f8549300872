"""From a model, or a function that builds one, to a population that is compiled only once."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any
from weakref import WeakValueDictionary

import keras

from course_utils.training import fast_layers, optimizers
from course_utils.training.population import Population

#: A population for each computation: networks that differ in their initialisers only are compiled once.
_ALIKE: WeakValueDictionary[tuple, Population] = WeakValueDictionary()


@lru_cache(maxsize=32)
def population_of(
    model: Any,
    shape: tuple,
    knobs: tuple,
    optimizer: str,
    loss: str | None,
    track_norms: bool,  # noqa: FBT001 - a cached call
) -> Population:
    """Builds a model if need be, checks it against the data, and makes its population.

    Args:
        model: A Keras model, or a function of input shape, outputs and knobs that builds one.
        shape: Shape of one example, number of outputs, and number of classes or None.
        knobs: Names and values of the function's keywords.
        optimizer: A key of `optimizers.OPTIMIZERS`.
        loss: Name of a loss, None to pick one that fits.
        track_norms: Whether to measure the length of every gradient and of every update.

    Returns:
        The population; the same one for the same arguments.

    Raises:
        ValueError: If model and data do not fit each other.
    """
    input_shape, outputs, classes = shape
    builder = None if hasattr(model, "stateless_call") else model
    if builder is not None:
        model = builder(input_shape, outputs, **dict(knobs))
    fast_layers.require_layers(model)
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
    computation = (builder, shape, optimizer, loss, track_norms, _without_initializers(model))
    if builder is not None and computation in _ALIKE:
        return _ALIKE[computation].starting_as(model)
    population = Population(model, optimizers.get(optimizer), loss, classes, track_norms=track_norms)
    if builder is not None:
        _ALIKE[computation] = population
    return population


def _without_initializers(model: keras.Model) -> str:
    """Writes down what a model computes, which does not depend on its initialisers and the names of its layers."""
    numbers = {layer.name: number for number, layer in enumerate([model, *fast_layers.layers_of(model)])}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(part) for key, part in value.items() if not key.endswith("_initializer")}
        if isinstance(value, list | tuple):
            return [plain(part) for part in value]
        return numbers.get(value, value) if isinstance(value, str) else value

    return json.dumps(plain(model.get_config()), default=repr, sort_keys=True)
