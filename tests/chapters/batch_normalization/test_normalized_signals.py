"""Gradients of random networks in NumPy: those of Keras and autodiff."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from course_utils.chapters.batch_normalization import normalized_signals


@pytest.mark.parametrize("normalize", [False, True])
def test_gradients_are_those_of_keras(digits, normalize):
    options = {"scale": 1.5, "depth": 5, "width": 12, "seed": 3}
    weights = normalized_signals._draw(digits, *(options[k] for k in ("scale", "depth", "width", "seed")))
    signal, outputs = tf.constant(digits.x_train[:100]), []
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        for matrix in weights[:-1]:
            signal = signal @ tf.constant(matrix, tf.float32)
            if normalize:
                signal = layers.BatchNormalization(epsilon=1e-12)(signal, training=True)
            signal = tf.nn.relu(signal)
            tape.watch(signal)
            outputs.append(signal)
        value = loss(digits.y_train[:100], signal @ tf.constant(weights[-1], tf.float32))
    theirs = [float(tf.sqrt(tf.reduce_mean(gradient**2))) for gradient in tape.gradient(value, outputs)]
    ours = normalized_signals.gradient_sizes(digits, normalize=normalize, **options)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)


def test_the_seed_decides(digits):
    a, b, c = (normalized_signals.gradient_sizes(digits, seed=seed) for seed in (0, 0, 1))
    assert (a == b).all()
    assert (a != c).any()
