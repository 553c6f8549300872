"""The bumpy loss of one weight: its valleys, its gradient, and where walkers end."""

import numpy as np
import pytest

from course_utils.chapters.mini_batch import local_minima


@pytest.fixture(scope="module")
def fit():
    return local_minima.SineFit()


def test_the_gradient_is_the_slope_of_the_loss(fit):
    weights = np.array([0.7, 2.2, 4.3, 6.0])
    slope = (fit.loss(weights + 1e-5) - fit.loss(weights - 1e-5)) / 2e-5
    np.testing.assert_allclose(fit.gradient(weights, np.arange(128)[None]), slope, rtol=1e-5)


def test_the_gradient_of_a_batch_is_the_mean_of_its_rows(fit):
    weights, rows = np.array([2.0]), np.array([[5, 9, 100]])
    single = [fit.gradient(weights, rows[:, i : i + 1]) for i in range(3)]
    np.testing.assert_allclose(fit.gradient(weights, rows), np.mean(single, axis=0))


def test_the_deepest_valley_holds_the_right_weight_and_tops_bound_it(fit):
    low, high = fit.deepest
    assert low < 4 < high
    weights, loss = fit.curve
    assert weights[np.argmin(loss)] == pytest.approx(4, abs=0.05)
    inside = loss[(low < weights) & (weights < high)]
    assert fit.loss(np.array([low, high])).min() >= inside[[0, -1]].min()


def test_without_noise_walkers_with_short_steps_stay_in_their_valley(fit):
    walk = fit.run(batch_size=128, learning_rate=0.03, steps=100, walkers=40)
    assert walk.share[-1] == pytest.approx(walk.share[0], abs=0.03)


def test_noise_carries_walkers_over(fit):
    assert fit.run(batch_size=2, learning_rate=0.3, walkers=40).share[-1] > 0.6


def test_a_walk_comes_in_pieces_and_follows_its_seed(fit):
    *before, last = fit.stream(batch_size=2, learning_rate=0.3, steps=25, walkers=10, seed=1)
    assert [len(walk.share) for walk in before] == [1, 11, 21]
    again = fit.run(batch_size=2, learning_rate=0.3, steps=25, walkers=10, seed=1)
    assert (again.weights == last.weights).all()
    assert "25 steps" in last.summary()
    assert len(last.scores()) == 2


@pytest.mark.parametrize("knobs", [{"batch_size": 0}, {"batch_size": 129}, {"batch_size": 2, "learning_rate": 0}])
def test_bad_values_are_refused_by_name(fit, knobs):
    name, value = list(knobs.items())[-1]
    with pytest.raises(ValueError, match=f"{name}={value} cannot be used"):
        fit.stream(**{"learning_rate": 0.1, **knobs})
