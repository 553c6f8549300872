"""First weights of a network, drawn as its Keras initialisers say, the same for the same seed."""

from __future__ import annotations

from functools import lru_cache

import keras
import numpy as np

from course_utils.portable import Draws
from course_utils.training import initializers
from course_utils.training.keras_models import layers_of

Weights = list[np.ndarray]

#: Variables whose initialiser does not carry their own name; that of a depthwise convolution is called just "kernel".
_INITIALIZER_OF = {
    "kernel": "depthwise_initializer",
    "recurrent_kernel": "recurrent_initializer",
    "depthwise_kernel": "depthwise_initializer",
    "pointwise_kernel": "pointwise_initializer",
}


class InitialWeights:
    """Draws the first weights of a model for any seed, and remembers the last few hundred draws.

    Weights with a random initialiser are drawn anew for each seed; all others start as the model was built.
    A layer with `trainable=False` keeps the weights it has, random or not: that is how learned features
    are carried over.

    Args:
        model: A built Keras model; it is read, never changed.
    """

    def __init__(self, model: keras.Model) -> None:
        self._values = {id(variable): variable.numpy() for variable in model.variables}
        self._initializers = _random_initializers(model)
        self._trainable = list(model.trainable_variables)
        self._non_trainable = [v for v in model.non_trainable_variables if "seed_generator" not in v.path]
        self._draw_cached = lru_cache(maxsize=512)(self._draw)

    def draw(self, seed: int, scale: float = 1.0) -> tuple[Weights, Weights]:
        """Draws the weights of one network.

        Args:
            seed: Which draw.
            scale: Factor on every randomly drawn weight.

        Returns:
            The trainable and the non-trainable weights, each in the order of the Keras model.
        """
        trainable, non_trainable = self._draw_cached(seed)
        if scale == 1:
            return trainable, non_trainable
        scaled = [
            value * np.float32(scale) if id(variable) in self._initializers else value
            for variable, value in zip(self._trainable, trainable)
        ]
        return scaled, non_trainable

    def _draw(self, seed: int) -> tuple[Weights, Weights]:
        return self._draw_part(self._trainable, seed, 0), self._draw_part(self._non_trainable, seed, 1)

    def _draw_part(self, variables: list[keras.Variable], seed: int, part: int) -> Weights:
        return [
            self._draw_one(variable, Draws("weights", seed, part, index)) for index, variable in enumerate(variables)
        ]

    def _draw_one(self, variable: keras.Variable, draws: Draws) -> np.ndarray:
        initializer = self._initializers.get(id(variable))
        if initializer is None:
            return self._values[id(variable)]
        drawn = initializers.draw(initializer, tuple(variable.shape), draws)
        if drawn is None:  # one that we do not know draws by itself
            fresh = type(initializer).from_config(
                {**initializer.get_config(), "seed": draws.integers(2**31, ()).item()}
            )
            return np.asarray(fresh(variable.shape, dtype=variable.dtype))
        return np.asarray(keras.ops.cast(drawn, variable.dtype))


def _random_initializers(model: keras.Model) -> dict[int, keras.Initializer]:
    """Finds the random initialiser of each variable, by the naming that all layers of Keras follow."""
    found = {}
    for layer in layers_of(model):
        holder = getattr(layer, "cell", layer)
        if not layer.trainable:
            continue
        for variable in layer.variables:
            other = getattr(holder, _INITIALIZER_OF.get(variable.name, ""), None)
            initializer = getattr(holder, f"{variable.name}_initializer", other)
            if initializer is not None and "seed" in getattr(initializer, "get_config", dict)():
                found[id(variable)] = initializer
    return found
