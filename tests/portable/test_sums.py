"""Sums in one order: right, and in the order that the documents tell."""

import math

import numpy as np
import pytest

from course_utils.portable import deviation, mean, total


def in_order(column):
    """Adds up as the module says it does, one number at a time."""
    result = 0.0
    for first in range(0, len(column), 1024):
        block = list(column[first : first + 1024])
        while (len(block) & (len(block) - 1)) != 0:
            block.append(0.0)
        while len(block) > 1:
            half = len(block) // 2
            block = [one + other for one, other in zip(block[:half], block[half:])]
        result += block[0]
    return result


@pytest.mark.parametrize("rows", [1, 2, 3, 44, 1023, 1024, 1025, 5000])
def test_sums_are_made_in_the_order_that_is_told(rows):
    x = np.random.default_rng(rows).normal(size=(rows, 3)) * 10.0 ** np.arange(3)
    np.testing.assert_array_equal(total(x), [in_order(column.tolist()) for column in x.T])
    np.testing.assert_array_equal(total(x.T, axis=1), total(x))
    np.testing.assert_array_equal(total(x.T, axis=-1), total(x))
    np.testing.assert_allclose(total(x), [math.fsum(column) for column in x.T], rtol=1e-9)


def test_the_order_makes_a_difference():
    x = np.array([1e16, 1.0, -1e16, 1.0])
    assert total(x) == 2
    assert total(x[[0, 2, 1, 3]]) == 0


def test_means_and_deviations_are_those_of_numpy():
    x = np.random.default_rng(0).normal(3, 2, size=(1437, 4, 2))
    for axis in range(3):
        np.testing.assert_allclose(mean(x, axis), x.mean(axis), rtol=1e-12)
        np.testing.assert_allclose(deviation(x, axis), x.std(axis), rtol=1e-12)
    assert mean([[1, 2], [3, 6]], axis=1).tolist() == [1.5, 4.5]


def test_sums_of_float32_numbers_are_made_in_float64_and_leave_the_numbers_alone():
    x = np.full((3000, 1), 0.1, "float32")
    assert total(x)[0] == pytest.approx(3000 * float(np.float32(0.1)), rel=1e-14)
    assert (x == np.float32(0.1)).all()
    assert total(np.zeros((0, 2))).tolist() == [0, 0]
    assert np.isnan(total([1.0, np.nan]))
