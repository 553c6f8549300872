"""The Gaussian process, held against scikit-learn's."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from course_utils.search import surrogate
from course_utils.search.gaussian_process import posterior
from course_utils.search.surrogate import Parameters, Surrogate


def some(seed=0, trials=20, knobs=3):
    random = np.random.default_rng(seed)
    points = random.uniform(size=(trials, knobs))
    return points, np.sin(5 * points[:, 0]) + 0.05 * random.normal(size=trials)


def test_it_guesses_what_that_of_scikit_learn_guesses():
    points, scores = some()
    where = np.random.default_rng(1).uniform(size=(50, 3))
    parameters = Parameters(np.array([0.3, 1.0, 2.0]), 1.5, 0.02)
    width = scores.std()
    theirs = GaussianProcessRegressor(
        ConstantKernel(1.5) * Matern([0.3, 1.0, 2.0], nu=2.5), alpha=0.02 + 1e-8, optimizer=None
    ).fit(points, (scores - scores.mean()) / width)
    mean, deviation = theirs.predict(where, return_std=True)
    found, sure = Surrogate(points, scores, parameters).predict(where)
    np.testing.assert_allclose(found, scores.mean() + width * mean, rtol=1e-6)
    np.testing.assert_allclose(sure, width * deviation, rtol=1e-5)


def test_the_gradient_is_that_of_the_probability():
    points, scores = some()
    squares = (points[:, None] - points[None]) ** 2
    prior = np.array([[0.0, 1.0]] * 4 + [[-4.0, 2.0]])
    at = np.array([-1.0, 0.3, 0.7, 0.2, -3.0])
    _, gradient = surrogate._improbable(at, squares, scores, prior)
    numbers = approx_fprime(at, lambda x: surrogate._improbable(x, squares, scores, prior)[0], 1e-6)
    np.testing.assert_allclose(gradient, numbers, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_which_knob_matters_and_guesses_well(seed):
    points, scores = some(seed, trials=30)
    fitted = Surrogate(points, scores)
    assert fitted.parameters.lengths.argmin() == 0
    where = np.random.default_rng(99).uniform(size=(200, 3))
    mean, _ = fitted.predict(where)
    assert np.abs(mean - np.sin(5 * where[:, 0])).mean() < 0.1


def test_its_own_guesses_make_it_surer_and_change_no_guess():
    points, scores = some()
    fitted = Surrogate(points, scores)
    there = np.array([[0.9, 0.1, 0.9], [0.05, 0.9, 0.1]])
    surer = fitted.with_guesses(there)
    assert (surer.predict(there)[1] < fitted.predict(there)[1]).all()
    np.testing.assert_allclose(surer.predict(there)[0], fitted.predict(there)[0], atol=0.05)
    assert fitted.with_guesses(np.empty((0, 3))) is fitted


def test_equal_scores_and_equal_points_are_no_error():
    points = np.full((5, 2), 0.5)
    mean, deviation = Surrogate(points, np.ones(5)).predict(np.array([[0.1, 0.2]]))
    assert mean == pytest.approx(1)
    assert np.isfinite(deviation).all()


@pytest.mark.parametrize("seed", range(5))
def test_most_improvement_is_expected_near_the_top_and_not_where_a_trial_was_poor(seed):
    points, scores = some(seed, trials=30)
    where = np.column_stack([np.linspace(0, 1, 101), np.full(101, 0.5), np.full(101, 0.5)])
    improvement = posterior(points, scores, where).improvement
    assert abs(where[improvement.argmax(), 0] - np.pi / 10) < 0.15
    assert improvement.min() >= 0
    assert improvement[-1] < improvement.max() / 10
