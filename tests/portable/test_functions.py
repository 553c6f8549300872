"""Functions made of exact steps: as near the true ones as they say, and right at the ends."""

import math

import numpy as np
import pytest

from course_utils.portable import cospi, exp, log, power, sinpi

RANDOM = np.random.default_rng(0)


def ulps(ours, theirs):
    """Counts by how many units in the last place numbers differ, at most."""
    theirs = np.array(theirs)
    return (np.abs(ours - theirs) / np.spacing(np.abs(theirs))).max()


@pytest.mark.parametrize(
    "x", [RANDOM.uniform(-745, 709, 20_000), RANDOM.uniform(-1, 1, 20_000), 10.0 ** RANDOM.uniform(-300, 2, 5000)]
)
def test_exp_is_right_to_two_units_in_the_last_place(x):
    assert ulps(exp(x), [math.exp(value) for value in x]) <= 2


@pytest.mark.parametrize(
    "x",
    [10.0 ** RANDOM.uniform(-323, 308, 20_000), RANDOM.uniform(0.5, 2, 20_000), 1 + RANDOM.uniform(-1e-8, 1e-8, 5000)],
)
def test_log_is_right_to_two_units_in_the_last_place(x):
    assert ulps(log(x), [math.log(value) for value in x]) <= 2


def test_exp_and_log_are_right_at_the_ends():
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(
            exp([np.inf, -np.inf, np.nan, 0, 710, -746, -745]), [np.inf, 0, np.nan, 1, np.inf, 0, 5e-324]
        )
    logs = log([np.inf, -np.inf, np.nan, 0, -1, 1])
    np.testing.assert_array_equal(logs, [np.inf, np.nan, np.nan, -np.inf, np.nan, 0])
    assert log(5e-324) == pytest.approx(-1074 * math.log(2), rel=1e-15)
    assert exp(1.0).shape == log(1.0).shape == ()


def test_cosine_and_sine_are_exact_at_quarter_turns():
    halves = np.arange(-8, 9) / 2
    np.testing.assert_array_equal(cospi(halves), [1, 0, -1, 0] * 4 + [1])
    np.testing.assert_array_equal(sinpi(halves), [0, 1, 0, -1] * 4 + [0])
    assert cospi(1e300) == 1
    np.testing.assert_array_equal(cospi([np.inf, np.nan]), [np.nan, np.nan])


def test_cosine_and_sine_are_right_to_two_units_in_the_last_place():
    x = RANDOM.uniform(0, 0.25, 20_000)
    assert ulps(sinpi(x), [math.sin(math.pi * value) for value in x]) <= 2
    assert ulps(cospi(x), [math.cos(math.pi * value) for value in x]) <= 2
    for shift in range(-4, 5):  # by symmetry everywhere: such shifts are exact for these numbers
        x = RANDOM.integers(0, 2**40, 500) / 2**42
        sign = (-1) ** shift
        np.testing.assert_array_equal(cospi(x + shift), sign * cospi(x))
        np.testing.assert_array_equal(sinpi(x + shift), sign * sinpi(x))
        np.testing.assert_array_equal(cospi(shift + 0.5 - x), sign * sinpi(x))


@pytest.mark.parametrize("base", [0.1, 0.5, 0.9, 0.999, 1.0, 3.7])
def test_powers_are_those_of_python(base):
    exponents = np.concatenate([RANDOM.uniform(-20, 200, 2000), np.arange(-5, 60)])
    powers = [base**exponent for exponent in exponents]
    np.testing.assert_allclose(power(base, exponents), powers, rtol=1e-13)
    assert power(base, 0) == 1
    assert power(base, 1) == base


def test_whole_powers_of_two_are_exact_and_large_powers_overflow_without_a_word():
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(power(0.5, np.arange(1000)), np.ldexp(1.0, -np.arange(1000)))
        assert power(2.0, 1500) == np.inf
