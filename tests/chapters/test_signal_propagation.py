"""Signals of random networks: sizes as the formulas say, and gradients as TensorFlow computes them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_utils import datasets
from course_utils.chapters import signal_propagation


@pytest.fixture(scope="module")
def networks():
    return signal_propagation.RandomNetworks(datasets.digits(), rows=40)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("activation", signal_propagation.ACTIVATIONS)
def test_outputs_and_gradients_are_those_of_tensorflow(networks, activation, normalize):
    weights = networks.weights(seed=3, family="glorot", scale=1.3, depth=4, width=16)
    outputs, gradients = networks.signals(weights, activation, normalize=normalize)
    layers = [keras.layers.Dense(16, use_bias=False) for _ in range(4)]
    signal, passed = tf.constant(networks.x, "float32"), []
    with tf.GradientTape() as tape:
        for layer, matrix in zip(layers, weights):
            layer.build(signal.shape)
            layer.set_weights([matrix])
            signal = layer(signal)
            if normalize:
                signal = keras.layers.BatchNormalization(epsilon=1e-12)(signal, training=True)
            signal = keras.activations.get(activation)(signal)
            tape.watch(signal)
            passed.append(signal)
        logits = signal @ tf.constant(weights[-1], "float32")
        loss = tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(networks.targets.astype("float32"), logits))
    for ours, theirs in zip(outputs, passed, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
    for ours, theirs in zip(gradients, tape.gradient(loss, passed), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "initializer"), [("lecun", "lecun_normal"), ("glorot", "glorot_normal"), ("he", "he_normal")]
)
def test_the_families_have_the_deviations_of_keras(family, initializer):
    kind = type(keras.initializers.get(initializer))
    drawn = np.std(kind(seed=0)((400, 200)))
    assert signal_propagation.FAMILIES[family](400, 200) == pytest.approx(drawn, rel=0.02)


def test_the_scale_is_a_factor_on_every_weight(networks):
    small, large = (networks.weights(0, "he", scale, 3, 8) for scale in (1.0, 2.0))
    assert [matrix.shape for matrix in small] == [(64, 8), (8, 8), (8, 8), (8, 10)]
    for a, b in zip(small, large, strict=True):
        np.testing.assert_allclose(b, 2 * a)


def test_he_keeps_relu_and_glorot_keeps_tanh(networks):
    for family, activation, fate in [
        ("he", "relu", "kept"),
        ("glorot", "relu", "vanishes"),
        ("glorot", "tanh", "kept"),
        ("fixed", "relu", "explodes"),
    ]:
        found = networks.run(family=family, activation=activation, depth=20, seeds=7)
        assert signal_propagation.fate(found.growth) == signal_propagation.fate(found.gradient_growth) == fate, (
            family,
            activation,
        )
        assert found.summary().count(fate) == 2
        assert found.outputs.shape == found.gradients.shape == (7, 20)


@pytest.mark.parametrize(("growth", "fate"), [(20, "explodes"), (1, "kept"), (0.01, "vanishes"), (0, "vanishes")])
def test_a_factor_has_a_name(growth, fate):
    assert signal_propagation.fate(growth) == fate


def test_a_run_is_the_same_twice_and_comes_as_a_stream(networks):
    (streamed,) = networks.stream(depth=3)
    np.testing.assert_array_equal(streamed.outputs, networks.run(depth=3).outputs)
    assert set(streamed.scores()) == {"outputs ×", "gradients ×"}


@pytest.mark.parametrize("knobs", [{"scale": 0}, {"family": "best"}, {"activation": "step"}, {"depth": 0}])
def test_bad_values_are_refused_by_name(networks, knobs):
    ((name, value),) = knobs.items()
    with pytest.raises(ValueError, match=f"{name}={value!r} cannot be used: choose"):
        networks.stream(**knobs)


def test_what_lies_beyond_the_picture_is_drawn_at_its_edge(networks):
    tiny = networks.run(family="fixed", scale=1e-3, depth=30)
    figure = signal_propagation.SignalsByLayer().axes(tiny)
    signal_propagation.SignalsByLayer().artists(figure, tiny)
    assert figure.axes[0].lines[0].get_ydata().min() == 1e-8
