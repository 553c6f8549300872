"""Arrays: what becomes of them on the way into a data set (what is refused, test_datasets.py shows)."""

import numpy as np
import pytest

from course_utils.datasets import arrays


def test_inputs_become_numbers():
    assert arrays.checked_inputs([[1, 2], [3, 4]]).dtype == np.float64


@pytest.mark.parametrize(
    ("y", "dtype", "classes"), [([0, 1, 2], np.int32, 3), ([True, False], np.int32, 2), ([0.5, 1.0], np.float32, None)]
)
def test_targets_are_classes_or_numbers(y, dtype, classes):
    checked, counted = arrays.checked_targets(np.array(y))
    assert (checked.dtype, counted) == (dtype, classes)


def test_a_split_takes_every_row_once():
    parts = arrays.split(50, 0.2, 0.1, seed=1)
    assert [len(part) for part in parts] == [35, 10, 5]
    assert sorted(np.concatenate(parts)) == list(range(50))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scaling_keeps_the_type_of_the_inputs(dtype):
    x = np.arange(12, dtype=dtype).reshape(6, 2)
    for scale in ("raw", "unit", "standard"):
        centre, width = arrays.scaling(x, scale)
        assert ((x - centre) / width).dtype == dtype


def test_what_is_standardised_has_mean_0_and_deviation_1_and_a_constant_becomes_0():
    x = np.random.default_rng(0).normal(5, 3, (1500, 3))
    x[:, 1] = 0.1
    centre, width = arrays.scaling(x, "standard")
    scaled = (x - centre) / width
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(scaled.std(axis=0), [1, 0, 1], atol=1e-13)
