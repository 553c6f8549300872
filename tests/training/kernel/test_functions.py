"""The kernel's own functions: close to the mathematics, and right at infinity and for NaN."""

import math

import numpy as np
import pytest

FUNCTIONS = {
    "exp": (0, np.exp, (-87, 88.7), 2),
    "expm1": (1, np.expm1, (-87, 0.35), 3),
    "log": (2, np.log, (1e-37, 3e38), 2),
    "log1p": (3, np.log1p, (0, 1), 2),
    "tanh": (4, np.tanh, (-20, 20), 4),
    "sigmoid": (5, lambda x: 1 / (1 + np.exp(-x)), (-80, 80), 4),
    "softplus": (6, lambda x: np.logaddexp(0, x), (-80, 80), 4),
    "erf": (7, np.vectorize(math.erf), (-6, 6), 4),
}

SPECIAL = {
    "exp": {-np.inf: 0, np.inf: np.inf, 89: np.inf, -104: 0, 0: 1, -88: 0},
    "expm1": {-np.inf: -1, np.inf: np.inf, 0: 0, 1e-30: 1e-30},
    "log": {0: -np.inf, np.inf: np.inf, -1: np.nan, 1: 0, -np.inf: np.nan, 1e-40: -np.inf},
    "log1p": {0: 0, 1e-30: 1e-30},
    "tanh": {-np.inf: -1, np.inf: 1, 0: 0, 1e-30: 1e-30},
    "sigmoid": {-np.inf: 0, np.inf: 1, 0: 0.5},
    "softplus": {-np.inf: 0, np.inf: np.inf},
    "erf": {-np.inf: -1, np.inf: 1, 0: 0},
}


def computed(machine, number, x):
    made = machine()
    x = np.asarray(x, "float32")
    source, target = made.place([x, np.zeros_like(x)])
    made.call("function", number, source, target, len(x))
    return target.view.copy()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_within_a_few_last_digits_of_the_mathematics(any_machine, name):
    number, exact, (low, high), digits = FUNCTIONS[name]
    x = np.geomspace(low, high, 100_000) if name == "log" else np.linspace(low, high, 100_000)
    small = np.geomspace(1e-30, 0.3, 20_000)
    x = np.concatenate([x, 1 + small, 1 - small] if name == "log" else [x, small] + [-small] * (low < 0)).astype(
        "float32"
    )
    right = exact(x.astype("float64"))
    error = np.abs(computed(any_machine, number, x) - right) / np.spacing(np.abs(right).astype("float32"))
    error[np.abs(right) < 2.0**-126] = 0
    assert error.max() < digits


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_know_infinity_and_let_nan_pass(any_machine, name):
    number, special = FUNCTIONS[name][0], {**SPECIAL[name], np.nan: np.nan}
    np.testing.assert_array_equal(
        computed(any_machine, number, list(special)), np.array(list(special.values()), "float32")
    )


def test_masks_follow_from_their_counters_alone_and_keep_the_share_they_should(any_machine):
    def mask(seed, layer, step, rows=200, width=50, rate=0.3):
        made = any_machine()
        (keep,) = made.place([np.zeros((rows, width), "float32")])
        made.call("mask", seed, layer, step, rows, width, rate, keep)
        return keep.view.copy()

    plain = mask(1, 2, 3)
    assert set(np.unique(plain)) == {0, 1}
    assert plain.mean() == pytest.approx(0.7, abs=0.02)
    np.testing.assert_array_equal(plain, mask(1, 2, 3))
    np.testing.assert_array_equal(plain[:20], mask(1, 2, 3, rows=20))
    np.testing.assert_array_equal(plain[:, :7], mask(1, 2, 3, width=7))
    assert ((mask(1, 2, 3, rate=0.6) == 1) <= (plain == 1)).all()
    for other in (mask(2, 2, 3), mask(1, 3, 3), mask(1, 2, 4), np.roll(plain, 1, axis=0), np.roll(plain, 1, axis=1)):
        assert (plain * other).mean() == pytest.approx(0.49, abs=0.03)  # as two independent ones agree
