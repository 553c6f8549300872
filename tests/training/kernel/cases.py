"""Trainings whose bits are stored: together they take every path of the kernel."""

from dataclasses import dataclass, field

import numpy as np

from course_utils.training.kernel.engine import Examples, Start, Training
from course_utils.training.kernel.layout import lay_out
from course_utils.training.kernel.plan import Plan, Weights, Window
from course_utils.training.kernel.records import ACTIVATIONS
from course_utils.training.kernel.self_test import KNOBS, SLOTS, numbers

ROWS, FEATURES, CLASSES = 530, 18, 4
PLAIN = {**KNOBS, "weight_decay": 0.0, "l2": 0.0}

X = numbers((ROWS, FEATURES), 1)
#: Classes that can be learned: which of four sums of features is the largest.
LABELS = X[:, :16].reshape(ROWS, 4, 4).sum(axis=2, dtype="float64").argmax(axis=1)
#: Words of a vocabulary of seven, from which the classes follow as well.
WORDS = np.clip(np.floor(X * 2 + 3.5), 0, 6)
ONE_HOT = np.eye(CLASSES, dtype="float32")[LABELS]
EVEN = ONE_HOT[:, :1] + ONE_HOT[:, 2:3]


def dense(plan, value, units, *, bias=True, **more):
    kernel = Weights((value.width, units), is_kernel=True, **more)
    return plan.dense(value, kernel, Weights((units,)) if bias else None)


def mlp(*widths, activation="relu", outputs=CLASSES, **more):
    def make():
        plan = Plan(1, FEATURES)
        value = plan.input
        for width in widths:
            value = plan.activation(dense(plan, value, width, **more), activation, 0.3)
        return plan, dense(plan, value, outputs)

    return make


def normalization(plan, value, **options):
    moving = Weights((value.width,), trainable=False), Weights((value.width,), trainable=False)
    return plan.batch_normalization(value, moving, Weights((value.width,)), Weights((value.width,)), **options)


def normalized():
    plan = Plan(1, FEATURES)
    value = plan.input
    for rate in (0.1, 0.3):
        value = plan.activation(normalization(plan, dense(plan, value, 19, bias=False), momentum=0.9), "relu")
        value = plan.dropout(value, rate)
    return plan, dense(plan, value, CLASSES)


def residual():
    plan = Plan(1, FEATURES)
    value = dense(plan, plan.rescaling(plan.input, 2.0, -0.5), 24)
    for name in ACTIVATIONS:
        value = plan.add(value, dense(plan, plan.activation(dense(plan, value, 11), name, 0.2), 24))
    return plan, dense(plan, value, CLASSES)


def places():
    plan = Plan(6, 3)
    value = plan.activation(normalization(plan, dense(plan, plan.input, 5)), "tanh")
    return plan, dense(plan, plan.flatten(plan.dropout(value, 0.2)), CLASSES)


def convolutional():
    plan = Plan(9, 2)
    first = plan.convolution(plan.input, Window((3, 3), (3, 3), padding="same"), kernel_of(3, 3, 2, 8), Weights((8,)))
    value = plan.pooling(plan.activation(first, "relu"), Window((3, 3), (2, 2), (1, 1), "same"), "max")
    value = plan.convolution(value, Window((3, 3), (2, 2), (2, 1), "same", (1, 2)), kernel_of(2, 2, 8, 17))
    value = plan.pooling(plan.activation(normalization(plan, value), "relu"), Window((2, 3), (2, 2), (2, 2)), "average")
    return plan, dense(plan, plan.flatten(value), CLASSES)


def kernel_of(*shape):
    return Weights(shape, is_kernel=True)


def layer_normalized():
    plan = Plan(3, 6)
    value = plan.layer_normalization(dense(plan, plan.input, 10), Weights((10,)), Weights((10,)))
    value = plan.activation(plan.flatten(plan.activation(value, "gelu_tanh")), "softplus")
    return plan, dense(plan, plan.layer_normalization(value), CLASSES)


def embedded():
    plan = Plan(1, FEATURES)
    value = plan.embedding(plan.input, kernel_of(7, 5))
    value = plan.activation(plan.flatten(normalization(plan, value)), "tanh")
    return plan, dense(plan, plan.dropout(value, 0.2, shared=True), CLASSES)


def grouped():
    plan = Plan(3, 6)
    value = plan.activation(normalization(plan, dense(plan, plan.input, 9), group=8), "elu", 1.0)
    return plan, dense(plan, plan.flatten(value), CLASSES)


def frozen():
    plan = Plan(1, FEATURES)
    kernel = Weights((FEATURES, 33), is_kernel=True, trainable=False)
    value = plan.activation(plan.dense(plan.input, kernel), "relu")
    value = normalization(plan, dense(plan, value, 20), frozen=True)
    return plan, dense(plan, plan.activation(value, "tanh"), CLASSES)


def probabilities():
    plan, value = mlp(12)()
    return plan, plan.activation(value, "softmax")


def likely():
    plan, value = mlp(12, activation="tanh", outputs=1)()
    return plan, plan.activation(value, "sigmoid")


@dataclass(frozen=True)
class Case:
    """One training."""

    make: object
    optimizer: str = "sgd"
    rate: float = 0.1
    batch: int = 32
    epochs: int = 3
    loss: str = "sparse_categorical_crossentropy"
    targets: np.ndarray = field(default_factory=lambda: LABELS)
    knobs: dict = field(default_factory=lambda: PLAIN)
    weighted: bool = False
    track_norms: bool = False
    dropout: float | None = None
    scale: float = 0.4
    inputs: np.ndarray = field(default_factory=lambda: X)
    diverges: bool = False


CASES = {
    "sgd": Case(mlp(64, 64), epochs=5),
    "momentum, odd widths": Case(mlp(13, 7, 5), "momentum", 0.05, knobs=KNOBS),
    "nesterov, batch 1": Case(mlp(17), "nesterov", 0.01, batch=1, epochs=1),
    "adagrad, ten layers": Case(mlp(*[12] * 10, activation="tanh"), "adagrad", 0.05, scale=1.0),
    "adadelta, constraints": Case(mlp(31, 9, constraint="max_norm", limit=0.8), "adadelta", 1.0),
    "rmsprop, normalised, dropout": Case(normalized, "rmsprop", 0.005, track_norms=True),
    "adam, batch 256": Case(mlp(40, 40, activation="gelu"), "adam", 0.01, batch=256, epochs=6),
    "adamw, weights": Case(mlp(21, activation="silu"), "adamw", 0.01, knobs=KNOBS, weighted=True, track_norms=True),
    "diverges by squares": Case(
        mlp(16), rate=5.0, loss="mean_squared_error", targets=ONE_HOT, diverges=True, epochs=4, scale=1.0
    ),
    "diverges with momentum": Case(
        mlp(24, 24, activation="linear"), "momentum", 30.0, diverges=True, scale=3.0, track_norms=True, epochs=4
    ),
    "residual, all activations": Case(residual, "adam", 0.003, scale=0.2, track_norms=True),
    "hidden softmax, probabilities": Case(
        probabilities, "nesterov", 0.3, loss="categorical_crossentropy of probabilities", targets=ONE_HOT
    ),
    "wide": Case(mlp(256, 256, bias=False), rate=0.03, epochs=2, scale=0.1),
    "l1 and l2, absolute error": Case(
        mlp(10, activation="elu"),
        "adam",
        0.01,
        loss="mean_absolute_error",
        targets=ONE_HOT,
        knobs={**KNOBS, "l1": 0.001},
    ),
    "places": Case(places, "adam", 0.01, batch=19, dropout=0.4),
    "binary": Case(mlp(9, activation="selu", outputs=1), loss="binary_crossentropy", targets=EVEN, batch=7),
    "binary probabilities": Case(likely, loss="binary_crossentropy of probabilities", targets=EVEN, batch=3),
    "convolutions": Case(convolutional, "adam", 0.01, batch=16, epochs=6),
    "layer normalisation": Case(layer_normalized, "adam", 0.01, track_norms=True),
    "embedding, shared mask": Case(embedded, "adam", 0.01, inputs=WORDS, track_norms=True),
    "groups of a batch": Case(grouped, "nesterov", 0.05, batch=20, track_norms=True),
    "frozen": Case(frozen, "rmsprop", 0.01, batch=64),
    "clipped": Case(
        mlp(30, 30, activation="leaky_relu"), rate=1.0, knobs={**PLAIN, "clipnorm": 0.3, "global_clipnorm": 0.4}
    ),
    "clipped numbers, smoothed labels": Case(
        mlp(22, activation="softplus"), "adamw", 0.02, knobs={**KNOBS, "clipvalue": 0.01, "label_smoothing": 0.2}
    ),
    "unit norm, not negative": Case(
        mlp(14, 14, constraint="unit_norm"), "nesterov", 0.1, loss="categorical_crossentropy", targets=ONE_HOT
    ),
    "one unit, one feature": Case(mlp(1, 1, activation="linear"), "adagrad", 0.1, batch=399, epochs=8),
    "vanishing": Case(mlp(*[8] * 12, activation="sigmoid"), "rmsprop", 0.001, scale=0.002, track_norms=True),
}


def start_of(network, case, seed):
    values = []
    for place, weights in enumerate(network.weights):
        value = numbers(weights.shape, 1000 + 100 * seed + place)
        scale = case.scale if weights.is_kernel else 0.1
        values.append(abs(value) if not weights.trainable else value * np.float32(scale))
    slots = SLOTS.get(case.optimizer, (0.0,))
    return Start(values, slots, case.knobs, seed=seed, dropout=case.dropout)


def training_of(machine, case, members=1):
    plan, output = case.make()
    network = lay_out(
        plan, output, loss=case.loss, optimizer=case.optimizer, batch_size=case.batch, track_norms=case.track_norms
    )
    starts = [start_of(network, case, seed) for seed in range(members)]
    weights = 0.25 + abs(numbers((400,), 8)) if case.weighted else None
    training = Examples(case.inputs[:400], case.targets[:400], weights)
    validation = Examples(case.inputs[400:], case.targets[400:])
    steps = 400 // case.batch
    return Training(network, starts, training, validation, steps=steps, machine=machine())


def begin(training, case, epoch):
    members = len(training.seats)
    rows = training.steps * case.batch
    orders = [(np.arange(rows) * 149 + 11 * epoch + member) % 400 for member in range(members)]
    rates = np.float32(case.rate) * (1 - np.arange(training.steps, dtype="float32") / 1024)
    training.begin(np.reshape(orders, (members, training.steps, -1)), np.tile(rates, (members, 1)))


def run(machine, case, *, pieces=None):
    """Trains; with `pieces`, in so many steps at a time, each piece in the memory of another machine."""
    training, curves = training_of(machine, case), []
    for epoch in range(case.epochs):
        begin(training, case, epoch)
        if pieces is not None:
            training, measured = in_pieces(machine, case, training, epoch, pieces)
        else:
            while not training.epoch_done:
                training.advance(seconds=1)
            measured = training.seats[0].measured
        curves += [measured, training.evaluate()]
    return training.seats[0], curves


def in_pieces(machine, case, training, epoch, pieces):
    measured, done = [], 0
    while done < training.steps:
        fresh = training_of(machine, case)
        begin(fresh, case, epoch)
        fresh.seats[0].block[:] = training.seats[0].block
        fresh.seats[0].done = done
        steps = min(pieces, training.steps - done)
        fresh.seats[0].advance(fresh._data, steps)
        done += steps
        measured.append(fresh.seats[0].measured[done - steps :])
        training = fresh
    return training, np.concatenate(measured)
