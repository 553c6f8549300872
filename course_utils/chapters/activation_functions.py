"""Activations, the functions that stand between the layers: their values, their slopes and where they are flat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]

#: Share of its steepest slope below which an activation counts as flat.
FLAT = 0.05

_LEAK = 0.2  # as in Keras


def _exp(z: np.ndarray) -> np.ndarray:
    return np.exp(np.minimum(z, 0))  # only asked for where z is negative, so that nothing overflows


#: Each activation and its slope, both as functions of what goes in; the names are those of Keras.
FUNCTIONS: dict[str, tuple[Function, Function]] = {
    "linear": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "leaky_relu": (lambda z: np.where(z > 0, z, _LEAK * z), lambda z: np.where(z > 0, 1, _LEAK)),
    "elu": (lambda z: np.where(z > 0, z, _exp(z) - 1), lambda z: np.where(z > 0, 1, _exp(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: (1 + np.tanh(z / 2)) / 2, lambda z: (1 - np.tanh(z / 2) ** 2) / 4),
}


def value(name: str, z: np.ndarray) -> np.ndarray:
    """Gives what an activation makes of its inputs.

    Args:
        name: A key of `FUNCTIONS`.
        z: The inputs, any shape.

    Returns:
        The outputs, of the same shape.
    """
    return FUNCTIONS[name][0](np.asarray(z, float))


def slope(name: str, z: np.ndarray) -> np.ndarray:
    """Gives the slope of an activation at its inputs; takes what `value` takes."""
    return FUNCTIONS[name][1](np.asarray(z, float))


def is_flat(name: str, z: np.ndarray) -> np.ndarray:
    """Tells where an activation lets almost no gradient back.

    Args:
        name: A key of `FUNCTIONS`.
        z: The inputs, any shape.

    Returns:
        Whether the slope there is less than a twentieth of the steepest one.
    """
    steepest = slope(name, np.linspace(-4, 4, 81)).max()
    return slope(name, z) < FLAT * steepest


def sums_of(weights: list[np.ndarray], x: np.ndarray, name: str) -> list[np.ndarray]:
    """Sends rows through the hidden layers of a trained network.

    Args:
        weights: Kernel and bias of each dense layer in turn, as `get_weights` of a Keras model gives them; the last
            pair is the output layer.
        x: Inputs, shape (rows, features).
        name: The activation of all hidden layers, a key of `FUNCTIONS`.

    Returns:
        What goes into the activations of each hidden layer, shape (rows, units).
    """
    signal, sums = np.asarray(x, float), []
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        sums.append(signal @ kernel + bias)
        signal = value(name, sums[-1])
    return sums
