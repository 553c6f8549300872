"""Activations: values and slopes as Keras and TensorFlow compute them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_utils.chapters import activation_functions

Z = np.array([-300.0, -6, -2, -0.5, 0.5, 2, 6, 300])


@pytest.mark.parametrize("name", activation_functions.FUNCTIONS)
def test_values_and_slopes_are_those_of_keras(name):
    z = tf.Variable(Z)
    with tf.GradientTape() as tape:
        outputs = keras.activations.get(name)(z)
        total = tf.reduce_sum(outputs)
    np.testing.assert_allclose(activation_functions.value(name, Z), outputs, atol=1e-6)
    np.testing.assert_allclose(activation_functions.slope(name, Z), tape.gradient(total, z), atol=1e-6)


def test_flat_is_where_the_slope_is_a_twentieth_of_the_steepest_or_less():
    assert activation_functions.is_flat("sigmoid", [-6, 0, 6]).tolist() == [True, False, True]
    assert activation_functions.is_flat("tanh", [-3, 0, 1]).tolist() == [True, False, False]
    assert activation_functions.is_flat("relu", [-1, 1]).tolist() == [True, False]
    assert not activation_functions.is_flat("leaky_relu", Z).any()
    assert not activation_functions.is_flat("linear", Z).any()


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_sums_are_those_of_the_keras_model(name):
    layers = keras.layers
    model = keras.Sequential([layers.Input((3,)), layers.Dense(5, name), layers.Dense(4, name), layers.Dense(2)])
    rows = np.random.default_rng(0).normal(size=(7, 3)).astype("float32")
    sums = activation_functions.sums_of(model.get_weights(), rows, name)
    assert [layer.shape for layer in sums] == [(7, 5), (7, 4)]
    signal = model.layers[1](model.layers[0](rows))
    np.testing.assert_allclose(activation_functions.value(name, sums[-1]), signal, atol=1e-5)
