"""Update rules: pure arithmetic on NumPy arrays that moves weights as the optimizers of Keras do."""

import numpy as np
import pytest

from course_utils.training import optimizers

#: For each optimizer its class in Keras, fixed arguments there, and knobs away from their defaults.
IN_KERAS = {
    "sgd": ("SGD", {}, {"learning_rate": 0.1}),
    "momentum": ("SGD", {}, {"learning_rate": 0.05, "momentum": 0.7}),
    "nesterov": ("SGD", {"nesterov": True}, {"learning_rate": 0.05, "momentum": 0.7}),
    "adagrad": ("Adagrad", {}, {"learning_rate": 0.1, "epsilon": 1e-3}),
    "adadelta": ("Adadelta", {}, {"learning_rate": 2.0, "rho": 0.8, "epsilon": 1e-4}),
    "rmsprop": ("RMSprop", {}, {"learning_rate": 0.02, "rho": 0.7, "epsilon": 1e-3}),
    "adam": ("Adam", {}, {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    "adamw": ("AdamW", {}, {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
}


def walk(optimizer, weights, gradients, knobs):
    slots = tuple(np.full_like(weights, start) for start in optimizer.slots)
    for step, gradient in enumerate(gradients, start=1):
        weights, slots = optimizer.update(weights, gradient, slots, step, knobs)
    return weights


def keras_walk(name, weights, gradients, knobs):
    import keras

    kind, fixed, _ = IN_KERAS[name]
    optimizer = getattr(keras.optimizers, kind)(**fixed, **knobs)
    variable = keras.Variable(weights)
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    return variable.numpy()


def gradients_of(steps, *shape):
    return np.random.default_rng(1).normal(size=(steps, *shape)).astype("float32")


def test_every_optimizer_has_its_counterpart_here():
    assert IN_KERAS.keys() == optimizers.OPTIMIZERS.keys()


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("name", IN_KERAS)
def test_numpy_arrays_move_as_in_keras(name, weight_decay):
    knobs = {**IN_KERAS[name][2], "weight_decay": weight_decay}
    weights, gradients = np.linspace(-2, 2, 6, dtype="float32").reshape(2, 3), gradients_of(50, 2, 3)
    ours = walk(optimizers.get(name), weights, gradients, knobs)
    np.testing.assert_allclose(ours, keras_walk(name, weights, gradients, knobs), rtol=1e-5, atol=1e-5)
    assert np.abs(ours - weights).max() > 0.1


@pytest.mark.parametrize("name", IN_KERAS)
def test_knobs_away_from_their_defaults_matter(name):
    optimizer = optimizers.get(name)
    weights, gradients = np.ones(3, "float32"), gradients_of(20, 3)
    plain = {"weight_decay": 0.0, **optimizer.defaults}
    usual = walk(optimizer, weights, gradients, plain)
    for knob, value in {**IN_KERAS[name][2], "weight_decay": 0.5}.items():
        assert not np.allclose(walk(optimizer, weights, gradients, plain | {knob: value}), usual, rtol=1e-6), knob


@pytest.mark.parametrize("name", IN_KERAS)
def test_default_knobs_are_those_of_keras(name):
    import keras

    kind, fixed, _ = IN_KERAS[name]
    config = getattr(keras.optimizers, kind)(**fixed).get_config()
    defaults = dict(optimizers.get(name).defaults)
    assert defaults.pop("momentum", 0.9) == 0.9  # Keras' SGD has none unless asked
    for knob, value in defaults.items():
        assert config[knob] == pytest.approx(value, rel=1e-6), knob


@pytest.mark.parametrize("name", IN_KERAS)
def test_an_update_changes_no_array_in_place(name):
    optimizer = optimizers.get(name)
    weights, gradient = np.ones(3), np.full(3, 0.5)
    slots = tuple(np.full(3, start) for start in optimizer.slots)
    optimizer.update(weights, gradient, slots, 1, {"weight_decay": 0.1, **IN_KERAS[name][2]})
    assert (weights == 1).all()
    assert (gradient == 0.5).all()
    assert all((array == start).all() for array, start in zip(slots, optimizer.slots))


def test_one_step_of_momentum_by_hand():
    weights, (velocity,) = optimizers.get("momentum").update(
        np.array([1.0]),
        np.array([2.0]),
        (np.array([0.5]),),
        7,
        {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0},
    )
    assert velocity == pytest.approx(0.9 * 0.5 - 0.1 * 2)
    assert weights == pytest.approx(1 + 0.25)


def test_an_unknown_optimizer_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"optimizer='adamax' is not known: choose one of sgd, .*adamw"):
        optimizers.get("adamax")
