"""Residual networks: shortcuts that change nothing at the start, and the losses of Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils.chapters.batch_normalization.residual import residual_mlp
from course_utils.training import Trainer


@pytest.mark.parametrize("shortcuts", [True, False])
def test_it_has_the_layers_that_were_asked_for(shortcuts):
    model = residual_mlp((8, 8, 1), 10, shortcuts=shortcuts, width=12, depth=5)
    assert [layer.units for layer in model.layers if isinstance(layer, layers.Dense)] == [12] * 5 + [10]
    assert sum(isinstance(layer, layers.Add) for layer in model.layers) == (4 if shortcuts else 0)


def test_a_deep_residual_network_starts_as_one_of_a_single_layer():
    model = residual_mlp((6,), 3, width=8, depth=9)
    dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    rows = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
    shallow = np.maximum(rows @ dense[0].kernel.numpy(), 0) @ dense[-1].kernel.numpy()
    np.testing.assert_allclose(model(rows), shallow, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shortcuts", [True, False])
def test_it_trains_as_in_keras(digits, keras_loop, shortcuts):
    model = residual_mlp(digits.input_shape, 10, shortcuts=shortcuts, width=16, depth=4)
    trainer = Trainer(model, digits, epochs=3)
    runs = trainer.run(learning_rate=0.05)
    theirs = keras_loop(trainer, model, keras.optimizers.SGD(0.05))
    np.testing.assert_allclose(runs.batch_loss[0], theirs, rtol=1e-3)
    assert theirs[-1] < theirs[0] / 2
