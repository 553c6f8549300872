"""Data sets: split without overlap, scaled by the training part alone, and refused when they cannot be trained on."""

from dataclasses import replace

import numpy as np
import pytest

from course_utils import datasets
from course_utils.datasets import Dataset


def numbered(rows=100, **options):
    """A data set whose inputs are their own row numbers."""
    return datasets.from_arrays(np.arange(rows, dtype=float).reshape(-1, 1), np.arange(rows) % 4, **options)


def parts(data):
    return data.x_train, data.x_validation, data.x_test


def test_every_row_falls_into_exactly_one_part():
    data = numbered(validation=0.2, test=0.15)
    assert [len(part) for part in parts(data)] == [65, 20, 15]
    assert sorted(np.concatenate(parts(data)).ravel()) == list(range(100))


def test_targets_stay_with_their_rows():
    data = numbered()
    for x, y in zip(parts(data), (data.y_train, data.y_validation, data.y_test)):
        np.testing.assert_array_equal(x[:, 0] % 4, y)


def test_the_seed_decides_the_split_and_nothing_else_does():
    np.testing.assert_array_equal(numbered(seed=3).x_train, numbered(seed=3, scale="raw").x_train)
    assert not np.array_equal(numbered(seed=3).x_train, numbered(seed=4).x_train)


def test_a_test_part_is_not_compulsory():
    assert len(numbered(test=0).x_test) == 0


def test_types_fit_a_network():
    data = numbered()
    assert data.x_train.dtype == np.float32
    assert data.y_train.dtype == np.int32
    assert datasets.line().y_train.dtype == np.float32


def test_standard_scale_measures_the_training_part_only():
    x = np.random.default_rng(0).normal(5, 3, (200, 3))
    x[:, 2] = 7
    data = datasets.from_arrays(x, np.arange(200) % 2, scale="standard")
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(data.x_train.std(axis=0), [1, 1, 0], atol=1e-5)
    raw = datasets.from_arrays(x, np.arange(200) % 2)
    expected = (raw.x_validation[:, :2] - raw.x_train[:, :2].mean(axis=0)) / raw.x_train[:, :2].std(axis=0)
    np.testing.assert_allclose(data.x_validation[:, :2], expected, rtol=1e-4, atol=1e-5)
    assert abs(data.x_validation[:, :2].mean()) > 1e-3


def test_unit_scale_maps_the_training_part_to_zero_and_one():
    data = numbered(scale="unit")
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)
    assert min(part.min() for part in parts(data)) <= 0
    constant = datasets.from_arrays(np.full((20, 2), 3.0), np.arange(20) % 2, scale="unit")
    assert (constant.x_train == 0).all()


def test_a_regression_of_several_targets_has_as_many_outputs():
    data = datasets.from_arrays(np.ones((20, 2)), np.ones((20, 3)))
    assert (data.classes, data.outputs) == (None, 3)


def test_the_representation_is_the_same_everywhere_and_short():
    assert repr(numbered()) == "Dataset('my data': 80 + 10 + 10 rows of shape (1,), 4 classes)"
    assert repr(datasets.line()).endswith("regression)")


X, Y = np.ones((20, 2)), np.arange(20) % 2


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (
            np.where(np.arange(40).reshape(20, 2) == 7, np.nan, 1.0),
            Y,
            {},
            r"x holds NaN.* 1 of 20 rows, first in row 3: drop",
        ),
        (np.where(np.arange(40).reshape(20, 2) == 8, np.inf, 1.0), Y, {}, r"x holds NaN or infinity .* row 4: drop"),
        (X, np.where(np.arange(20) == 5, np.nan, 1.0), {}, r"y holds NaN or infinity, first in row 5: drop"),
        (X, Y[:19], {}, r"x has 20 rows and y has 19: give one target"),
        (X, Y - 1, {}, r"y holds the label -1: .*y - y.min\(\)"),
        (X, Y * 2, {}, r"y reaches label 2 but no row has label 1: renumber"),
        (X, Y.astype(str), {}, r"y has type <U21 and shape \(20,\): give whole numbers"),
        (X, np.stack([Y, Y], 1), {}, r"shape \(20, 2\): give whole numbers"),
        (X.astype(str).astype(object) + "a", Y, {}, r"x holds something that is not a number: encode"),
        (np.ones(20), Y, {}, r"x has shape \(20,\): give .*reshape\(-1, 1\)"),
        (np.ones((0, 2)), Y[:0], {}, r"x has shape \(0, 2\): give"),
        (X, Y, {"scale": "log"}, r"scale='log' is not known: choose"),
        (X, Y, {"validation": 0}, r"validation=0 is no share of the rows: choose"),
        (X, Y, {"validation": 0.5, "test": 0.5}, r"test=0.5 leaves nothing to train on: choose"),
        (X[:3], Y[:3], {}, r"x has 3 rows, too few for validation=0.1 and test=0.1: add"),
    ],
)
def test_arrays_that_cannot_be_trained_on_are_refused(x, y, options, message):
    with pytest.raises(ValueError, match=message):
        datasets.from_arrays(x, y, **options)


def by_hand(**changed):
    arrays = {f"x_{part}": X for part in ("train", "validation", "test")} | {
        f"y_{part}": Y for part in ("train", "validation", "test")
    }
    return Dataset(**{"name": "mine", "classes": 2} | arrays | changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_train": Y[1:]}, "x_train has 20 rows and y_train has 19: give one target"),
        ({"x_test": X[:5]}, "x_test has 5 rows and y_test has 20: give"),
        ({"x_validation": X * np.nan}, "x_validation or y_validation holds NaN or infinity: drop"),
        ({"y_train": Y * np.nan}, "x_train or y_train holds NaN or infinity: drop"),
        (
            {"sample_weight": np.ones(19)},
            r"sample_weight has shape \(19,\), .*: give one finite number for each of the 20",
        ),
        ({"sample_weight": np.ones((20, 1))}, r"sample_weight has shape \(20, 1\)"),
        ({"sample_weight": np.full(20, np.inf)}, "sample_weight .* holds NaN or infinity"),
    ],
)
def test_a_data_set_made_by_hand_is_checked(changed, message):
    by_hand()
    with pytest.raises(ValueError, match=message):
        by_hand(**changed)


def test_rows_without_weights_count_once_however_many_are_left():
    fewer = replace(by_hand(), x_train=X[:7], y_train=Y[:7])
    (_, weights), (_, given) = fewer.arrays[1], by_hand(sample_weight=np.arange(20)).arrays[1]
    np.testing.assert_array_equal(weights, np.ones(7))
    np.testing.assert_array_equal(given, np.arange(20))
    assert weights.dtype == given.dtype == np.float32


def test_weights_of_rows_that_are_gone_are_refused():
    with pytest.raises(ValueError, match=r"sample_weight has shape \(20,\)"):
        replace(by_hand(sample_weight=np.ones(20)), x_train=X[:7], y_train=Y[:7])
