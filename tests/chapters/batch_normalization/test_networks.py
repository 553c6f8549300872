"""The builders: the layers that were asked for, the noise that the knob says, and the losses of Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils.chapters.batch_normalization.networks import noisy_mlp, normalized_mlp, residual_mlp
from course_utils.training import Trainer
from course_utils.training.xla import fast_layers


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
    runs = trainer.run(learning_rate=0.02)  # with larger ones, differences in the last digit grow
    theirs = keras_loop(trainer, model, keras.optimizers.SGD(0.02))
    np.testing.assert_allclose(runs.batch_loss[0], theirs, rtol=1e-3)
    assert np.ptp(theirs) > 0.01 * theirs[0]
    for mine, variable in zip(runs.model().non_trainable_variables, model.non_trainable_variables, strict=True):
        np.testing.assert_allclose(mine, variable, rtol=1e-2, atol=1e-3)


@pytest.fixture
def shifts():
    """Gives a function that collects what the first hidden layer's units are shifted by, shape (steps, rows, units)."""

    def collect(rate, *, steps=400, training=True):
        fast = fast_layers.fast_copy(noisy_mlp((4,), 2, width=6, depth=1))  # what a population trains
        (dropout,) = fast_layers.runtime_dropouts(fast)
        dropout.rate.assign(rate)
        dropout.seed.assign(1)
        shift = next(layer for layer in fast.layers if isinstance(layer, layers.Add))
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


def test_without_noise_a_noisy_network_trains_as_in_keras(digits, keras_loop):
    model = noisy_mlp(digits.input_shape, 10, width=16, depth=2)
    trainer = Trainer(model, digits, epochs=3)
    runs = trainer.run(learning_rate=0.1, dropout=[0, 0.5])
    theirs = keras_loop(trainer, model, keras.optimizers.SGD(0.1))
    np.testing.assert_allclose(runs.batch_loss[0], theirs, rtol=1e-3)
    assert not np.allclose(runs.batch_loss[1], theirs, rtol=0.1)


def test_a_noisy_network_without_normalization_has_none():
    model = noisy_mlp((4,), 2, normalized=False)
    assert not any(isinstance(layer, layers.BatchNormalization) for layer in model.layers)


@pytest.mark.parametrize("shortcuts", [True, False])
def test_a_residual_network_has_the_layers_that_were_asked_for(shortcuts):
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
def test_residual_networks_train_as_in_keras(digits, keras_loop, shortcuts):
    model = residual_mlp(digits.input_shape, 10, shortcuts=shortcuts, width=16, depth=4)
    trainer = Trainer(model, digits, epochs=3)
    runs = trainer.run(learning_rate=0.05)
    theirs = keras_loop(trainer, model, keras.optimizers.SGD(0.05))
    np.testing.assert_allclose(runs.batch_loss[0], theirs, rtol=1e-3)
    assert theirs[-1] < theirs[0] / 2
