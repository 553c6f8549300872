"""Builders of plain Keras models; each puts out logits, the numbers before a softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def mlp(
    input_shape: tuple[int, ...],
    outputs: int,
    *,
    width: int = 64,
    depth: int = 2,
    activation: str = "relu",
    kernel_initializer: str | keras.Initializer = "glorot_uniform",
    dropout_layers: bool = False,
    batch_normalization: bool = False,
) -> keras.Model:
    """Builds a multi-layer perceptron: `depth` hidden layers of `width` units, then a linear layer.

    Args:
        input_shape: Shape of one example.
        outputs: Units of the last layer: the number of classes, or of regression targets.
        width: Units of each hidden layer.
        depth: Number of hidden layers; 0 leaves a linear model.
        activation: Activation of the hidden layers, a Keras name.
        kernel_initializer: Initialiser of every weight matrix, a Keras name or object.
        dropout_layers: Adds a dropout layer after each hidden layer, for the knob `dropout`; its rate starts at 0.
        batch_normalization: Adds batch normalisation before each activation.

    Returns:
        The model, not compiled.
    """
    from keras import Sequential, layers

    stack: list = [layers.Input(input_shape)]
    if len(input_shape) > 1:
        stack.append(layers.Flatten())
    for _ in range(depth):
        stack.append(layers.Dense(width, kernel_initializer=kernel_initializer))
        if batch_normalization:
            stack.append(layers.BatchNormalization())
        stack.append(layers.Activation(activation))
        if dropout_layers:
            stack.append(layers.Dropout(0.0))
    stack.append(layers.Dense(outputs, kernel_initializer=kernel_initializer))
    return Sequential(stack)


def cnn(
    input_shape: tuple[int, int, int],
    outputs: int,
    *,
    filters: int = 16,
    kernel_initializer: str | keras.Initializer = "glorot_uniform",
) -> keras.Model:
    """Builds a small convolutional network: two 3 × 3 convolutions, each followed by pooling, then a linear layer.

    Args:
        input_shape: Height, width and channels of one image.
        outputs: Units of the last layer.
        filters: Filters of the first convolution; the second has twice as many.
        kernel_initializer: Initialiser of every kernel, a Keras name or object.

    Returns:
        The model, not compiled.
    """
    from keras import Sequential, layers

    options = {"padding": "same", "activation": "relu", "kernel_initializer": kernel_initializer}
    return Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(filters, 3, **options),
            layers.MaxPooling2D(),
            layers.Conv2D(2 * filters, 3, **options),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(outputs, kernel_initializer=kernel_initializer),
        ]
    )
