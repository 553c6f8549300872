"""Trained networks: batch by batch the same losses as a plain Keras loop from the same start on the same batches."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import datasets, models, schedules
from course_utils.training import Trainer
from tests.training.test_optimizers import IN_KERAS

STEPS = 132  # three epochs of 44 batches

LEARNING_RATES = {"sgd": 0.3, "momentum": 0.05, "nesterov": 0.05, "adagrad": 0.05, "adadelta": 1.0}


@pytest.fixture(autouse=True, params=["auto", "xla"])
def engine(request, monkeypatch):
    """Makes trainers take the kernel where it can be, and XLA everywhere."""
    monkeypatch.setitem(Trainer.__init__.__kwdefaults__, "engine", request.param)


def close(ours, theirs, rtol=1e-4):
    assert len(theirs) >= 100
    np.testing.assert_allclose(ours, theirs, rtol=rtol)
    assert np.ptp(theirs) > 0.01 * abs(theirs[0]), "a flat curve shows nothing"


def compare(keras_loop, model, dataset, *, loss=None, keras_loss=None, epochs=3, rate=0.1):
    """Trains a model both ways with plain gradient descent; gives the runs, for more comparisons."""
    trainer = Trainer(model, dataset, loss=loss, epochs=epochs)
    runs = trainer.run(learning_rate=rate)
    theirs = keras_loop(trainer, model, keras.optimizers.SGD(rate), loss=keras_loss)
    close(runs.batch_loss[0], theirs)
    return runs


@pytest.mark.parametrize("name", IN_KERAS)
def test_every_optimizer_gives_the_losses_of_keras(digits, keras_loop, name):
    kind, fixed, knobs = IN_KERAS[name]
    knobs = {**knobs, "learning_rate": LEARNING_RATES.get(name, 0.005)}
    trainer = Trainer(models.mlp, digits, optimizer=name, epochs=3)
    plain = {"weight_decay": 0.0, "init_scale": 1.0}
    decayed = {"weight_decay": 0.1, "init_scale": 0.5}
    runs = trainer.run(settings=[knobs | plain, knobs | decayed], seeds=[3], width=[16], depth=[1])
    for curve, extra in zip(runs.batch_loss, (plain, decayed)):
        optimizer = getattr(keras.optimizers, kind)(**fixed, **knobs, weight_decay=extra["weight_decay"])
        model = models.mlp(digits.input_shape, digits.outputs, width=16, depth=1)
        small = Trainer(model, digits, epochs=3)
        close(curve, keras_loop(small, model, optimizer, seed=3, init_scale=extra["init_scale"]))
    assert not np.allclose(runs.batch_loss[0], runs.batch_loss[1], rtol=1e-2)


SCHEDULES = [
    schedules.Step(0.5, 1),
    schedules.Exponential(0.99, per_step=True),
    schedules.WarmUp(2, schedules.Cosine()),
    schedules.OneCycle(),
]


def test_schedules_drive_the_learning_rate_of_every_step(digits, keras_loop):
    model = models.mlp(digits.input_shape, digits.outputs, width=16, depth=1)
    trainer = Trainer(model, digits, optimizer="momentum", epochs=3)
    runs = trainer.run(learning_rate=0.05, momentum=0.8, schedule=SCHEDULES)
    for member, schedule in enumerate(SCHEDULES):
        rates = 0.05 * schedule(schedules.Position(np.arange(STEPS), 44, 3))
        np.testing.assert_allclose(runs.learning_rates[member], rates, rtol=1e-6)
        optimizer = keras.optimizers.SGD(0.05, momentum=0.8)
        close(runs.batch_loss[member], keras_loop(trainer, model, optimizer, rates=rates))


PENALTIES = {
    "none": ({}, None),
    "l2": ({"l2": 0.01}, lambda w: 0.01 * keras.ops.sum(keras.ops.square(w))),
    "l1": ({"l1": 0.003}, lambda w: 0.003 * keras.ops.sum(keras.ops.abs(w))),
}


def test_penalties_act_on_kernels_and_join_those_of_the_layers(digits, keras_loop, sequential):
    own = layers.Dense(16, "relu", kernel_regularizer=keras.regularizers.L1L2(0.001, 0.02), bias_initializer="ones")
    model = sequential(digits.input_shape, own, layers.Dense(10))
    trainer = Trainer(model, digits, epochs=3)
    runs = trainer.run(learning_rate=0.1, settings=[knobs for knobs, _ in PENALTIES.values()])
    for curve, (_, penalty) in zip(runs.batch_loss, PENALTIES.values()):
        close(curve, keras_loop(trainer, model, keras.optimizers.SGD(0.1), penalty=penalty))
    assert len({round(float(loss), 2) for loss in runs.final("loss")}) == 3


def test_constraints_of_layers_hold(digits, keras_loop, sequential):
    limit = keras.constraints.MaxNorm(0.5)
    model = sequential(
        digits.input_shape, layers.Dense(16, "relu", kernel_constraint=limit), layers.Dense(10, kernel_constraint=limit)
    )
    runs = compare(keras_loop, model, digits, rate=0.5)
    norms = np.linalg.norm(runs.model().get_weights()[0], axis=0)
    assert norms.max() == pytest.approx(0.5, rel=1e-4)


def test_batch_normalization_trains_and_remembers_as_in_keras(digits, keras_loop):
    model = models.mlp(digits.input_shape, 10, width=16, depth=2, batch_normalization=True)
    runs = compare(keras_loop, model, digits)
    averages = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    ours = [layer for layer in runs.model().layers if isinstance(layer, layers.BatchNormalization)]
    assert len(ours) == len(averages) == 2
    for mine, theirs in zip(ours, averages):
        np.testing.assert_allclose(mine.moving_mean, theirs.moving_mean, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(mine.moving_variance, theirs.moving_variance, rtol=1e-3)
        assert np.abs(mine.moving_mean.numpy()).max() > 0.1
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    inference = float(loss(digits.y_validation, model(digits.x_validation, training=False)))
    training = float(loss(digits.y_validation, model(digits.x_validation, training=True)))
    assert runs.final("val_loss")[0] == pytest.approx(inference, rel=1e-4)
    assert abs(training / inference - 1) > 1e-3


def test_convolutions_and_pooling_train_as_in_keras(images, keras_loop, sequential):
    model = sequential(
        images.input_shape,
        layers.Conv2D(4, (3, 2), padding="same", activation="tanh"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(3),
        layers.Conv2D(6, 2, strides=(1, 2), padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(10),
    )
    compare(keras_loop, model, images)


def test_the_cnn_of_the_course_trains_as_in_keras(images, keras_loop):
    compare(keras_loop, models.cnn(images.input_shape, 10, filters=4), images)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.SimpleRNN(4, recurrent_initializer="glorot_uniform"),
        lambda: layers.GRU(4),
        lambda: layers.LSTM(4),
    ],
    ids=["SimpleRNN", "GRU", "LSTM"],
)
def test_recurrent_networks_train_as_in_keras(sentences, keras_loop, sequential, make):
    embedding = layers.Embedding(12, 3, mask_zero=True, embeddings_initializer="normal")
    model = sequential((3,), embedding, make(), layers.Dense(3))
    runs = compare(keras_loop, model, sentences, epochs=20, rate=0.5)
    assert runs.final("loss")[0] < runs.history["loss"][0, 0]


def test_models_that_end_in_softmax_train_as_in_keras(digits, keras_loop, sequential):
    model = sequential(digits.input_shape, layers.Dense(16, "relu"), layers.Dense(10), layers.Softmax())
    probabilities = keras.losses.SparseCategoricalCrossentropy(from_logits=False)
    runs = compare(keras_loop, model, digits, keras_loss=probabilities)
    np.testing.assert_allclose(runs.model().predict(digits.x_test, verbose=0).sum(axis=1), 1, rtol=1e-5)


def test_models_that_end_in_sigmoid_train_as_in_keras(keras_loop, sequential):
    moons = datasets.moons()
    model = sequential((2,), layers.Dense(8, "tanh"), layers.Dense(1, activation="sigmoid"))
    binary = keras.losses.BinaryCrossentropy(from_logits=False)

    def column(y, probability):
        return binary(y[:, None], probability)

    runs = compare(keras_loop, model, moons, keras_loss=column, epochs=5, rate=0.5)
    guess = model.predict(moons.x_validation, verbose=0)[:, 0] > 0.5
    assert runs.final("val_accuracy")[0] == pytest.approx((guess == moons.y_validation).mean())


@pytest.mark.parametrize(("name", "targets"), [("mean_squared_error", 2), ("mean_absolute_error", 1)])
def test_regressions_train_as_in_keras(keras_loop, sequential, name, targets):
    random = np.random.default_rng(0)
    x = random.normal(size=(500, 4))
    y = 1 / (1 + np.exp(-x @ random.normal(size=(4, targets))))
    data = datasets.from_arrays(x, y[:, 0] if targets == 1 else y)
    last = layers.Dense(targets, activation="sigmoid")
    model = sequential((4,), layers.Dense(8, "tanh"), last)
    kind = {"mean_squared_error": keras.losses.MeanSquaredError, "mean_absolute_error": keras.losses.MeanAbsoluteError}

    def columns(y, output):
        return kind[name]()(y[:, None] if targets == 1 else y, output)

    runs = compare(keras_loop, model, data, loss=name, keras_loss=columns, epochs=10, rate=0.3)
    assert set(runs.history) == {"loss", "val_loss"}


def test_layers_that_do_not_train_keep_their_weights(digits, keras_loop, sequential):
    features = layers.Dense(16, "relu", trainable=False)
    model = sequential(digits.input_shape, features, layers.Dense(10))
    before = features.kernel.numpy().copy()
    runs = compare(keras_loop, model, digits)
    np.testing.assert_array_equal(runs.model().layers[0].kernel, before)
