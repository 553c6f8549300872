"""The data sets that come with the course: as large as it says, and the same at every call."""

import numpy as np

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
