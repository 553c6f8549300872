"""Walks through a Keras model and says the same to the kernel: a plan of operations."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import keras
from keras import layers

from course_utils.training.kernel import keras_parts
from course_utils.training.kernel.keras_parts import NotPlanned
from course_utils.training.kernel.plan import Plan, Value, Weights


class Reader:
    """Walks through a model and adds its layers to a plan.

    Args:
        model: A built Sequential or Functional model.
        undone: The output activation that the loss computes itself, and which is left out.

    Raises:
        NotPlanned: If the kernel does not know some part of the model; the message names it.
    """

    def __init__(self, model: keras.Model, undone: str | None) -> None:
        functional = getattr(model, "_functional", model)  # what a Sequential model wraps
        nodes = getattr(functional, "_nodes_by_depth", None)
        if nodes is None or len(model.inputs) != 1 or len(model.outputs) != 1:
            raise NotPlanned(f"model {model.name!r} is no chain of layers from one input to one output")
        self._undone, self._last = undone, model.outputs[0]
        if model.inputs[0].dtype not in {"float32", "float64"}:  # others are rounded before the first layer
            raise NotPlanned(f"the input of model {model.name!r} is {model.inputs[0].dtype}, not float32")
        shape = model.inputs[0].shape[1:]
        if None in shape or not shape:
            raise NotPlanned(f"the input of model {model.name!r} has the shape {shape}, not one of whole numbers")
        flat = keras_parts.flattens_first(nodes, model.inputs[0])  # then examples need no other form in memory
        self.plan = Plan(1, prod(shape)) if flat else Plan(prod(shape[:-1]), shape[-1])
        self.variables: dict[int, keras.Variable] = {}
        values, seen = {id(model.inputs[0]): self.plan.input}, set()
        for depth in sorted(nodes, reverse=True):
            for node in nodes[depth]:
                layer = node.operation
                if isinstance(layer, layers.InputLayer):
                    continue
                if id(layer) in seen:
                    raise NotPlanned(f"layer {layer.name!r} is used more than once")
                seen.add(id(layer))
                self._is_last = node.outputs[0] is self._last
                values[id(node.outputs[0])] = self._read(layer, [values[id(tensor)] for tensor in node.input_tensors])
        self.output: Value = values[id(self._last)]
        if self.output.places != 1:
            raise NotPlanned(f"model {model.name!r} puts out {self.output.places} rows for each example")
        if not any(weights.trainable for weights in self.plan.weights):
            raise NotPlanned(f"model {model.name!r} has nothing to train")

    def _read(self, layer: keras.Layer, inputs: list[Value]) -> Value:
        if type(layer) not in _READERS:
            raise NotPlanned(f"layer {layer.name!r} is a {type(layer).__name__}, which the kernel does not know")
        self._check(layer)
        if isinstance(layer, layers.Add):
            if any((v.places, v.width) != (inputs[0].places, inputs[0].width) for v in inputs):
                raise NotPlanned(f"layer {layer.name!r} adds arrays of different shapes")
            value = inputs[0]
            for second in inputs[1:]:
                value = self.plan.add(value, second)
            return value
        if len(inputs) > 1:
            raise NotPlanned(f"layer {layer.name!r} has a second input, such as a mask")
        return _READERS[type(layer)](self, layer, *inputs)

    def _check(self, layer: keras.Layer) -> None:
        policy = layer.dtype_policy
        if policy.compute_dtype != "float32" or policy.variable_dtype != "float32":
            raise NotPlanned(f"layer {layer.name!r} computes in {policy.name}, not in float32")
        if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
            raise NotPlanned(f"layer {layer.name!r} is quantized or has LoRA weights")
        if getattr(layer, "activity_regularizer", None) is not None:
            raise NotPlanned(f"layer {layer.name!r} has an activity regularizer")

    def _weights(self, layer: keras.Layer, name: str, *, trainable: bool = True) -> Weights | None:
        variable = getattr(layer, name, None)
        if variable is None:
            return None
        is_kernel = len(variable.shape) > 1
        constraint, limit = keras_parts.constraint(layer, getattr(layer, f"{name}_constraint", None), matrix=is_kernel)
        weights = Weights(
            tuple(variable.shape),
            trainable=trainable and bool(variable.trainable and layer.trainable),
            penalties=keras_parts.penalties(layer, getattr(layer, f"{name}_regularizer", None)),
            is_kernel=is_kernel,
            constraint=constraint,
            limit=limit,
        )
        self.variables[id(weights)] = variable
        return weights

    def dense(self, layer: layers.Dense, value: Value) -> Value:
        kernel, bias = self._weights(layer, "kernel"), self._weights(layer, "bias") if layer.use_bias else None
        return self._activated(layer, self.plan.dense(value, kernel, bias), layer.activation)

    def activation(self, layer: layers.Activation, value: Value) -> Value:
        return self._activated(layer, value, layer.activation)

    def _activated(self, layer: keras.Layer, value: Value, function: Callable) -> Value:
        name = getattr(function, "__name__", None)
        if name not in keras_parts.ACTIVATIONS or function is not getattr(keras.activations, name, None):
            raise NotPlanned(
                f"layer {layer.name!r} has the activation {name or function!r}, which the kernel does not know"
            )
        if self._is_last and name == self._undone:
            return value
        return self.plan.activation(value, *keras_parts.ACTIVATIONS[name])

    def relu(self, layer: layers.ReLU, value: Value) -> Value:
        if layer.max_value is not None or layer.threshold != 0:
            raise NotPlanned(f"layer {layer.name!r} has a max_value or a threshold")
        slope = float(layer.negative_slope)
        return self.plan.activation(value, "leaky_relu", slope) if slope else self.plan.activation(value, "relu")

    def leaky_relu(self, layer: layers.LeakyReLU, value: Value) -> Value:
        return self.plan.activation(value, "leaky_relu", float(layer.negative_slope))

    def elu(self, layer: layers.ELU, value: Value) -> Value:
        return self.plan.activation(value, "elu", float(layer.alpha))

    def softmax(self, layer: layers.Softmax, value: Value) -> Value:
        if layer.axis not in {-1, len(layer.output.shape) - 1}:
            raise NotPlanned(f"layer {layer.name!r} has axis={layer.axis}, not the last one")
        return value if self._is_last and self._undone == "softmax" else self.plan.activation(value, "softmax")

    def batch_normalization(self, layer: layers.BatchNormalization, value: Value) -> Value:
        if layer.axis not in {-1, len(layer.output.shape) - 1} or getattr(layer, "renorm", False):
            raise NotPlanned(f"layer {layer.name!r} has axis={layer.axis}, not the last one")
        moving = [self._weights(layer, name, trainable=False) for name in ("moving_mean", "moving_variance")]
        gamma = self._weights(layer, "gamma") if layer.scale else None
        beta = self._weights(layer, "beta") if layer.center else None
        return self.plan.batch_normalization(
            value,
            tuple(moving),
            gamma,
            beta,
            momentum=float(layer.momentum),
            epsilon=float(layer.epsilon),
            frozen=not layer.trainable,
        )

    def layer_normalization(self, layer: layers.LayerNormalization, value: Value) -> Value:
        if layer.axis not in (-1, [-1], len(layer.output.shape) - 1, [len(layer.output.shape) - 1]):
            raise NotPlanned(f"layer {layer.name!r} has axis={layer.axis}, not the last one")
        gamma = self._weights(layer, "gamma") if layer.scale else None
        beta = self._weights(layer, "beta") if layer.center else None
        return self.plan.layer_normalization(value, gamma, beta, epsilon=float(layer.epsilon))

    def convolution(self, layer: layers.Conv2D, value: Value) -> Value:
        if layer.groups != 1:
            raise NotPlanned(f"layer {layer.name!r} has groups={layer.groups}")
        window = keras_parts.window(layer, layer.kernel_size, tuple(layer.dilation_rate))
        kernel, bias = self._weights(layer, "kernel"), self._weights(layer, "bias") if layer.use_bias else None
        if kernel.constraint != "free":
            raise NotPlanned(f"layer {layer.name!r} has a constraint on the kernel of a convolution")
        return self._activated(layer, self.plan.convolution(value, window, kernel, bias), layer.activation)

    def max_pooling(self, layer: layers.MaxPooling2D, value: Value) -> Value:
        return self.plan.pooling(value, keras_parts.window(layer, layer.pool_size), "max")

    def average_pooling(self, layer: layers.AveragePooling2D, value: Value) -> Value:
        return self.plan.pooling(value, keras_parts.window(layer, layer.pool_size), "average")

    def global_max_pooling(self, layer: layers.GlobalMaxPooling2D, value: Value) -> Value:
        return self.plan.pooling(value, keras_parts.whole(layer), "max")

    def global_average_pooling(self, layer: layers.GlobalAveragePooling2D, value: Value) -> Value:
        return self.plan.pooling(value, keras_parts.whole(layer), "average")

    def dropout(self, layer: layers.Dropout, value: Value) -> Value:
        if layer.noise_shape and (value.places, *layer.noise_shape) != (1, 1, value.width):
            raise NotPlanned(f"layer {layer.name!r} has noise_shape={layer.noise_shape}, not (1, {value.width})")
        return self.plan.dropout(value, float(layer.rate), shared=bool(layer.noise_shape))

    def embedding(self, layer: layers.Embedding, value: Value) -> Value:
        if value.maker != "input" or value.places != 1 or layer.mask_zero:
            raise NotPlanned(f"layer {layer.name!r} has mask_zero=True, or does not read plain rows of the input")
        return self.plan.embedding(value, self._weights(layer, "embeddings"))

    def flatten(self, layer: layers.Flatten, value: Value) -> Value:
        if layer.data_format != "channels_last":
            raise NotPlanned(f"layer {layer.name!r} has its channels first")
        return self.plan.flatten(value)

    def rescaling(self, layer: layers.Rescaling, value: Value) -> Value:
        try:
            return self.plan.rescaling(value, float(layer.scale), float(layer.offset))
        except TypeError:
            raise NotPlanned(f"layer {layer.name!r} has a scale for each channel") from None


_READERS = {
    layers.LayerNormalization: Reader.layer_normalization,
    layers.Conv2D: Reader.convolution,
    layers.MaxPooling2D: Reader.max_pooling,
    layers.AveragePooling2D: Reader.average_pooling,
    layers.GlobalMaxPooling1D: Reader.global_max_pooling,
    layers.GlobalAveragePooling1D: Reader.global_average_pooling,
    layers.GlobalMaxPooling2D: Reader.global_max_pooling,
    layers.GlobalAveragePooling2D: Reader.global_average_pooling,
    layers.Dense: Reader.dense,
    layers.Activation: Reader.activation,
    layers.ReLU: Reader.relu,
    layers.LeakyReLU: Reader.leaky_relu,
    layers.ELU: Reader.elu,
    layers.Softmax: Reader.softmax,
    layers.BatchNormalization: Reader.batch_normalization,
    layers.Dropout: Reader.dropout,
    layers.Add: None,
    layers.Embedding: Reader.embedding,
    layers.Flatten: Reader.flatten,
    layers.Rescaling: Reader.rescaling,
}
