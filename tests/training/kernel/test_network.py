"""Keras models that the kernel does not know are refused with the reason, and never planned as something else."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import models
from course_utils.training.kernel import layout
from course_utils.training.kernel.keras_parts import NotPlanned
from course_utils.training.kernel.network import plan_model


def plan(model, loss="sparse_categorical_crossentropy"):
    return plan_model(model, loss=loss, optimizer="sgd", batch_size=8)


def chain(*stack, shape=(6,)):
    return keras.Sequential([keras.Input(shape), *stack])


def pixels(layer):
    return chain(layer, layers.Flatten(), layers.Dense(3), shape=(6, 6, 2))


def shared():
    x = keras.Input((4,))
    layer = layers.Dense(4)
    return keras.Model(x, layer(layer(x)))


def two_inputs():
    a, b = keras.Input((4,)), keras.Input((4,))
    return keras.Model([a, b], layers.Add()([a, b]))


def relu(x):
    return x


class Own(layers.Dense):
    def call(self, inputs, training=None):
        return 2 * super().call(inputs, training)


class Called(keras.Model):
    def call(self, x):
        return x


REFUSED = {
    "an activation that is a function": (lambda: chain(layers.Dense(3, lambda x: x * x)), "'<lambda>'|<lambda>"),
    "an activation of the learner's that is named as one of Keras'": (
        lambda: chain(layers.Dense(3, relu)),
        "activation",
    ),
    "an activation that is a layer": (lambda: chain(layers.Dense(3, layers.LeakyReLU())), "activation"),
    "another activation": (lambda: chain(layers.Dense(3, "mish")), "mish"),
    "another layer": (lambda: chain(layers.GaussianNoise(0.1), layers.Dense(3)), "GaussianNoise"),
    "a layer of the learner's": (lambda: chain(Own(3)), "Own"),
    "a layer that is used twice": (shared, "used more than once"),
    "two inputs": (two_inputs, "one input to one output"),
    "a call of its own": (Called, "one input to one output"),
    "a nested model": (lambda: chain(chain(layers.Dense(3))), "Sequential"),
    "float64": (lambda: chain(layers.Dense(3, dtype="float64")), "float64"),
    "an activity regularizer": (lambda: chain(layers.Dense(3, activity_regularizer="l2")), "activity"),
    "another regularizer": (
        lambda: chain(layers.Dense(6, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())),
        "OrthogonalRegularizer",
    ),
    "another constraint": (
        lambda: chain(layers.Dense(3, kernel_constraint=keras.constraints.MaxNorm(1, axis=1))),
        "MaxNorm",
    ),
    "a norm of a bias": (
        lambda: chain(layers.Dense(3, bias_constraint=keras.constraints.MaxNorm(1))),
        "MaxNorm",
    ),
    "a norm of factors": (
        lambda: chain(layers.LayerNormalization(gamma_constraint="unit_norm"), layers.Dense(3)),
        "UnitNorm",
    ),
    "whole numbers as inputs": (
        lambda: keras.Sequential([keras.Input((6,), dtype="int32"), layers.Dense(3)]),
        "int32, not float32",
    ),
    "a mask": (
        lambda: keras.Model(x := keras.Input((4,)), layers.Dense(3)(layers.Softmax()(x, mask=x))),
        "a mask",
    ),
    "a masking layer": (lambda: chain(layers.Masking(), layers.Dense(3)), "Masking"),
    "mixed numbers": (lambda: chain(layers.Dense(3, dtype="mixed_bfloat16")), "mixed_bfloat16"),
    "another axis": (lambda: pixels(layers.BatchNormalization(axis=1)), "axis"),
    "a softmax over another axis": (lambda: pixels(layers.Softmax(axis=1)), "axis"),
    "a convolution in groups": (lambda: pixels(layers.Conv2D(2, 2, groups=2)), "groups"),
    "a pooling that keeps dimensions": (lambda: pixels(layers.GlobalMaxPooling2D(keepdims=True)), "keepdims"),
    "channels first": (lambda: pixels(layers.Conv2D(2, 2, data_format="channels_first")), "channels first"),
    "a noise shape": (lambda: chain(layers.Dropout(0.1, noise_shape=(None, 1)), layers.Dense(3)), "noise_shape"),
    "a bounded relu": (lambda: chain(layers.ReLU(6.0), layers.Dense(3)), "max_value"),
    "a scale for each channel": (lambda: chain(layers.Rescaling([1.0] * 6), layers.Dense(3)), "each channel"),
    "nothing to train": (lambda: chain(layers.Activation("relu")), "nothing to train"),
    "rows of outputs": (lambda: chain(layers.Dense(3), shape=(6, 2)), "6 rows"),
    "an open shape": (lambda: chain(layers.Dense(3), shape=(None, 2)), "whole numbers"),
    "added arrays of two shapes": (
        lambda: keras.Model(x := keras.Input((4,)), layers.Add()([layers.Dense(1)(x), layers.Dense(4)(x)])),
        "different shapes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_kernel_does_not_know_is_refused_by_name(name):
    make, reason = REFUSED[name]
    with pytest.raises(NotPlanned, match=reason):
        plan(make())


def test_a_network_that_the_memory_cannot_hold_is_refused(monkeypatch):
    monkeypatch.setattr(layout, "_MOST", 1000)
    with pytest.raises(NotPlanned, match=r"0\.0 GB for one member: choose smaller batches or layers"):
        plan(chain(layers.Dense(3)))


@pytest.mark.parametrize("options", [{}, {"batch_normalization": True, "dropout_layers": True}, {"depth": 0}])
def test_the_perceptrons_of_the_course_are_planned_with_all_their_weights(options):
    model = models.mlp((8, 8, 1), 10, **options)
    planned = plan(model)
    kept = [*model.trainable_variables, *(v for v in model.non_trainable_variables if "seed" not in v.path)]
    assert sorted(planned.variables) == list(range(len(kept)))
    for place, weights in zip(planned.variables, planned.network.weights):
        assert weights.shape == tuple(kept[place].shape)
        assert weights.trainable == (place < len(model.trainable_variables))


def test_the_last_softmax_is_left_out_only_where_the_loss_undoes_it():
    def operations(ending, loss):
        return plan(chain(layers.Dense(3), *ending), loss).network.header["operations"]

    for ending in ([layers.Softmax()], [layers.Activation("softmax")]):
        assert operations(ending, "sparse_categorical_crossentropy") == 1
        assert operations(ending, "mean_squared_error") == 2
    assert operations([layers.Softmax(), layers.Dense(3)], "sparse_categorical_crossentropy") == 3


def test_weights_come_out_as_they_went_in():
    network = plan(models.mlp((6,), 3, width=5, batch_normalization=True)).network
    block = np.zeros(network.block, "float32")
    values = [np.random.default_rng(i).normal(size=w.shape).astype("float32") for i, w in enumerate(network.weights)]
    for weights, value in zip(network.weights, values):
        weights.write(block, value)
    for weights, value in zip(network.weights, values):
        np.testing.assert_array_equal(weights.read(block), value)
