"""Gradient descent in plain NumPy: the quadratic and its limits."""

import keras
import numpy as np
import pytest

from course_utils.chapters.learning_rate.landscapes import Quadratic, descend


@pytest.mark.parametrize("curvature", [0.5, 2.0, 4.0])
def test_the_quadratic_has_its_ideal_at_one_and_its_limit_at_two_over_the_curvature(curvature):
    quadratic = Quadratic()
    at = {f: quadratic.run(learning_rate=f / curvature, curvature=curvature) for f in (0.5, 1, 1.5, 2, 2.1)}
    assert at[1].weights[1] == pytest.approx(0)
    assert (np.diff(np.abs(at[0.5].weights)) < 0).all()
    assert (at[0.5].weights > 0).all()
    assert (np.diff(np.abs(at[1.5].weights)) < 0).all()
    assert (np.sign(at[1.5].weights) == [1, -1] * 10 + [1]).all()
    np.testing.assert_allclose(np.abs(at[2].weights), at[2].weights[0])
    assert (np.diff(at[2.1].loss) > 0).all()
    words = {0.5: "creeps", 1: "one step", 1.5: "overshoots", 2: "back and forth", 2.1: "diverges"}
    assert {f: at[f].regime.startswith(word) for f, word in words.items()} == dict.fromkeys(words, True)


def test_descent_follows_keras():
    start, target = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    path = descend(lambda w: w - target, start, optimizer="adam", learning_rate=0.1, steps=50)
    weights, optimizer = keras.Variable(start.astype("float32")), keras.optimizers.Adam(0.1)
    for step in range(50):
        np.testing.assert_allclose(path[step], weights.numpy(), rtol=1e-4, atol=1e-4)
        optimizer.apply([weights - target], [weights])


def test_noise_follows_the_seed():
    paths = [descend(lambda w: w, [1.0], noise=0.5, seed=seed) for seed in (0, 0, 1)]
    assert (paths[0] == paths[1]).all()
    assert (paths[0] != paths[2]).any()


@pytest.mark.parametrize("knobs", [{"learning_rate": 0}, {"learning_rate": 0.1, "curvature": -1}])
def test_bad_values_are_refused_by_name(knobs):
    name, value = list(knobs.items())[-1]
    with pytest.raises(ValueError, match=f"{name}={value} cannot be used: choose"):
        Quadratic().stream(**knobs)


def test_a_step_count_must_be_whole():
    with pytest.raises(ValueError, match=r"steps=1\.5 cannot be used"):
        Quadratic().run(learning_rate=0.1, steps=1.5)
