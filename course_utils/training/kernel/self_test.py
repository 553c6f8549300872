"""A short training of everything that the kernel knows, and the fingerprint that it leaves on every right machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import numpy as np

from course_utils.training.kernel.engine import Examples, Start, Training
from course_utils.training.kernel.layout import lay_out
from course_utils.training.kernel.placed import Machine
from course_utils.training.kernel.plan import Network, Plan, Value, Weights, Window
from course_utils.training.kernel.records import ACTIVATIONS, OPTIMIZERS

#: SHA-256 of what `fingerprint` trains.
EXPECTED = "2247705ec9a5a59d1ecc1448436803b1737a3d87c308c3cdceae6e76e5c9c2e9"

ROWS, WIDTH, BATCH, STEPS = 37, 21, 6, 4

#: Start value of the arrays that each optimizer remembers, and knobs that make all of them move.
SLOTS = {"adagrad": (0.1,), "adadelta": (0.0, 0.0), "adam": (0.0, 0.0), "adamw": (0.0, 0.0), "sgd": ()}
KNOBS = {
    "momentum": 0.9,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "rho": 0.9,
    "epsilon": 1e-7,
    "weight_decay": 0.01,
    "l2": 0.001,
}


def numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Draws float32 numbers from -1 to 1 by integers alone, so that they are the same everywhere."""
    counter = np.arange(int(np.prod(shape)), dtype="uint32") + np.uint32(seed * 7919 + 1)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        counter = (counter ^ (counter >> np.uint32(shift))) * np.uint32(factor)
    whole = (counter >> np.uint32(8)).astype("int32") - (1 << 23)
    return (whole.astype("float32") * np.float32(2**-23)).reshape(shape)


def fingerprint(arrays: Iterable[np.ndarray]) -> str:
    """Computes the SHA-256 of arrays; every NaN counts as the same, since IEEE 754 leaves its bits open."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.where(np.isnan(array), array.dtype.type(np.nan), array).tobytes())
    return digest.hexdigest()


def trained(machine: Callable[[], Machine]) -> list[np.ndarray]:
    """Trains the network once with every optimizer, and lists the weights and what was measured."""
    made = []
    labels = np.arange(ROWS) % 3
    examples = Examples(numbers((ROWS, 20, WIDTH), 1), labels, numbers((ROWS,), 2) + 1)
    for number, optimizer in enumerate(OPTIMIZERS):
        network = _network(optimizer)
        start = Start(
            [_start(weights, 100 * number + place) for place, weights in enumerate(network.weights)],
            SLOTS.get(optimizer, (0.0,)),
            KNOBS,
            seed=number,
        )
        training = Training(network, [start], examples, examples, steps=STEPS, machine=machine())
        order = (np.arange(STEPS * BATCH) * 11 % ROWS).reshape(1, STEPS, BATCH)
        training.begin(order, np.full((1, STEPS), 0.05, "float32"))
        while not training.epoch_done:
            training.advance(seconds=1)
        made += [*training.seats[0].weights(), training.seats[0].measured, training.evaluate()]
    return made


def _network(optimizer: str) -> Network:
    plan = Plan(20, WIDTH)
    value = plan.rescaling(plan.input, 0.5, 0.1)
    kernel = Weights((3, 2, WIDTH, 7), is_kernel=True)
    value = plan.convolution(value, Window((5, 4), (3, 2), (1, 2), "same", (2, 1)), kernel, Weights((7,)))
    value = plan.pooling(value, Window((5, 2), (2, 2), (2, 1), "same"), "max")
    value = plan.pooling(_dense(plan, value, 6), Window((3, 2), (2, 2), (1, 1), "same"), "average")
    value = _dense(plan, plan.flatten(value), WIDTH)
    value = plan.layer_normalization(value, Weights((WIDTH,)), Weights((WIDTH,)))
    moving = (Weights((WIDTH,), trainable=False), Weights((WIDTH,), trainable=False))
    value = plan.batch_normalization(value, moving, Weights((WIDTH,)), Weights((WIDTH,)), momentum=0.9)
    value = plan.dropout(value, 0.2)
    for name in ACTIVATIONS:
        value = plan.add(value, plan.activation(_dense(plan, value, WIDTH), name, 0.3))
    return lay_out(
        plan,
        _dense(plan, value, 3),
        loss="sparse_categorical_crossentropy",
        optimizer=optimizer,
        batch_size=BATCH,
        track_norms=True,
    )


def _dense(plan: Plan, value: Value, units: int) -> Value:
    return plan.dense(value, Weights((value.width, units), is_kernel=True), Weights((units,)))


def _start(weights: Weights, seed: int) -> np.ndarray:
    drawn = numbers(weights.shape, seed)
    if not weights.trainable:
        return abs(drawn)  # a moving variance is not negative
    return drawn * np.float32(0.125) if weights.is_kernel else drawn
