"""Every operation with every optimizer, and every loss: ten steps as a plain Keras loop takes them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from course_utils.training.kernel.engine import Examples, Start, Training
from course_utils.training.kernel.layout import lay_out
from course_utils.training.kernel.network import plan_model
from course_utils.training.kernel.plan import Plan, Weights
from course_utils.training.kernel.records import ACTIVATIONS
from course_utils.training.kernel.self_test import numbers
from course_utils.training.optimizers import OPTIMIZERS
from tests.training.test_optimizers import IN_KERAS

STEPS, BATCH, ROWS, RATE = 10, 8, 60, 0.3

X = numbers((ROWS, 3, 3, 2), 1)
LABELS = (np.abs(numbers((ROWS,), 2)) * 4).astype("int32")
WEIGHTS = 0.5 + np.abs(numbers((ROWS,), 3))


class Masked(layers.Layer):
    """Dropout by a mask that a test sets."""

    def build(self, shape):
        self.mask = self.add_weight(shape=(BATCH, *shape[1:]), trainable=False, initializer="ones", name="mask")

    def call(self, inputs, training=None):
        return inputs * self.mask / (1 - RATE) if training else inputs


def chain(*stack):
    return keras.Sequential([keras.Input((3, 3, 2)), layers.Flatten(), *stack])


def images(*stack):
    return keras.Sequential([keras.Input((3, 3, 2)), *stack, layers.Dense(4)])


def around(*stack):
    """Puts layers between two dense ones."""
    return chain(layers.Dense(7), *stack, layers.Dense(4))


def residual(dropout):
    x = keras.Input((3, 3, 2))
    y = layers.Flatten()(layers.Dense(3, "tanh")(layers.Rescaling(0.5, offset=0.1)(x)))
    y = layers.Dense(6)(y)
    z = dropout()(layers.Dense(6, "relu")(y))
    y = layers.Add()([y, z, layers.Dense(6, use_bias=False)(z)])
    return keras.Model(x, layers.Dense(4)(layers.Dense(6, "tanh")(y)))


REGULAR = {
    "kernel_regularizer": keras.regularizers.L1L2(0.002, 0.01),
    "bias_regularizer": keras.regularizers.L2(0.1),
    "bias_initializer": "ones",
}

#: Functions of the class that stands for dropout.
MODELS = {
    **{
        name: lambda _, name=name: around(layers.Activation(name))
        for name in ACTIVATIONS
        if name != "gelu_tanh"  # Keras has it under no name
    },
    "no bias": lambda _: chain(layers.Dense(7, "relu", use_bias=False), layers.Dense(4)),
    "activation layers": lambda _: around(layers.LeakyReLU(0.1), layers.ELU(0.7), layers.ReLU(), layers.Softmax()),
    "batch normalization": lambda _: around(layers.BatchNormalization(momentum=0.8, epsilon=0.01), layers.ReLU()),
    "plain normalization": lambda _: around(layers.BatchNormalization(scale=False, center=False), layers.ReLU()),
    "normalized input": lambda _: chain(layers.BatchNormalization(), layers.Dense(4)),
    "dropout": lambda dropout: chain(
        layers.Dense(9, "relu"), dropout(), layers.Dense(7, "tanh"), dropout(), layers.Dense(4)
    ),
    "residual": residual,
    "places": lambda _: images(layers.Dense(5, "tanh"), layers.BatchNormalization(), layers.Flatten()),
    "layer normalization": lambda _: images(
        layers.LayerNormalization(),
        layers.Dense(5, "tanh"),
        layers.LayerNormalization(epsilon=0.1),
        layers.Flatten(),
        layers.LayerNormalization(scale=False, center=False),
    ),
    "convolutions": lambda _: images(
        layers.Conv2D(3, (3, 2), padding="same", activation="tanh"),
        layers.BatchNormalization(),
        layers.Conv2D(17, 2, strides=(1, 2), padding="same", use_bias=False),
        layers.Activation("relu"),
        layers.Flatten(),
    ),
    "dilation": lambda _: images(
        layers.Conv2D(5, 2, dilation_rate=2, padding="same"), layers.Conv2D(4, 2), layers.GlobalAveragePooling2D()
    ),
    "max pooling": lambda _: images(
        layers.Conv2D(3, 2, padding="same", activation="tanh"),
        layers.MaxPooling2D(2, strides=1, padding="same"),
        layers.Dense(3),
        layers.MaxPooling2D(),
        layers.Flatten(),
    ),
    "average pooling": lambda _: images(
        layers.Conv2D(3, 2, padding="same", activation="tanh"),
        layers.AveragePooling2D(2, strides=1, padding="same"),
        layers.Dense(3),
        layers.GlobalMaxPooling2D(),
    ),
    "regularizers": lambda _: chain(layers.Dense(7, "tanh", **REGULAR), layers.Dense(4, kernel_regularizer="l2")),
    "constraints": lambda _: chain(
        layers.Dense(7, "relu", kernel_constraint=keras.constraints.MaxNorm(0.6)),
        layers.Dense(7, "relu", kernel_constraint="non_neg"),
        layers.Dense(4, kernel_constraint="unit_norm"),
    ),
    "frozen": lambda _: chain(
        layers.Dense(7, "tanh"), layers.BatchNormalization(trainable=False), layers.Dense(7, "relu", trainable=False),
        layers.Dense(4),
    ),
}  # fmt: skip


def states(model):
    kept = [v for v in model.non_trainable_variables if "seed_generator" not in v.path and v.name != "mask"]
    return [*model.trainable_variables, *kept]


def started(model):
    """Weights that are the same for a model and its twin; a moving variance stays positive."""
    values = []
    for place, variable in enumerate(states(model)):
        value = numbers(tuple(variable.shape), 10 + place)
        values.append(np.abs(value) if "variance" in variable.path else value * (0.5 if value.ndim > 1 else 0.1))
    return values


class Loop:
    """A plain Keras loop, traced once for all optimizers."""

    def __init__(self, model, loss, *, weighted=True):
        self.model, weights = model, model.trainable_variables

        @tf.function
        def gradients(x, y, row_weights):
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True), sample_weight=row_weights if weighted else None)
                objective = value + sum(model.losses)
            return value, tape.gradient(objective, weights)

        self.gradients = gradients

    def train(self, optimizer, start, order, targets, masks, inputs=X):
        for variable, value in zip(states(self.model), start, strict=True):
            variable.assign(value)
        optimizer.build(self.model.trainable_variables)
        losses = []
        layers_with_masks = [layer for layer in self.model.layers if isinstance(layer, Masked)]
        for step, rows in enumerate(order):
            for layer, mask in zip(layers_with_masks, masks):
                layer.mask.assign(mask[step])
            loss, gradients = self.gradients(inputs[rows], targets[rows], WEIGHTS[rows])
            optimizer.apply_gradients(zip(gradients, self.model.trainable_variables))
            losses.append(float(loss))
        return np.array(losses), [v.numpy() for v in states(self.model)]


def order_of(batch=BATCH):
    return (np.arange(STEPS * batch) * 7 % ROWS).reshape(STEPS, batch)


def ours(machine, model, start, optimizer, rate, knobs, *, loss, targets, masks=None, track_norms=False):
    planned = plan_model(model, loss=loss, optimizer=optimizer, batch_size=BATCH, track_norms=track_norms)
    slots = OPTIMIZERS[optimizer].slots
    begin = Start([start[place] for place in planned.variables], slots, {**OPTIMIZERS[optimizer].defaults, **knobs})
    data = Examples(X, targets, WEIGHTS)
    injected = masks is not None
    training = Training(planned.network, [begin], data, data, steps=STEPS, machine=machine(), injected=injected)
    training.begin(order_of()[None], np.full((1, STEPS), rate), masks)
    while not training.epoch_done:
        training.advance(seconds=1)
    back = [None] * len(start)
    for place, value in zip(planned.variables, training.seats[0].weights()):
        back[place] = value
    return training, back


@pytest.mark.parametrize("case", MODELS)
def test_every_operation_trains_with_every_optimizer_as_in_keras(any_machine, case):
    model, twin = MODELS[case](lambda: layers.Dropout(RATE)), MODELS[case](Masked)
    start = started(model)
    keras_loop = Loop(twin, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    masked = [layer for layer in twin.layers if isinstance(layer, Masked)]
    masks = [(numbers((STEPS, *layer.mask.shape), 90 + i) > -0.4).astype("float32") for i, layer in enumerate(masked)]
    flat = np.concatenate([m.reshape(STEPS, -1) for m in masks], axis=1)[None] if masks else None
    for name, (kind, fixed, knobs) in IN_KERAS.items():
        optimizer = getattr(keras.optimizers, kind)(**fixed, **knobs, weight_decay=0.01)
        theirs, their_weights = keras_loop.train(optimizer, start, order_of(), LABELS, masks)
        loss, decayed = "sparse_categorical_crossentropy", {**knobs, "weight_decay": 0.01}
        rate = knobs["learning_rate"]
        training, weights = ours(any_machine, model, start, name, rate, decayed, loss=loss, targets=LABELS, masks=flat)
        np.testing.assert_allclose(training.seats[0].measured[:, 0], theirs, rtol=1e-5, err_msg=name)
        for mine, their in zip(weights, their_weights):
            np.testing.assert_allclose(mine, their, rtol=1e-5, atol=1e-5, err_msg=name)
        if case not in {"frozen", "constraints"}:
            assert np.ptp(theirs) > 0.02
        for variable, value in zip(states(twin), their_weights):
            variable.assign(value)
        val_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, twin(X, training=False))
        accuracy = (np.argmax(twin(X, training=False), axis=1) == LABELS).mean()
        np.testing.assert_allclose(training.evaluate()[0], [float(val_loss), accuracy], rtol=2e-5, err_msg=name)


def one_hot(smoothing=0.0):
    return (keras.utils.to_categorical(LABELS, 4) * (1 - smoothing) + smoothing / 4).astype("float32")


NUMBERS = numbers((ROWS, 4), 5)
K = keras.losses
LOSSES = {
    "sparse_categorical_crossentropy": (K.SparseCategoricalCrossentropy(from_logits=True), LABELS, None),
    "sparse_categorical_crossentropy of probabilities": (K.SparseCategoricalCrossentropy(), LABELS, "softmax"),
    "categorical_crossentropy": (K.CategoricalCrossentropy(from_logits=True), one_hot(0.1), None),
    "categorical_crossentropy of probabilities": (K.CategoricalCrossentropy(), one_hot(0.1), "softmax"),
    "binary_crossentropy": (K.BinaryCrossentropy(from_logits=True), one_hot(), None),
    "binary_crossentropy of probabilities": (K.BinaryCrossentropy(), one_hot(), "sigmoid"),
    "mean_squared_error": (K.MeanSquaredError(), NUMBERS, None),
    "mean_absolute_error": (K.MeanAbsoluteError(), NUMBERS, None),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_that_of_keras(any_machine, name):
    loss, targets, ending = LOSSES[name]
    # A layer between the activation and Keras' loss, which would otherwise look for the logits behind it.
    model = around(layers.ReLU(), layers.Dense(4, ending), layers.Rescaling(1.0))
    keras_loop = Loop(model, loss)
    start = started(model)
    theirs, their_weights = keras_loop.train(keras.optimizers.SGD(0.2), start, order_of(), targets, [])
    training, weights = ours(any_machine, model, start, "sgd", 0.2, {}, loss=name, targets=targets)
    np.testing.assert_allclose(training.seats[0].measured[:, 0], theirs, rtol=1e-5)
    for mine, their in zip(weights, their_weights):
        np.testing.assert_allclose(mine, their, rtol=1e-5, atol=1e-5)
    assert np.ptp(theirs) > 0.01


CLIPPING = {"clipnorm": 0.02, "global_clipnorm": 0.05, "clipvalue": 0.005}


@pytest.mark.parametrize("name", CLIPPING)
def test_gradients_are_clipped_as_in_keras(any_machine, name):
    model, limit = around(layers.ReLU()), {name: CLIPPING[name]}
    start, loss = started(model), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs, their_weights = Loop(model, loss).train(keras.optimizers.SGD(2.0, **limit), start, order_of(), LABELS, [])
    kind = "sparse_categorical_crossentropy"
    training, weights = ours(any_machine, model, start, "sgd", 2.0, limit, loss=kind, targets=LABELS)
    free, _ = ours(any_machine, model, start, "sgd", 2.0, {}, loss=kind, targets=LABELS)
    np.testing.assert_allclose(training.seats[0].measured[:, 0], theirs, rtol=1e-5)
    for mine, their in zip(weights, their_weights):
        np.testing.assert_allclose(mine, their, rtol=1e-5, atol=1e-5)
    assert not np.allclose(free.seats[0].measured[:, 0], theirs, rtol=1e-3)


def test_labels_are_smoothed_as_in_keras(any_machine):
    model = around(layers.ReLU())
    start, loss = started(model), keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.3)
    theirs, _ = Loop(model, loss).train(keras.optimizers.SGD(0.3), start, order_of(), one_hot(), [])
    kind = "sparse_categorical_crossentropy"
    training, _ = ours(any_machine, model, start, "sgd", 0.3, {"label_smoothing": 0.3}, loss=kind, targets=LABELS)
    np.testing.assert_allclose(training.seats[0].measured[:, 0], theirs, rtol=1e-5)


def test_lengths_of_gradients_and_updates_are_those_of_the_whole_network(any_machine):
    model = chain(layers.Dense(7, "tanh", **REGULAR), layers.Dense(4))
    start, loss = started(model), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rows = order_of()[0]
    keras_loop = Loop(model, loss)
    for variable, value in zip(states(model), start):
        variable.assign(value)
    _, gradients = keras_loop.gradients(X[rows], LABELS[rows], WEIGHTS[rows])
    length = np.sqrt(sum((g.numpy().astype("float64") ** 2).sum() for g in gradients))
    kind = "sparse_categorical_crossentropy"
    training, _ = ours(any_machine, model, start, "sgd", 0.25, {}, loss=kind, targets=LABELS, track_norms=True)
    _, update, gradient = training.seats[0].measured[0]
    assert gradient == pytest.approx(length, rel=1e-5)
    assert update == pytest.approx(0.25 * length, rel=1e-5)


class Grouped(layers.Layer):
    """Batch normalisation of three examples at a time."""

    def __init__(self):
        super().__init__()
        self.one = layers.BatchNormalization(momentum=0.8)

    def build(self, shape):
        self.one.build(shape)

    def call(self, x, training=None):
        parts = [x[at : at + 3] for at in range(0, BATCH, 3)] if training else [x]
        return keras.ops.concatenate([self.one(part, training=training) for part in parts])


def test_groups_of_a_batch_are_normalised_one_by_one(any_machine):
    model = keras.Sequential([keras.Input((18,)), layers.Dense(6), Grouped(), layers.ReLU(), layers.Dense(4)])
    start, inputs = started(model), X.reshape(ROWS, 18)
    keras_loop = Loop(model, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    theirs, their_weights = keras_loop.train(
        keras.optimizers.SGD(0.2, momentum=0.5), start, order_of(), LABELS, [], inputs=inputs
    )
    plan = Plan(1, 18)
    moving = Weights((6,), trainable=False), Weights((6,), trainable=False)
    value = plan.dense(plan.input, Weights((18, 6)), Weights((6,)))
    value = plan.batch_normalization(value, moving, Weights((6,)), Weights((6,)), momentum=0.8, group=3)
    output = plan.dense(plan.activation(value, "relu"), Weights((6, 4)), Weights((4,)))
    loss = "sparse_categorical_crossentropy"
    network = lay_out(plan, output, loss=loss, optimizer="momentum", batch_size=BATCH)
    places = [0, 1, 2, 3, 6, 7, 4, 5]  # Keras lists moving averages last
    data = Examples(inputs, LABELS, WEIGHTS)
    begin = Start([start[place] for place in places], (0.0,), {"momentum": 0.5})
    training = Training(network, [begin], data, data, steps=STEPS, machine=any_machine())
    training.begin(order_of()[None], np.full((1, STEPS), 0.2))
    while not training.epoch_done:
        training.advance(seconds=1)
    np.testing.assert_allclose(training.seats[0].measured[:, 0], theirs, rtol=1e-5)
    for place, mine in zip(places, training.seats[0].weights()):
        np.testing.assert_allclose(mine, their_weights[place], rtol=1e-5, atol=1e-5)


EXACT = {
    "tanh": ("sgd", lambda dtype: layers.Activation("tanh", dtype=dtype)),
    "gelu": ("adam", lambda dtype: layers.Activation("gelu", dtype=dtype)),
    "normalized": ("momentum", lambda dtype: layers.BatchNormalization(dtype=dtype)),
    "softmax": ("rmsprop", lambda dtype: layers.Softmax(dtype=dtype)),
    "silu": ("nesterov", lambda dtype: layers.Activation("silu", dtype=dtype)),
    "softplus": ("adagrad", lambda dtype: layers.Activation("softplus", dtype=dtype)),
    "selu": ("adadelta", lambda dtype: layers.Activation("selu", dtype=dtype)),
}


@pytest.mark.parametrize("case", EXACT)
def test_the_kernel_is_about_as_close_to_exact_numbers_as_keras(any_machine, case):
    optimizer, middle = EXACT[case]
    kind, fixed, knobs = IN_KERAS[optimizer]

    def build(dtype):
        ends = layers.Dense(20, dtype=dtype), layers.Dense(4, dtype=dtype)
        return keras.Sequential([keras.Input((18,), dtype=dtype), ends[0], middle(dtype), ends[1]])

    loss, steps = keras.losses.SparseCategoricalCrossentropy(from_logits=True), 60
    single, double = (Loop(build(dtype), loss, weighted=False) for dtype in ("float32", "float64"))
    planned = plan_model(single.model, loss="sparse_categorical_crossentropy", optimizer=optimizer, batch_size=BATCH)
    order = (np.arange(steps * BATCH) * 7 % ROWS).reshape(steps, BATCH)
    inputs = X.reshape(ROWS, 18)
    starts = [[value * (1 + 0.1 * seed) for value in started(single.model)] for seed in range(8)]
    begins = [Start([start[i] for i in planned.variables], OPTIMIZERS[optimizer].slots, knobs) for start in starts]
    data = Examples(inputs, LABELS)
    training = Training(planned.network, begins, data, data, steps=steps, machine=any_machine())
    training.begin(np.stack([order] * 8), np.full((8, steps), knobs["learning_rate"]))
    while not training.epoch_done:
        training.advance(seconds=1)
    errors = []
    for start, seat in zip(starts, training.seats):
        exact, theirs = (
            loop.train(getattr(keras.optimizers, kind)(**fixed, **knobs), start, order, LABELS, [], inputs=inputs)[1]
            for loop in (double, single)
        )
        mine = dict(zip(planned.variables, seat.weights()))
        errors.append([max(abs(w[i] - exact[i]).max() for i in range(len(exact))) for w in (mine, theirs)])
    of_kernel, of_keras = np.median(errors, axis=0)
    assert 0 < of_kernel < 3 * of_keras < 1e-4
