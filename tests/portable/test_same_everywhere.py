"""What another implementation can check itself against: fingerprints of all that a curve starts from.

Each is the SHA-256 of an array's bytes, little-endian, row by row; the first eight bytes of it, in hexadecimal.
CONTRIBUTING.md, "The same curve elsewhere", tells how the numbers are made.
"""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from course_utils import datasets, models, schedules
from course_utils.portable import Draws, cospi, deviation, draws, exp, log, power, sinpi
from course_utils.schedules import Position
from course_utils.training.epoch import batch_order, rates_of

#: Numbers over a wide range, made by exact steps alone.
GRID = np.arange(-5000, 5001) / 64.0

STEPS, EPOCHS = 44, 20


def fingerprint(*arrays):
    digest = hashlib.sha256()
    for array in map(np.asarray, arrays):
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()[:16]


def first_weights(**knobs):
    from course_utils.training.initialization import InitialWeights

    return InitialWeights(models.mlp((64,), 10, **knobs)).draw(0)[0]


def filters():
    from course_utils.training.initialization import InitialWeights

    return InitialWeights(models.cnn((8, 8, 1), 10)).draw(7)[0]


def rates(schedule):
    member = {"learning_rate": 0.1, "schedule": schedule}
    return [rates_of([member], [0], epoch, STEPS, EPOCHS, np.ones((1, EPOCHS))) for epoch in range(EPOCHS)]


def parts(data):
    return [getattr(data, f"{array}_{part}") for part in ("train", "validation", "test") for array in "xy"]


def mask():
    """The dropout mask of seed 3, layer 1, step 2: 5 rows of 7 units, at a rate of 0.3."""
    from course_utils.training.kernel.machine import choose

    machine = choose().make()
    (keep,) = machine.place([np.zeros((5, 7), "float32")])
    machine.call("mask", 3, 1, 2, 5, 7, 0.3, keep)
    return keep.view.copy()


CASES = {
    "words": (lambda: [Draws("order", 1, 2, 3).bits(9)], "62e0679e0e9346ae"),
    "uniform": (lambda: [Draws("example", 0).uniform(1000, -1, 2)], "5d24590e312c919c"),
    "normal": (lambda: [Draws("example", 0).normal(100_000)], "29bb93dfed219a4d"),
    "truncated normal": (lambda: [Draws("example", 0).truncated_normal(1000)], "d5183f6697230108"),
    "integers": (lambda: [Draws("example", 0).integers(10, 1000)], "ce06cc72949df3d3"),
    "permutation": (lambda: [Draws("example", 0).permutation(1000)], "cbc4f4b8b71437f0"),
    "exp": (lambda: [exp(GRID)], "d69f6db4e002dd78"),
    "log": (lambda: [log(GRID[GRID > 0])], "91ddb4a9264d8f91"),
    "cospi": (lambda: [cospi(GRID / 7), sinpi(GRID / 7)], "d8f384fb93174f8c"),
    "power": (lambda: [power(0.9, GRID)], "ff206dc35df7ac6e"),
    "deviation": (lambda: [deviation((GRID * GRID).reshape(-1, 73))], "623b9c321151bdd9"),
    "64-64-64-10, Glorot uniform": (first_weights, "f7b6c03803e69143"),
    "64-64-64-10, He normal": (lambda: first_weights(kernel_initializer="he_normal"), "13f0b2f5c9189e4c"),
    "64-64-64-10, orthogonal": (lambda: first_weights(kernel_initializer="orthogonal"), "416a0e48ab6a54bb"),
    "a small convolutional network": (filters, "778cbc6f2e152e5f"),
    "order of three epochs": (lambda: [batch_order(1437, 32, 0, epoch) for epoch in range(3)], "33b0b00a70f4a97b"),
    "mask": (lambda: [mask()], "bec215fa6f154226"),
    "cosine": (lambda: rates(schedules.Cosine()), "eb765d9468cb741f"),
    "one cycle": (lambda: rates(schedules.OneCycle()), "bf4db1b6fcb111b3"),
    "exponential": (lambda: rates(schedules.Exponential()), "f3762bb891c2798c"),
    "step": (lambda: rates(schedules.Step()), "a2384e60818cf3a2"),
    "moons": (lambda: parts(datasets.moons()), "4edeaa4a8953a939"),
    "line": (lambda: parts(datasets.line()), "073332b1992c90dd"),
    "digits": (lambda: parts(datasets.digits()), "8bd46b54770614c3"),
    "digits, standardised": (lambda: parts(datasets.digits("standard")), "e9ec02090eb6695f"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_bits_are_those_that_are_stored(case):
    make, stored = CASES[case]
    assert fingerprint(*make()) == stored


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node on this machine")
def test_another_implementation_finds_the_same_bits():
    """It is written after the rules in CONTRIBUTING.md, with JavaScript's own arithmetic."""
    tables = {"middle": draws._MIDDLE, "tail": draws._TAIL, "farTail": draws._FAR_TAIL}
    script = Path(__file__).with_name("elsewhere.js")
    made = subprocess.run(
        ["node", script, json.dumps(tables)], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    found = json.loads(made.stdout)
    assert len(found) >= 19
    assert found == {name: CASES[name][1] for name in found}


def test_a_position_in_training_decides_a_rate():
    """One number in the open, so that a mistake in the fingerprint itself can be told from one in the rates."""
    assert schedules.Cosine()(Position(np.array([220]), STEPS, EPOCHS)).tolist() == [0.8535533905932737]
