"""Shaken networks: noise of the strength that the knob says, the same for all rows, and none outside training."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils.chapters.batch_normalization.shaken import shaken_mlp
from course_utils.training import Trainer, fast_layers


@pytest.fixture
def shifts():
    """Gives a function that collects what the first hidden layer's units are shifted by, shape (steps, rows, units)."""

    def collect(rate, *, steps=400, training=True):
        fast = fast_layers.fast_copy(shaken_mlp((4,), 2, width=6, depth=1))  # this is what a population trains
        (dropout,) = fast_layers.runtime_dropouts(fast)
        dropout.rate.assign(rate)
        dropout.seed.assign(1)
        (shift,) = (layer for layer in fast.layers if isinstance(layer, layers.Subtract))
        noise = keras.Model(fast.inputs[0], shift.output)
        return np.stack([noise(np.ones((3, 4), "float32"), training=training) for _ in range(steps)])

    return collect


def test_at_one_half_every_unit_is_shifted_by_one_up_or_down(shifts):
    found = shifts(0.5)
    assert set(np.unique(found)) == {-1.0, 1.0}
    assert abs(found.mean()) < 0.1


def test_the_shift_has_mean_0_and_the_deviation_that_was_promised(shifts):
    found = shifts(0.2)
    assert abs(found.mean()) < 0.05
    assert found.std() == pytest.approx(0.5, rel=0.05)


def test_the_shift_is_the_same_for_all_rows_and_another_one_for_each_unit_and_step(shifts):
    found = shifts(0.5)
    assert (found == found[:, :1]).all()
    assert (found[:, 0].std(axis=0) > 0.9).all()
    assert (found[:, 0].std(axis=1) > 0).any()


def test_outside_training_and_at_rate_0_nothing_is_shifted(shifts):
    assert not shifts(0.5, steps=3, training=False).any()
    assert not shifts(0.0, steps=3).any()


def test_without_noise_it_trains_as_in_keras(digits, keras_loop):
    model = shaken_mlp(digits.input_shape, 10, width=16, depth=2)
    trainer = Trainer(model, digits, epochs=3)
    runs = trainer.run(learning_rate=0.1, dropout=[0, 0.5])
    theirs = keras_loop(trainer, model, keras.optimizers.SGD(0.1))
    np.testing.assert_allclose(runs.batch_loss[0], theirs, rtol=1e-3)
    assert not np.allclose(runs.batch_loss[1], theirs, rtol=0.1)


def test_without_normalization_there_is_none():
    model = shaken_mlp((4,), 2, normalized=False)
    assert not any(isinstance(layer, layers.BatchNormalization) for layer in model.layers)
