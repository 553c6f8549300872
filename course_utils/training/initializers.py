"""The random initialisers of Keras, drawn by a generator whose numbers are the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt

import keras
import numpy as np

from course_utils.portable import Draws, total

#: Deviation of a standard normal distribution that is cut off two deviations from its mean, as Keras has it.
_TRUNCATED_DEVIATION = 0.87962566103423978


def draw(initializer: keras.Initializer, shape: tuple[int, ...], draws: Draws) -> np.ndarray | None:
    """Draws what an initialiser of Keras would: other numbers of the same distribution.

    Args:
        initializer: The initialiser.
        shape: Shape of the weights.
        draws: Where the random numbers come from.

    Returns:
        The weights, float64; None if it is no random initialiser of Keras, or if it is a subclass of one, whose rule
        may be another.
    """
    rule = _RULES.get(type(initializer))
    return rule and rule(initializer, shape, draws)


def _uniform(given: keras.Initializer, shape: tuple[int, ...], draws: Draws) -> np.ndarray:
    return draws.uniform(shape, given.minval, given.maxval)


def _normal(given: keras.Initializer, shape: tuple[int, ...], draws: Draws) -> np.ndarray:
    return draws.normal(shape, given.mean, given.stddev)


def _truncated_normal(given: keras.Initializer, shape: tuple[int, ...], draws: Draws) -> np.ndarray:
    return draws.truncated_normal(shape, given.mean, given.stddev)


def _variance_scaling(given: keras.Initializer, shape: tuple[int, ...], draws: Draws) -> np.ndarray:
    """Keeps the size of signals: the variance is `scale` divided by the number of inputs, of outputs, or their mean."""
    inputs, outputs = _fans(shape, given.input_axes, given.output_axes)
    units = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2}[given.mode]
    variance = given.scale / max(1.0, units)
    match given.distribution:
        case "truncated_normal":
            return draws.truncated_normal(shape, deviation=sqrt(variance) / _TRUNCATED_DEVIATION)
        case "untruncated_normal":
            return draws.normal(shape, deviation=sqrt(variance))
        case _:
            limit = sqrt(3 * variance)
            return draws.uniform(shape, -limit, limit)


def _fans(shape: tuple[int, ...], input_axes: list[int] | None, output_axes: list[int] | None) -> tuple[int, int]:
    """Counts the inputs and the outputs of a unit; all axes but the last two are places that a convolution sees."""
    if input_axes is not None and output_axes is not None:
        return prod(shape[axis] for axis in input_axes), prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        return prod(shape), prod(shape)
    places = prod(shape[:-2])
    return shape[-2] * places, shape[-1] * places


def _orthogonal(given: keras.Initializer, shape: tuple[int, ...], draws: Draws) -> np.ndarray:
    """Makes normally distributed columns orthogonal, or rows, where they are fewer.

    Gram and Schmidt's procedure gives the same distribution as Keras' QR decomposition with a positive diagonal; done
    twice, what is left is orthogonal to the last digits.

    Source: Giraud, Langou and Rozložník 2005, The loss of orthogonality in the Gram-Schmidt orthogonalization process.
    """
    rows, columns = prod(shape[:-1]), shape[-1]
    vectors = draws.normal((min(rows, columns), max(rows, columns)))
    for _ in range(2):
        for number in range(len(vectors)):
            vectors[number] /= np.sqrt(total(vectors[number] * vectors[number]))
            vector, later = vectors[number], vectors[number + 1 :]
            later -= total(later * vector, axis=1)[:, None] * vector
    return given.gain * (vectors.T if rows >= columns else vectors).reshape(shape)


_RULES: dict[type, Callable[[keras.Initializer, tuple[int, ...], Draws], np.ndarray]] = {
    keras.initializers.RandomUniform: _uniform,
    keras.initializers.RandomNormal: _normal,
    keras.initializers.TruncatedNormal: _truncated_normal,
    keras.initializers.VarianceScaling: _variance_scaling,
    keras.initializers.GlorotUniform: _variance_scaling,
    keras.initializers.GlorotNormal: _variance_scaling,
    keras.initializers.HeUniform: _variance_scaling,
    keras.initializers.HeNormal: _variance_scaling,
    keras.initializers.LecunUniform: _variance_scaling,
    keras.initializers.LecunNormal: _variance_scaling,
    keras.initializers.Orthogonal: _orthogonal,
}
