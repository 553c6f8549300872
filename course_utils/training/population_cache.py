"""From a model, or a function that builds one, to a population that is compiled only once."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import WeakValueDictionary

import keras

from course_utils.training import fast_layers, optimizers
from course_utils.training.population import Population

#: Shape of one example, number of outputs, and number of classes, which is None for a regression.
Problem = tuple[tuple[int, ...], int, int | None]

#: A population for each computation: networks that differ in their initialisers only are compiled once.
_ALIKE: WeakValueDictionary[tuple, Population] = WeakValueDictionary()


def population_of(
    model: keras.Model | Callable[..., keras.Model],
    problem: Problem,
    knobs: tuple[tuple[str, Any], ...],
    optimizer: str,
    loss: str | None,
    *,
    track_norms: bool,
) -> Population:
    """Builds a model if need be, checks it against the data, and makes its population.

    Args:
        model: A Keras model, or a function of input shape, outputs and knobs that builds one.
        problem: What the model is to learn.
        knobs: Names and values of the function's keywords.
        optimizer: A key of `optimizers.OPTIMIZERS`.
        loss: Name of a loss, None to pick one that fits.
        track_norms: Whether to measure the length of every gradient and of every update.

    Returns:
        The population: the same one for the same function and arguments; a new one for a model, which may have changed.

    Raises:
        ValueError: If model and data do not fit each other.
    """
    if hasattr(model, "stateless_call"):
        _check(model, problem)
        return Population(model, optimizers.get(optimizer), loss, problem[-1], track_norms=track_norms)
    return _built(model, problem, knobs, optimizer, loss, track_norms=track_norms)


@lru_cache(maxsize=32)
def _built(
    builder: Callable, problem: Problem, knobs: tuple, optimizer: str, loss: str | None, *, track_norms: bool
) -> Population:
    model = builder(*problem[:2], **dict(knobs))
    _check(model, problem)
    computation = (builder, problem, optimizer, loss, track_norms, _without_initializers(model))
    if computation in _ALIKE:
        return _ALIKE[computation].starting_as(model)
    population = Population(model, optimizers.get(optimizer), loss, problem[-1], track_norms=track_norms)
    _ALIKE[computation] = population
    return population


def _check(model: keras.Model, problem: Problem) -> None:
    """Raises a ValueError unless the model can learn the problem."""
    input_shape, outputs, classes = problem
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
