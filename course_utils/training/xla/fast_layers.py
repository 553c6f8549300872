"""Fast copies of Keras models: the same weights, with layers that run many networks at once."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from course_utils.training.keras_models import layers_of, output_activation


def fast_copy(model: keras.Model, left_out: str | None = None) -> keras.Model:
    """Copies a model's architecture, with layers replaced where a population needs it.

    Convolutions become products of patches with a matrix and non-overlapping max-pooling a reshape (XLA's own
    are slow when every member has its own kernel); dropout gets its rate and its noise as inputs; recurrent
    layers are unrolled.

    Args:
        model: A built Sequential or Functional model.
        left_out: The output activation to leave out, because the loss is computed from logits; None keeps it.

    Returns:
        A model with variables of the same shapes in the same order, plus two for each dropout layer.

    Raises:
        ValueError: If the model has a random layer other than Dropout, or Keras cannot copy a layer.
    """
    last = model.layers[-1] if left_out is not None and output_activation(model) == left_out else None

    def swap(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer is last:
            return _without_activation(layer, config)
        if type(layer) is keras.layers.Dropout:
            return RuntimeDropout(layer.rate, layer.noise_shape, name=layer.name)
        if type(layer) is keras.layers.Conv2D and layer.groups == 1 and layer.data_format == "channels_last":
            return PatchConv2D.from_config(config)
        if type(layer) is keras.layers.MaxPooling2D and _tiles(layer):
            return TiledMaxPooling2D.from_config(config)
        return type(layer).from_config(_unrolled(layer, config))

    try:
        fast = keras.models.clone_model(model, clone_function=swap)
    except (OSError, TypeError, ValueError) as error:
        raise ValueError(
            f"model={model.name!r} cannot be copied: give its layers functions that have a name, such as "
            "keras.activations.mish or one of your own with @keras.saving.register_keras_serializable(), and no lambda."
        ) from error
    _reject_random_layers(fast)
    return fast


def _without_activation(layer: keras.Layer, config: dict) -> keras.Layer:
    if isinstance(layer, keras.layers.Softmax):
        return keras.layers.Activation("linear", name=layer.name)
    return type(layer).from_config({**config, "activation": "linear"})


def _unrolled(layer: keras.Layer, config: dict) -> dict:
    parts = [config] if isinstance(layer, keras.layers.RNN) else []
    if isinstance(layer, keras.layers.Bidirectional):
        parts = [config[name]["config"] for name in ("layer", "backward_layer") if name in config]
    for part in parts:
        part["unroll"] = True
    return config


def runtime_dropouts(fast: keras.Model) -> list[RuntimeDropout]:
    """Lists the dropout layers of a fast copy."""
    return [layer for layer in layers_of(fast) if isinstance(layer, RuntimeDropout)]


def _tiles(layer: keras.layers.MaxPooling2D) -> bool:
    whole = all(size is not None and size % pool == 0 for size, pool in zip(layer.input.shape[1:3], layer.pool_size))
    same_step = tuple(layer.strides) == tuple(layer.pool_size)
    return same_step and layer.data_format == "channels_last" and (whole or layer.padding == "valid")


def _seeds(layer: keras.Layer) -> list[keras.Variable]:
    return [variable for variable in layer.non_trainable_variables if "seed_generator" in variable.path]


def idle_seeds(fast: keras.Model) -> list[keras.Variable]:
    """Lists the states of random generators that are never asked: recurrent layers have one even without dropout."""
    layers = layers_of(fast)
    idle = [a for a in layers if getattr(a, "dropout", None) == 0 and getattr(a, "recurrent_dropout", None) == 0]
    found = {id(seed) for layer in idle for seed in _seeds(layer)}
    return [seed for seed in _seeds(fast) if id(seed) in found]


def _reject_random_layers(fast: keras.Model) -> None:
    idle = {id(seed) for seed in idle_seeds(fast)}
    for layer in layers_of(fast):
        if any(id(seed) not in idle for seed in _seeds(layer)):
            raise ValueError(
                f"layer {layer.name!r} ({type(layer).__name__}) draws random numbers that cannot be repeated for "
                "every network of a population: take its randomness out, and put Dropout layers in its place."
            )


class PatchConv2D(keras.layers.Conv2D):
    """A convolution as one product: every patch of the image, as a row, times the kernel, as a matrix."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        patches = self._patches(inputs)
        kernel = tf.reshape(self.kernel, (-1, self.filters))
        rows = tf.matmul(tf.reshape(patches, (-1, kernel.shape[0])), kernel)
        outputs = tf.reshape(rows, (-1, *patches.shape[1:3], self.filters))
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(outputs)

    def _patches(self, images: tf.Tensor) -> tf.Tensor:
        steps, gaps = self.strides, self.dilation_rate
        if self.padding == "same":
            images = tf.pad(images, [[0, 0], *self._padding(images.shape), [0, 0]])
        reach = [1 + (size - 1) * gap for size, gap in zip(self.kernel_size, gaps)]
        last = [size - far for size, far in zip(images.shape[1:3], reach)]
        shifted = [
            images[:, top : top + last[0] + 1 : steps[0], left : left + last[1] + 1 : steps[1]]
            for top in range(0, reach[0], gaps[0])
            for left in range(0, reach[1], gaps[1])
        ]
        return tf.concat(shifted, axis=-1)

    def _padding(self, shape: tf.TensorShape) -> list[list[int]]:
        """As TensorFlow's "SAME": enough zeros for ceil(size / stride) outputs, the odd one at the end."""
        pads = []
        for size, kernel, step, gap in zip(shape[1:3], self.kernel_size, self.strides, self.dilation_rate):
            total = max((math.ceil(size / step) - 1) * step + (kernel - 1) * gap + 1 - size, 0)
            pads.append([total // 2, total - total // 2])
        return pads


class TiledMaxPooling2D(keras.layers.MaxPooling2D):
    """Max-pooling of tiles that do not overlap: a reshape and a maximum."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        height, width = self.pool_size
        high, wide, channels = inputs.shape[1] // height, inputs.shape[2] // width, inputs.shape[3]
        tiles = tf.reshape(inputs[:, : high * height, : wide * width], (-1, high, height, wide, width, channels))
        return tf.reduce_max(tf.reduce_max(tiles, axis=2), axis=3)  # one axis at a time: its gradient is faster


class RuntimeDropout(keras.layers.Layer):
    """Dropout whose rate is a variable and whose noise follows from a seed variable and nothing else.

    TensorFlow's own random operations run one member at a time inside `tf.vectorized_map`; hashing counters
    is plain arithmetic and runs for all at once. The seed variable, which starts where `noise_starts` says, grows by
    one at each training call, so that the masks are those that the kernel draws.

    Source: the finaliser of MurmurHash3 (Appleby 2011) as the hash.
    """

    def __init__(self, rate: float, noise_shape: tuple | None = None, **options: object) -> None:
        super().__init__(**options)
        self.start_rate = rate
        self.noise_shape = noise_shape

    def build(self, input_shape: tuple) -> None:
        constant = keras.initializers.Constant
        self.rate = self.add_weight(shape=(), initializer=constant(self.start_rate), trainable=False, name="rate")
        self.seed = self.add_weight(shape=(), initializer="zeros", trainable=False, dtype="int32", name="seed")

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training:
            return inputs
        sizes = tf.shape(inputs)
        shape = [
            sizes[axis] if self.noise_shape is None or self.noise_shape[axis] is None else self.noise_shape[axis]
            for axis in range(inputs.shape.rank)
        ]
        rate = tf.convert_to_tensor(self.rate)
        keep = tf.reshape(_uniform(shape[0], tf.reduce_prod(shape[1:]), self.seed), shape) >= rate
        self.seed.assign(self.seed + 1)
        return tf.where(keep, inputs * (1 / (1 - rate)), 0.0)


def noise_starts(seeds: list[int], layer: int) -> np.ndarray:
    """Gives what the seed variable of a dropout layer starts from.

    Args:
        seeds: Seed of each member.
        layer: Which of the model's dropout layers, counted from 0.

    Returns:
        A number of 32 bits for each member, shape (members,), int32.
    """
    mixed = _mix(tf.constant([seed % 2**32 for seed in seeds], tf.uint32))
    return tf.cast(_mix(tf.cast(mixed, tf.int32) + layer), tf.int32).numpy()


def _uniform(rows: tf.Tensor, units: tf.Tensor, seed: keras.Variable) -> tf.Tensor:
    """Hashes the numbers of rows and units, from a place that the seed decides, to numbers in 0 … 1, row by row."""
    step = tf.cast(_mix(tf.convert_to_tensor(seed)), tf.int32)
    row = tf.cast(_mix(step + tf.range(rows)), tf.int32)
    unit = tf.cast(tf.cast(tf.range(units), tf.uint32) * tf.constant(0x9E3779B9, tf.uint32), tf.int32)
    bits = _mix(row[:, None] + unit)
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) / 2.0**24


def _mix(number: tf.Tensor) -> tf.Tensor:
    number = tf.cast(number, tf.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        number = tf.bitwise.bitwise_xor(number, tf.bitwise.right_shift(number, tf.constant(shift, tf.uint32)))
        number = number * tf.constant(factor, tf.uint32)
    return tf.bitwise.bitwise_xor(number, tf.bitwise.right_shift(number, tf.constant(16, tf.uint32)))
