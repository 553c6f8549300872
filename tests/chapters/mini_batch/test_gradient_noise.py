"""Gradients of mini-batches: exact for each row, and as noisy as the formula says."""

import keras
import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.mini_batch import gradient_noise


@pytest.fixture(scope="module")
def digits():
    return datasets.digits()


def by_tape(model, loss_of, x, y):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = loss_of(y, model(x))
    return np.concatenate([part.numpy().ravel() for part in tape.gradient(loss, model.trainable_variables)])


def test_the_mean_over_rows_is_the_gradient_of_keras(digits):
    keras.utils.set_random_seed(0)
    model = models.mlp((64,), 10, width=8, depth=1)
    x, y = digits.x_train[:20], digits.y_train[:20]
    rows = gradient_noise.per_row(model, x, y)
    assert rows.shape == (20, model.count_params())
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(rows.mean(axis=0), by_tape(model, loss_of, x, y), atol=1e-6)
    np.testing.assert_allclose(rows[3], by_tape(model, loss_of, x[3:4], y[3:4]), atol=1e-5)


def test_a_regression_has_gradients_too():
    data = datasets.line(rows=30)
    model = models.mlp((8,), 1, depth=0)
    rows = gradient_noise.per_row(model, data.x_train, data.y_train)
    expected = by_tape(model, keras.losses.MeanSquaredError(), data.x_train, data.y_train[:, None])
    np.testing.assert_allclose(rows.mean(axis=0), expected, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def cloud():
    random = np.random.default_rng(0)
    return random.normal(size=(64, 30)) + 0.5


def test_along_and_across_are_those_of_the_gradients_themselves(cloud):
    full = cloud.mean(axis=0)
    along, across = gradient_noise.RowGradients(cloud).seen(8, draws=5, seed=3)
    rows = np.random.default_rng([3, 8]).random((5, 64)).argsort(axis=1)[:, :8]
    for batch, x, y in zip(rows, along, across):
        own = cloud[batch].mean(axis=0)
        assert x == pytest.approx(own @ full / (full @ full))
        assert np.hypot(x, y) == pytest.approx(np.linalg.norm(own) / np.linalg.norm(full))


@pytest.mark.parametrize("batch_size", [1, 4, 16, 48])
def test_the_variance_follows_the_formula(cloud, batch_size):
    noise = gradient_noise.GradientNoise({"": cloud}).run(moment="", batch_size=batch_size, draws=4000)
    assert noise.variance == pytest.approx(noise.expected_variance, rel=0.06)


def test_all_rows_have_no_noise(cloud):
    noise = gradient_noise.GradientNoise({"": cloud}).run(moment="", batch_size=64)
    assert noise.variance == pytest.approx(0, abs=1e-12)
    assert noise.angles == pytest.approx(np.zeros(100), abs=1e-3)
    assert noise.known.angle_curve[0][-1] == 64


def test_the_smaller_the_batch_the_wider_the_angle(cloud):
    experiment = gradient_noise.GradientNoise({"": cloud})
    angles = [experiment.run(moment="", batch_size=size).typical_angle for size in (1, 4, 16, 64)]
    assert angles == sorted(angles, reverse=True)
    (streamed,) = experiment.stream(moment="", batch_size=4)
    assert "batches of 4" in streamed.summary()
    assert set(streamed.scores()) == {"angle", "variance"}


@pytest.mark.parametrize("knobs", [{"moment": "later", "batch_size": 4}, {"moment": "", "batch_size": 65}])
def test_bad_values_are_refused_by_name(cloud, knobs):
    with pytest.raises(ValueError, match=r"moment='later' cannot|batch_size=65 cannot"):
        gradient_noise.GradientNoise({"": cloud}).run(**knobs)


def test_a_fan_opens_to_both_sides_in_turn(cloud):
    picture = gradient_noise.Fan()
    noise = gradient_noise.GradientNoise({"": cloud}).run(moment="", batch_size=4)
    whole = picture.artists(picture.axes(noise), noise)
    assert whole[0].get_xydata()[1].tolist() == [noise.along[0], noise.across[0]]
    assert whole[0].get_xydata()[4].tolist() == [noise.along[1], -noise.across[1]]
