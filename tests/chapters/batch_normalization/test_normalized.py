"""Networks with batch normalisation in chosen places: the layers that were asked for, and the losses of Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils.chapters.batch_normalization.normalized import normalized_mlp
from course_utils.training import Trainer


def kinds(model):
    short = {"BatchNormalization": "BN"}
    return [short.get(type(layer).__name__, type(layer).__name__) for layer in model.layers]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ("none", ["Dense", "Activation", "Dense"]),
        ("before", ["Dense", "BN", "Activation", "Dense"]),
        ("after", ["Dense", "Activation", "BN", "Dense"]),
        ("first", ["BN", "Dense", "Activation", "Dense"]),
        ("before + last", ["Dense", "BN", "Activation", "Dense", "BN"]),
    ],
)
def test_normalization_stands_where_it_was_asked_for(places, expected):
    assert kinds(normalized_mlp((4,), 2, places=places, depth=1)) == expected


def test_depth_width_averaging_and_dropout_reach_their_layers():
    model = normalized_mlp((8, 8, 1), 10, places="before", width=5, depth=3, averaging=0.7, dropout_layers=True)
    assert kinds(model) == ["Flatten", *["Dense", "BN", "Activation", "Dropout"] * 3, "Dense"]
    assert {layer.momentum for layer in model.layers if isinstance(layer, layers.BatchNormalization)} == {0.7}
    assert [layer.units for layer in model.layers if isinstance(layer, layers.Dense)] == [5, 5, 5, 10]


def test_every_dropout_layer_is_one_of_its_own():
    model = normalized_mlp((4,), 2, depth=2, dropout_layers=True)
    assert len({id(layer) for layer in model.layers if isinstance(layer, layers.Dropout)}) == 2


def test_an_unknown_place_is_refused_by_name():
    with pytest.raises(ValueError, match="names middle: choose among before"):
        normalized_mlp((4,), 2, places="before + middle")


@pytest.mark.parametrize("places", ["after + first", "before + last"])
def test_every_place_trains_as_in_keras(digits, keras_loop, places):
    model = normalized_mlp(digits.input_shape, 10, places=places, width=16, depth=2, averaging=0.95)
    trainer = Trainer(model, digits, epochs=3)
    runs = trainer.run(learning_rate=0.1)
    theirs = keras_loop(trainer, model, keras.optimizers.SGD(0.1))
    np.testing.assert_allclose(runs.batch_loss[0], theirs, rtol=1e-3)
    assert np.ptp(theirs) > 0.01 * theirs[0]
    for mine, variable in zip(runs.model().non_trainable_variables, model.non_trainable_variables, strict=True):
        np.testing.assert_allclose(mine, variable, rtol=1e-2, atol=1e-3)
