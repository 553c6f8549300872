"""Data sets: split without overlap, scaled by the training part alone, and refused when they cannot be trained on."""

import numpy as np
import pytest

from course_utils import datasets


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


def test_digits_are_the_size_that_the_course_says():
    data = datasets.digits()
    assert (len(data.x_train), len(data.x_validation), len(data.x_test)) == (1437, 180, 180)
    assert (data.input_shape, data.outputs, data.classes) == ((64,), 10, 10)
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)


def test_digits_that_somebody_changed_are_whole_the_next_time():
    for scale in ("raw", "unit"):
        changed, untouched = datasets.digits(scale), datasets.digits(scale)
        changed.x_train[:] = 0
        changed.y_train[:] = 0
        np.testing.assert_array_equal(datasets.digits(scale).x_train, untouched.x_train)
        np.testing.assert_array_equal(datasets.digits(scale).y_train, untouched.y_train)


def test_images_are_the_same_digits_in_another_shape():
    images, flat = datasets.digits(images=True), datasets.digits()
    assert images.input_shape == (8, 8, 1)
    np.testing.assert_array_equal(images.x_train.reshape(-1, 64), flat.x_train)
    np.testing.assert_array_equal(images.y_train, flat.y_train)


def test_moons_and_line_are_what_they_say():
    moons, line = datasets.moons(200, seed=1), datasets.line(200, features=3, noise=0.0, seed=1)
    assert (moons.input_shape, moons.outputs, moons.classes) == ((2,), 2, 2)
    assert (line.input_shape, line.outputs, line.classes) == ((3,), 1, None)
    _, residual, *_ = np.linalg.lstsq(line.x_train, line.y_train)
    assert residual[0] < 1e-8
    assert not np.array_equal(moons.x_train, datasets.moons(200, seed=2).x_train)


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
