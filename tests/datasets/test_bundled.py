"""The data sets that come with the course: as large as it says, and the same at every call."""

import numpy as np
import pytest
from sklearn.datasets import make_moons

from course_utils import datasets


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


@pytest.mark.parametrize("rows", [100, 201])
def test_moons_are_those_of_scikit_learn_but_for_the_noise(rows):
    data = datasets.moons(rows, noise=0.0)
    points = np.concatenate([data.x_train, data.x_validation, data.x_test])
    labels = np.concatenate([data.y_train, data.y_validation, data.y_test])
    theirs, classes = make_moons(rows, shuffle=False)
    for label in (0, 1):
        ours, expected = points[labels == label], theirs[classes == label]
        np.testing.assert_allclose(ours[ours[:, 0].argsort()], expected[expected[:, 0].argsort()], atol=1e-6)


def test_noise_is_normal_and_as_strong_as_asked_for():
    plain, noisy = (datasets.moons(20_000, noise=noise).x_train for noise in (0.0, 0.3))
    noise = (noisy - plain) / 0.3
    np.testing.assert_allclose([noise.mean(), noise.std(), (abs(noise) < 1).mean()], [0, 1, 0.6827], atol=0.02)


def test_the_line_has_the_features_and_the_noise_that_it_names():
    data = datasets.line(20_000, features=3, noise=0.5)
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(data.x_train.std(axis=0), 1, atol=0.03)
    weights, *_ = np.linalg.lstsq(data.x_train, data.y_train)
    assert (data.y_train - data.x_train @ weights).std() == pytest.approx(0.5, rel=0.03)
