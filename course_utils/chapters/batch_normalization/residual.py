"""A builder of deep networks with and without residual blocks: plain Keras models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def residual_mlp(
    input_shape: tuple[int, ...],
    outputs: int,
    *,
    shortcuts: bool = True,
    width: int = 32,
    depth: int = 10,
) -> keras.Model:
    """Builds a deep multi-layer perceptron with ReLU, plain or of residual blocks.

    A residual block adds what its layer computes to what came in. Its layer starts at zero, so that the block passes
    on what came in and a deep network starts as a shallow one. Without shortcuts that start would let nothing pass;
    the plain network has the start that suits ReLU (He).

    Args:
        input_shape: Shape of one example.
        outputs: Units of the last layer, which has no activation.
        shortcuts: Whether each hidden layer but the first is a residual block.
        width: Units of each hidden layer.
        depth: Number of hidden layers.

    Returns:
        The model, not compiled.

    Source: He et al. 2016, Identity mappings in deep residual networks: the activation comes first in the block, so
        that nothing stands in the way of the shortcut; the start at zero after Goyal et al. 2017, section 5.1.
    """
    import keras
    from keras import layers

    inputs = layers.Input(input_shape)
    signal = layers.Flatten()(inputs) if len(input_shape) > 1 else inputs
    signal = layers.Dense(width, kernel_initializer="he_normal")(signal)
    for _ in range(depth - 1):
        active = layers.Activation("relu")(signal)
        start = "zeros" if shortcuts else "he_normal"
        computed = layers.Dense(width, kernel_initializer=start)(active)
        signal = layers.Add()([signal, computed]) if shortcuts else computed
    return keras.Model(inputs, layers.Dense(outputs)(layers.Activation("relu")(signal)))
