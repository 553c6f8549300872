"""Two-level softmax: first which group of classes, then which class within the group."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from course_utils import models

Groups = tuple[tuple[int, ...], ...]


@keras.saving.register_keras_serializable("course_utils")
class TwoLevel(keras.layers.Layer):
    """Turns logits of groups and of classes within each group into the logarithm of every class's probability.

    The probability of a class is that of its group times that of the class within the group. Logarithms of
    probabilities are logits too (softmax gives back the probabilities), so that every loss for logits fits.

    Args:
        groups: The classes of each group; every class 0 … k − 1 is in one of them.
        **options: Those of every Keras layer.

    Raises:
        ValueError: If a class is missing or in two groups.

    Source: Goodman, Classes for fast maximum entropy training, 2001.
    """

    def __init__(self, groups: Groups, **options: object) -> None:
        super().__init__(**options)
        self.groups = tuple(tuple(group) for group in groups)
        members = [label for group in self.groups for label in group]
        if sorted(members) != list(range(len(members))):
            raise ValueError(f"groups={groups!r} must hold every class 0 … {len(members) - 1} once.")
        # A product with this matrix puts the classes in order; gathering them would be slow, many networks at once.
        self._order = np.eye(len(members), dtype="float32")[members]

    def call(self, logits: tf.Tensor) -> tf.Tensor:
        """Computes the logarithms of the probabilities, shape (rows, classes)."""
        group = tf.nn.log_softmax(logits[:, : len(self.groups)])
        parts, at = [], len(self.groups)
        for index, members in enumerate(self.groups):
            inside = tf.nn.log_softmax(logits[:, at : at + len(members)])
            parts.append(group[:, index : index + 1] + inside)
            at += len(members)
        return tf.concat(parts, axis=1) @ self._order

    def get_config(self) -> dict:
        """Gives what is needed to make the layer again."""
        return {**super().get_config(), "groups": self.groups}


def two_level(
    input_shape: tuple[int, ...], outputs: int, *, groups: Groups = (), width: int = 64, depth: int = 2
) -> keras.Model:
    """Builds a multi-layer perceptron with a two-level softmax.

    Args:
        input_shape: Shape of one example.
        outputs: Number of classes.
        groups: The classes of each group; empty makes a single softmax, for comparison.
        width: Units of each hidden layer.
        depth: Number of hidden layers.

    Returns:
        The model, not compiled; it puts out the logarithm of each class's probability.
    """
    if not groups:
        return models.mlp(input_shape, outputs, width=width, depth=depth)
    plain = models.mlp(input_shape, len(groups) + outputs, width=width, depth=depth)
    return keras.Sequential([keras.Input(input_shape), *plain.layers, TwoLevel(groups)])
