"""Builders of networks, as plain Keras models: normalised in chosen places, with noise, or of residual blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

#: Places for batch normalisation: around each activation, and at the two ends of the network.
PLACES = ("before", "after", "first", "last")


def normalized_mlp(
    input_shape: tuple[int, ...],
    outputs: int,
    *,
    places: str = "none",
    width: int = 32,
    depth: int = 4,
    activation: str = "relu",
    averaging: float = 0.9,
    dropout_layers: bool = False,
) -> keras.Model:
    """Builds a multi-layer perceptron with batch normalisation where it is asked for.

    Args:
        input_shape: Shape of one example.
        outputs: Units of the last layer, which has no activation.
        places: "none", or names from `PLACES` joined by " + ": "before" or "after" each activation, "first", on the
            inputs, and "last", on the logits.
        width: Units of each hidden layer.
        depth: Number of hidden layers.
        activation: Activation of the hidden layers, a Keras name.
        averaging: Share of the past in the running averages, which Keras calls the momentum of the layer.
        dropout_layers: Adds a dropout layer after each hidden layer, for the knob `dropout`; its rate starts at 0.

    Returns:
        The model, not compiled.

    Raises:
        ValueError: If a place is unknown.
    """
    from keras import Sequential, layers

    where = _places(places)

    def normalized(place: str) -> list:
        return [layers.BatchNormalization(momentum=averaging)] if place in where else []

    stack: list = [layers.Input(input_shape), *normalized("first")]
    if len(input_shape) > 1:
        stack.append(layers.Flatten())
    for _ in range(depth):
        stack += [layers.Dense(width), *normalized("before"), layers.Activation(activation), *normalized("after")]
        stack += [layers.Dropout(0.0)] * dropout_layers
    stack += [layers.Dense(outputs), *normalized("last")]
    return Sequential(stack)


def _places(places: str) -> set[str]:
    where = set() if places == "none" else set(places.split(" + "))
    if unknown := where - set(PLACES):
        raise ValueError(f"places={places!r} names {', '.join(sorted(unknown))}: choose among {', '.join(PLACES)}.")
    return where


def noisy_mlp(
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
        shift = layers.Add()([factor, layers.Rescaling(-1.0)(ones)])
        signal = layers.Activation("relu")(layers.Add()([signal, shift]))
    return keras.Model(inputs, layers.Dense(outputs)(signal))


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
