"""Saturation: shares of flat units in random networks."""

import numpy as np
import pytest

from course_utils import datasets
from course_utils.chapters.activations import saturation


@pytest.fixture(scope="module")
def networks():
    return saturation.SaturatingNetworks(datasets.digits(), rows=40)


def test_larger_weights_saturate_sigmoid_and_tanh(networks):
    for name in ("sigmoid", "tanh"):
        flat = [networks.run(activation=name, scale=scale, depth=4).flat for scale in (0.5, 4.0, 32.0)]
        assert flat[0].shape == (5, 4)
        assert flat[0].mean() < flat[1].mean() < flat[2].mean()
        assert flat[2].mean() > 0.5


def test_half_of_relu_is_flat_at_every_scale_and_nothing_of_leaky_relu(networks):
    for scale in (0.5, 4.0):
        assert networks.run(activation="relu", scale=scale, seeds=9).flat.mean() == pytest.approx(0.5, abs=0.05)
        assert networks.run(activation="leaky_relu", scale=scale).flat.max() == 0


def test_signals_are_those_of_the_random_networks(networks):
    found = networks.run(activation="tanh", depth=3)
    base = super(saturation.SaturatingNetworks, networks).run(activation="tanh", depth=3)
    np.testing.assert_array_equal(found.gradients, base.gradients)
    (streamed,) = networks.stream(activation="tanh", depth=3)
    np.testing.assert_array_equal(streamed.flat, found.flat)


def test_words(networks):
    found = networks.run(activation="relu", depth=3)
    assert found.summary().startswith("at a flat place: ")
    assert "gradients ×" in found.summary()
    assert set(found.scores()) == {"flat", "gradients ×"}


def test_bad_values_are_refused_by_name(networks):
    with pytest.raises(ValueError, match="activation='step' cannot be used: choose"):
        networks.stream(activation="step")
