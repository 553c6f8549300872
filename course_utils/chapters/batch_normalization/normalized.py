"""Builders of networks with batch normalisation in chosen places: plain Keras models."""

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
