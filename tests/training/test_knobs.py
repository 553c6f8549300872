"""Bad input: every refusal names the argument, its value and the cure, and the trainer goes on working."""

import inspect

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import datasets, models, schedules
from course_utils.training import Trainer, knobs, optimizers

nan, inf = float("nan"), float("inf")


@pytest.fixture(scope="module")
def moons():
    return datasets.moons(100)  # 80 rows to train on


@pytest.fixture(scope="module")
def trainer(moons, sequential):
    return Trainer(sequential((2,), layers.Dense(2)), moons, batch_size=40, epochs=1)


@pytest.fixture(scope="module")
def expected(trainer):
    return trainer.run(learning_rate=0.1).batch_loss[0]


BAD_KNOBS = {
    "learning_rate": ([0, -0.1, nan, inf, "fast", None, True], "choose a finite number above 0"),
    "weight_decay": ([-1, nan, inf, "much"], "choose 0 or a finite number above"),
    "l1": ([-0.1, nan], "choose 0 or a finite number above"),
    "l2": ([-0.1, inf], "choose 0 or a finite number above"),
    "init_scale": ([-1, nan], "choose 0 or a finite number above"),
    "schedule": (["cosine", 0.5], r"choose one of course_utils\.schedules"),
    "batch_size": ([0, -4, 32.0, 81, "all", True], "choose a whole number from 1 to 80, the number of training rows"),
    "epochs": ([0, -1, 2.5, "two", True], "choose a whole number from 1 up"),
    "seeds": ([0, -1, 1.5, "a", None, True], "choose how many seeds .* or list them"),
    "optimizer": (["adamax", ""], "choose one of sgd, momentum"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (bad, _) in BAD_KNOBS.items() for value in bad])
def test_a_value_that_cannot_be_used_is_refused(trainer, expected, name, value):
    with pytest.raises(ValueError, match=BAD_KNOBS[name][1]) as refusal:
        trainer.run(**{"learning_rate": 0.1, name: value})
    assert f"{name}={value!r}" in str(refusal.value)
    np.testing.assert_array_equal(trainer.run(learning_rate=0.1).batch_loss[0], expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learning_rate": [0.1, -1]}, r"learning_rate=-1 .*choose"),
        ({"learning_rate": np.array([0.1, nan])}, r"learning_rate=nan .*choose"),
        ({"learning_rate": []}, r"learning_rate=\[\] names no value: give at least one"),
        ({"seeds": []}, r"seeds=\[\] trains nothing: give at least one"),
        ({"seeds": [0, -1]}, r"seeds=-1 .*choose whole numbers from 0 up"),
        ({"seeds": [0.5]}, r"seeds=0\.5 .*choose whole numbers"),
        ({"settings": []}, r"settings=\[\] trains nothing: give at least one"),
        ({"settings": [{"learning_rate": 0.1}, {"learning_rate": 0}]}, r"learning_rate=0 .*choose"),
        ({"learnrate": 0.1}, r"learnrate is no knob of this trainer: choose among .*learning_rate"),
        ({"width": 8}, r"width is no knob of this trainer: choose among"),
        ({"momentum": 0.9}, r"momentum is no knob of this optimizer: leave it out, or choose momentum or nesterov"),
        ({"optimizer": "momentum", "beta_1": 0.9}, r"beta_1 is no knob .*choose adam or adamw"),
        ({"optimizer": "momentum", "momentum": 1.0}, r"momentum=1\.0 .*choose a number from 0 to just below 1"),
        ({"optimizer": "adam", "beta_2": -0.1}, r"beta_2=-0\.1 .*choose a number from 0"),
        ({"optimizer": "rmsprop", "rho": nan}, r"rho=nan .*choose a number from 0"),
        ({"optimizer": "adam", "epsilon": 0}, r"epsilon=0 .*choose a finite number above 0"),
        ({"dropout": 0.5}, r"dropout=0\.5 has nothing to act on: put keras\.layers\.Dropout into the model"),
        ({"dropout": 1.0}, r"dropout=1\.0 .*choose a number from 0 to just below 1"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(trainer, expected, arguments, message):
    with pytest.raises(ValueError, match=message):
        trainer.run(**arguments)
    np.testing.assert_array_equal(trainer.run(learning_rate=0.1).batch_loss[0], expected)


def test_a_stream_refuses_before_anything_is_asked_of_it(trainer):
    with pytest.raises(ValueError, match=r"learning_rate=0 "):
        trainer.stream(learning_rate=0)
    with pytest.raises(ValueError, match=r"dropout=0\.5 "):
        trainer.stream(dropout=0.5)


def test_helpers_of_the_trainer_refuse_what_training_refuses(trainer):
    with pytest.raises(ValueError, match=r"batch_size=0 .*choose"):
        trainer.batches(batch_size=0)
    with pytest.raises(ValueError, match=r"width is no knob"):
        trainer.initial_weights(width=3)
    with pytest.raises(ValueError, match=r"init_scale=-1 .*choose"):
        trainer.initial_weights(init_scale=-1)


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, inputs):
        return self.dense(inputs)


def own():
    model = Own()
    model(np.zeros((1, 2)))
    return model


class Twice(keras.Sequential):
    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs, training=training, mask=mask)


def two_inputs():
    a, b = keras.Input((2,)), keras.Input((2,))
    return keras.Model([a, b], layers.Dense(2)(layers.Add()([a, b])))


def stack(*items, shape=(2,)):
    return lambda: keras.Sequential([keras.Input(shape), *items])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (own, r"is a Own with a call of its own.*build it with keras\.Sequential"),
        (Own, r"is a Own with a call of its own.*build it with keras\.Sequential"),
        (lambda: Twice([keras.Input((2,)), layers.Dense(2)]), r"is a Twice with a call of its own"),
        (stack(layers.Dense(2, dtype="float64")), r"has dtype='float64', .* choose 'float32'"),
        (lambda: keras.Sequential([layers.Dense(2)]), r"has no weights yet: start it with keras\.Input"),
        (two_inputs, r"several inputs or outputs: give it one of each"),
        (
            stack(layers.GaussianNoise(0.1), layers.Dense(2)),
            r"\(GaussianNoise\) draws random .*take its randomness out",
        ),
        (
            stack(layers.Dense(2), shape=(3,)),
            r"shape \(3,\), but the data set has \(2,\): build it with keras\.Input\(\(2,\)",
        ),
        (stack(layers.Dense(1), layers.Dense(1, "softmax")), r"ends in softmax, .*let it end in sigmoid, or in no"),
        (stack(layers.Dense(2, "sigmoid")), r"ends in sigmoid, .*let it end in softmax, or in no activation"),
        (lambda: "mlp", r"model='mlp' is neither a Keras model nor a function that builds one"),
    ],
)
def test_models_that_cannot_be_trained_are_refused(moons, make, message):
    with pytest.raises(ValueError, match=message):
        Trainer(make(), moons)


TAKEN = [*knobs.RUNTIME, *knobs.OPTIMIZER, "batch_size", "optimizer", "seed"]
TAKEN += [name for name in inspect.signature(Trainer.run).parameters if name not in ("self", "knobs")]


@pytest.mark.parametrize("name", TAKEN)
def test_a_builder_with_a_keyword_that_training_uses_is_refused(moons, name):
    def builder(input_shape, outputs, **keywords):
        return models.mlp(input_shape, outputs, width=keywords.get(name, 8))

    builder.__signature__ = inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=8)])
    with pytest.raises(ValueError, match=rf"keyword '{name}', which training uses itself: give it another name"):
        Trainer(builder, moons)


@pytest.mark.parametrize(("table", "defaults"), [(knobs.RUNTIME, {}), (knobs.OPTIMIZER, {"push": 1.0})])
def test_a_knob_that_is_only_a_number_needs_its_rule_and_a_reader(moons, sequential, monkeypatch, table, defaults):
    """The recipe of CONTRIBUTING, for a knob of every optimizer and for one of a single optimizer."""

    def push(weights, gradient, slots, step, values):  # noqa: ARG001 - as every update rule
        return weights - values["learning_rate"] * values["push"] * gradient, slots

    monkeypatch.setitem(table, "push", knobs.strength(1.0))
    pushed = optimizers.Optimizer("pushed", push, (), {"learning_rate": 0.01, **defaults})
    monkeypatch.setitem(optimizers.OPTIMIZERS, "pushed", pushed)
    trainer = Trainer(sequential((2,), layers.Dense(2)), moons, optimizer="pushed", epochs=2)
    runs = trainer.run(learning_rate=0.1, push=[1.0, 3.0])
    assert trainer.engine.startswith("XLA, since the kernel does not know the ")
    plain = trainer.run(learning_rate=[0.1, 0.3], optimizer="sgd")
    assert plain.engine.startswith("XLA, since the kernel does not know the knob 'push'" if not defaults else "kernel")
    np.testing.assert_allclose(runs.batch_loss, plain.batch_loss, rtol=1e-5)
    np.testing.assert_allclose(trainer.run(learning_rate=0.1).batch_loss[0], plain.batch_loss[0], rtol=1e-5)
    with pytest.raises(ValueError, match="push=-1 cannot be used: choose 0 or a finite number above"):
        trainer.run(push=-1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "adamax"}, "optimizer='adamax' is not known: choose one of sgd"),
        ({"batch_size": 81}, "batch_size=81 .*choose a whole number from 1 to 80"),
        ({"batch_size": 16.0}, r"batch_size=16\.0 .*choose a whole number"),
        ({"epochs": 0}, "epochs=0 .*choose a whole number from 1 up"),
    ],
)
def test_options_of_the_trainer_are_checked_when_it_is_made(moons, options, message):
    with pytest.raises(ValueError, match=message):
        Trainer(models.mlp, moons, **options)


@pytest.mark.parametrize(
    ("outputs", "loss", "message"),
    [
        (2, "hinge", "loss='hinge' is not known: choose one of sparse_categorical_crossentropy"),
        (2, "mean_squared_error", "loss='mean_squared_error' does not fit targets that are 2 classes: leave it out"),
        (2, "binary_crossentropy", "loss='binary_crossentropy' needs one output and two classes, not 2 and 2"),
        (1, "sparse_categorical_crossentropy", "model puts out 1 numbers for 2 classes: give its last layer 2 units"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused(moons, outputs, loss, message):
    with pytest.raises(ValueError, match=message):
        Trainer(stack(layers.Dense(outputs))(), moons, loss=loss)


def test_a_regression_asks_for_its_number_of_outputs_and_its_losses():
    line = datasets.line(100, features=2)
    with pytest.raises(ValueError, match=r"puts out 3 numbers, but the data set has 1 targets: give the last layer 1"):
        Trainer(stack(layers.Dense(3))(), line)
    with pytest.raises(ValueError, match="does not fit targets that are numbers: leave it out"):
        Trainer(stack(layers.Dense(1))(), line, loss="binary_crossentropy")


def test_lists_unfold_into_every_combination_with_the_last_knob_fastest():
    constant = schedules.Constant()
    unfolded = knobs.unfold({"a": [1, 2], "b": (3, 4), "c": constant, "d": np.array([0.5])})
    assert [(s["a"], s["b"]) for s in unfolded] == [(1, 3), (1, 4), (2, 3), (2, 4)]
    assert all(s["c"] is constant and s["d"] == 0.5 for s in unfolded)


@pytest.mark.parametrize(
    ("seeds", "expected"), [(3, [0, 1, 2]), ([5, 2], [5, 2]), (range(2, 4), [2, 3]), (np.array([7]), [7])]
)
def test_seeds_are_a_number_or_a_list(seeds, expected):
    assert knobs.seed_list(seeds) == expected
