"""What training reads of Keras models, whoever trains them."""

from __future__ import annotations

import keras


def require_layers(model: keras.Model) -> None:
    """Raises a ValueError unless the model is made of layers from one input to one output, and has weights."""
    functional = keras.src.models.functional.Functional
    if not isinstance(model, keras.Sequential | functional) or type(model).call not in (
        keras.Sequential.call,
        functional.call,
    ):
        raise ValueError(
            f"model={model.name!r} is a {type(model).__name__} with a call of its own, which cannot be copied layer "
            "by layer: build it with keras.Sequential or keras.Model(inputs, outputs)."
        )
    if not model.built:
        raise ValueError(f"model={model.name!r} has no weights yet: start it with keras.Input(shape).")
    for layer in layers_of(model):
        if layer.dtype_policy.variable_dtype != "float32":
            raise ValueError(
                f"layer {layer.name!r} has dtype={layer.dtype_policy.name!r}, whose weights are no float32: choose "
                "'float32', or 'mixed_bfloat16' or 'mixed_float16', which only compute with fewer digits."
            )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(f"model={model.name!r} has several inputs or outputs: give it one of each.")


def output_activation(model: keras.Model) -> str | None:
    """Names the softmax or sigmoid that turns what a model computes into probabilities; None if there is none."""
    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return "softmax"
    plain = isinstance(last, keras.layers.Dense | keras.layers.Activation)
    activation = last.get_config()["activation"] if plain else None
    return activation if activation in ("softmax", "sigmoid") else None


def layers_of(model: keras.Model) -> list[keras.Layer]:
    """Lists the layers of a model and all layers inside them."""
    return list(model._flatten_layers(include_self=False))  # noqa: SLF001 - Keras has no public way into wrappers


def has_dropout(model: keras.Model) -> bool:
    """Tells whether a knob `dropout` has a layer to act on."""
    return any(type(layer) is keras.layers.Dropout for layer in layers_of(model))
