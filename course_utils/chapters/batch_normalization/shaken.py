"""A builder of networks whose units are shifted at random in every step of training: plain Keras models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def shaken_mlp(
    input_shape: tuple[int, ...],
    outputs: int,
    *,
    normalized: bool = True,
    width: int = 32,
    depth: int = 4,
    averaging: float = 0.9,
) -> keras.Model:
    """Builds a multi-layer perceptron with noise between each batch normalisation and its activation.

    The knob `dropout` is the strength of the noise: at a rate p each unit gets, in each step and for all rows of the
    batch alike, a shift of −1 with probability p and of p / (1 − p) otherwise. Its mean is 0 and its deviation
    √(p / (1 − p)), so that p = 0.5 shifts every unit by −1 or +1. Outside training there is no shift.

    Args:
        input_shape: Shape of one example.
        outputs: Units of the last layer, which has no activation.
        normalized: Whether there is batch normalisation before the noise.
        width: Units of each hidden layer.
        depth: Number of hidden layers.
        averaging: Share of the past in the running averages, which Keras calls the momentum of the layer.

    Returns:
        The model, not compiled.

    Source: after Santurkar et al. 2018, How does batch normalization help optimization?, section 2.1; their noise
        differs from row to row as well.
    """
    import keras
    from keras import layers

    inputs = layers.Input(input_shape)
    signal = layers.Flatten()(inputs) if len(input_shape) > 1 else inputs
    for _ in range(depth):
        signal = layers.Dense(width)(signal)
        if normalized:
            signal = layers.BatchNormalization(momentum=averaging)(signal)
        # A dropout layer makes the noise, since its random numbers are repeated in every kind of training.
        ones = layers.Dense(width, kernel_initializer="zeros", bias_initializer="ones", trainable=False)(signal)
        factor = layers.Dropout(0.0, noise_shape=(1, width))(ones)
        shift = layers.Subtract()([factor, ones])
        signal = layers.Activation("relu")(layers.Add()([signal, shift]))
    return keras.Model(inputs, layers.Dense(outputs)(signal))
