"""Logits, probabilities, loss and gradient of one example."""

import numpy as np
import pytest
import tensorflow as tf

from course_utils.chapters.softmax import softmax_lab


def test_probabilities_loss_and_gradient_are_those_of_tensorflow():
    result = softmax_lab.Softmax().run(cat=2.0, dog=-1.0, bird=0.5, truth="bird")
    z = tf.constant([[2.0, -1.0, 0.5]])
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits([2], z)
    np.testing.assert_allclose(result.probabilities, tf.nn.softmax(z)[0], rtol=1e-6)
    assert result.loss == pytest.approx(float(loss[0]))
    np.testing.assert_allclose(result.gradient, tape.gradient(loss, z)[0], atol=1e-6)


def test_temperature_evens_out_and_sharpens():
    cool, plain, hot = (softmax_lab.Softmax().run(cat=2, dog=1, temperature=t) for t in (0.2, 1, 50))
    assert cool.probabilities.max() > plain.probabilities.max() > hot.probabilities.max()
    np.testing.assert_allclose(hot.probabilities, 1 / 3, atol=0.02)
    assert [r.probabilities.argmax() for r in (cool, plain, hot)] == [0, 0, 0]


def test_words():
    result = softmax_lab.Softmax(("yes", "no")).run(truth="no")
    assert result.summary() == "yes 0.50, no 0.50 · the truth is no · loss 0.69"
    assert result.scores() == {"probability of the truth": "0.50", "loss": "0.69"}


@pytest.mark.parametrize(
    ("knobs", "words"), [({"temperature": 0}, "temperature=0"), ({"cow": 1}, "choose cat or"), ({"truth": "x"}, "x")]
)
def test_mistakes_are_named(knobs, words):
    with pytest.raises(ValueError, match=words):
        softmax_lab.Softmax().stream(**knobs)
