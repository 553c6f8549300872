"""Networks of one architecture and one loss: what they compute, and what each of them starts from."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import keras

from course_utils.training import losses
from course_utils.training.initialization import InitialWeights
from course_utils.training.keras_models import has_dropout, layers_of, output_activation, require_layers

#: Shape of one example, number of outputs, and number of classes, which is None for a regression.
Problem = tuple[tuple[int, ...], int, int | None]


@dataclass(frozen=True)
class Computation:
    """What networks compute, whatever they start from: equal ones can share what is compiled.

    Args:
        key: Equal where models compute the same.
        loss: A key of `losses.LOSSES`.
        classify: Whether the targets are classes.
        model: One of the models.
    """

    key: Hashable
    loss: str
    classify: bool
    model: keras.Model = field(compare=False)


class Population:
    """Networks that share an architecture and a loss, and differ in weights and knobs.

    Args:
        model: The Keras model; it is read, never changed.
        problem: What the networks are to learn.
        loss: Name of a loss, None to pick one that fits.
        built_by: What built the model, which then stays as it is; None for a model that may change.

    Raises:
        ValueError: If the model cannot learn the problem.
    """

    def __init__(
        self, model: keras.Model, problem: Problem, loss: str | None, built_by: Callable | None = None
    ) -> None:
        _check(model, problem)
        self.model = model
        self.loss, _ = losses.choose(loss, problem[-1], model.output_shape[-1])
        self.classify = problem[-1] is not None
        _check_output(model, self.loss)
        self._built_by = built_by
        self._initial = InitialWeights(model)

    @cached_property
    def computation(self) -> Computation:
        """What the networks compute."""
        key = object() if self._built_by is None else (self._built_by, _without_initializers(self.model))
        return Computation(key, self.loss, self.classify, self.model)

    @property
    def has_recurrence(self) -> bool:
        """Whether a layer goes through its input step by step."""
        return any(isinstance(layer, keras.layers.RNN) for layer in layers_of(self.model))

    def initial_weights(self, seed: int, scale: float) -> tuple[list, list]:
        """Draws the first weights of a member, in the order of the Keras model's variables."""
        return self._initial.draw(seed, scale)

    def check_dropout(self, rates: list[float | None]) -> None:
        """Raises a ValueError if there is a dropout rate and no layer to use it."""
        given = [rate for rate in rates if rate is not None]
        if given and not has_dropout(self.model):
            raise ValueError(
                f"dropout={given[0]!r} has nothing to act on: put keras.layers.Dropout into the model "
                "(models.mlp does with dropout_layers=True)."
            )


@lru_cache(maxsize=64)
def built(builder: Callable[..., keras.Model], problem: Problem, knobs: tuple, loss: str | None) -> Population:
    """Builds a model, and makes its population.

    Args:
        builder: A function of input shape, outputs and knobs.
        problem: What the model is to learn.
        knobs: Names and values of the function's keywords.
        loss: Name of a loss, None to pick one that fits.

    Returns:
        The population: the same one for the same arguments.

    Raises:
        ValueError: If the model cannot learn the problem.
    """
    return Population(builder(*problem[:2], **dict(knobs)), problem, loss, builder)


def _check(model: keras.Model, problem: Problem) -> None:
    """Raises a ValueError unless the model can learn the problem."""
    input_shape, outputs, classes = problem
    require_layers(model)
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


def _check_output(model: keras.Model, loss: str) -> None:
    """Raises a ValueError if the last activation and the loss do not fit each other."""
    fitting, activation = losses.FROM_LOGITS.get(loss), output_activation(model)
    if fitting and activation not in (fitting, None):
        raise ValueError(
            f"model={model.name!r} ends in {activation}, which does not fit loss={loss!r}: "
            f"let it end in {fitting}, or in no activation."
        )


def _without_initializers(model: keras.Model) -> str:
    """Writes down what a model computes, which does not depend on its initialisers and the names of its layers."""
    numbers = {layer.name: number for number, layer in enumerate([model, *layers_of(model)])}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(part) for key, part in value.items() if not key.endswith("_initializer")}
        if isinstance(value, list | tuple):
            return [plain(part) for part in value]
        return numbers.get(value, value) if isinstance(value, str) else value

    return json.dumps(plain(model.get_config()), default=repr, sort_keys=True)
