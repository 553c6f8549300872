"""Parts of Keras layers in the words of the kernel, or the reason why it has none for them."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from course_utils.training.kernel.plan import Window


class NotPlanned(ValueError):  # noqa: N818 - the caller trains in another way
    """Says which part of a model the kernel does not know."""


#: The kernel's activation, and its alpha, for each function of Keras.
ACTIVATIONS = {
    "linear": ("linear",),
    "relu": ("relu",),
    "leaky_relu": ("leaky_relu", 0.2),  # as Keras' function has it; its layer has 0.3
    "elu": ("elu", 1.0),
    "tanh": ("tanh",),
    "sigmoid": ("sigmoid",),
    "softmax": ("softmax",),
    "gelu": ("gelu",),
    "silu": ("silu",),
    "selu": ("selu",),
    "softplus": ("softplus",),
}


def window(layer: keras.Layer, size: tuple[int, int], dilation: tuple[int, int] = (1, 1)) -> Window:
    """Reads the window of a convolution or a pooling layer; NotPlanned if the kernel has none like it."""
    if layer.data_format != "channels_last":
        raise NotPlanned(f"layer {layer.name!r} has its channels first")
    image = tuple(layer.input.shape[1:3])
    return Window(image, tuple(size), tuple(layer.strides), layer.padding, dilation)


def whole(layer: keras.Layer) -> Window:
    """Makes the window of a global pooling layer, which is the whole image; a sequence is an image of one column."""
    if layer.data_format != "channels_last" or layer.keepdims:
        raise NotPlanned(f"layer {layer.name!r} has its channels first, or keepdims=True")
    image = (*layer.input.shape[1:-1], 1)[:2]
    return Window(image, image)


def penalties(layer: keras.Layer, regularizer: keras.Regularizer | None) -> tuple[float, float]:
    """Reads the L1 and L2 strengths of a regularizer."""
    if regularizer is None:
        return 0.0, 0.0
    if type(regularizer) not in {keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2}:
        raise NotPlanned(f"layer {layer.name!r} has a {type(regularizer).__name__} regularizer")
    return float(getattr(regularizer, "l1", 0.0)), float(getattr(regularizer, "l2", 0.0))


def constraint(layer: keras.Layer, constraint: keras.Constraint | None, *, matrix: bool) -> tuple[str, float]:
    """Reads which of `records.CONSTRAINTS` a constraint is, and its limit.

    The kernel knows the norm of each column of a matrix; that of a vector, such as a bias, would be one of all numbers.
    """
    if constraint is None:
        return "free", 0.0
    kind = type(constraint)
    if kind is keras.constraints.NonNeg:
        return "non_negative", 0.0
    if matrix and kind is keras.constraints.MaxNorm and constraint.axis == 0:
        return "max_norm", float(constraint.max_value)
    if matrix and kind is keras.constraints.UnitNorm and constraint.axis == 0:
        return "unit_norm", 0.0
    raise NotPlanned(f"layer {layer.name!r} has a {kind.__name__} constraint that the kernel does not know")


def flattens_first(nodes: Mapping[int, list], inputs: keras.KerasTensor) -> bool:
    """Tells whether all that reads the input flattens it.

    Args:
        nodes: The nodes of a Functional model, by their depth.
        inputs: Its input.

    Returns:
        Whether there is nothing but `Flatten` behind the input.
    """
    readers = [
        node.operation for depth in nodes.values() for node in depth if any(t is inputs for t in node.input_tensors)
    ]
    return all(isinstance(reader, layers.Flatten | layers.InputLayer) for reader in readers)
