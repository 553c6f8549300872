"""Model builders: the layers and shapes that their arguments promise, and logits at the end."""

import numpy as np
import pytest
from keras import layers

from course_utils import models


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def test_an_mlp_has_the_width_and_depth_that_were_asked_for():
    model = models.mlp((64,), 10, width=32, depth=3)
    shapes = [layer.kernel.shape for layer in model.layers if isinstance(layer, layers.Dense)]
    assert shapes == [(64, 32), (32, 32), (32, 32), (32, 10)]
    assert model.output_shape == (None, 10)


def test_an_mlp_without_depth_is_linear():
    assert kinds(models.mlp((3,), 1, depth=0)) == ["Dense"]


def test_an_mlp_flattens_images():
    model = models.mlp((8, 8, 1), 10, depth=1)
    assert kinds(model) == ["Flatten", "Dense", "Activation", "Dense"]
    assert model.layers[1].kernel.shape == (64, 64)


def test_normalization_stands_before_the_activation_and_dropout_after_it():
    model = models.mlp((4,), 2, depth=2, dropout_layers=True, batch_normalization=True)
    assert kinds(model) == ["Dense", "BatchNormalization", "Activation", "Dropout"] * 2 + ["Dense"]
    assert [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)] == [0, 0]


def test_activation_and_initializer_reach_their_layers():
    model = models.mlp((4,), 2, depth=1, activation="tanh", kernel_initializer="he_normal")
    dense, activation, last = model.layers
    assert activation.activation.__name__ == "tanh"
    assert type(dense.kernel_initializer).__name__ == type(last.kernel_initializer).__name__ == "HeNormal"


def test_a_cnn_doubles_its_filters_and_halves_the_image_twice():
    model = models.cnn((8, 8, 1), 10, filters=5, kernel_initializer="he_uniform")
    assert kinds(model) == ["Conv2D", "MaxPooling2D"] * 2 + ["Flatten", "Dense"]
    assert [layer.output.shape[1:] for layer in model.layers][1:4:2] == [(4, 4, 5), (2, 2, 10)]
    assert model.output_shape == (None, 10)
    assert type(model.layers[0].kernel_initializer).__name__ == "HeUniform"


@pytest.mark.parametrize("model", [models.mlp((8, 8, 1), 10), models.cnn((8, 8, 1), 10)], ids=["mlp", "cnn"])
def test_models_put_out_logits(model):
    assert model.layers[-1].activation.__name__ == "linear"
    outputs = model.predict(np.random.default_rng(0).normal(size=(20, 8, 8, 1)) * 10, verbose=0)
    assert outputs.min() < 0
    assert np.ptp(outputs.sum(axis=1)) > 0.1
