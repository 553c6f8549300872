"""Choosing on a test set: optimism by hand, that it grows and shrinks as it should, and that fresh data are fresh."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from course_utils.chapters.search import overfitted_choice as chosen


@pytest.fixture(scope="module")
def coins():
    """Networks that all guess: whatever a test set promises above one half is luck."""
    return np.random.default_rng(0).random((200, 2000)) < 0.5


def test_guessers_promise_much_and_keep_nothing(coins):
    seen, fresh = chosen.choose(coins, 50, 100)
    assert seen.shape == fresh.shape == (100, 200)
    assert seen[:, 0].mean() == pytest.approx(0.5, abs=0.03)
    assert seen[:, -1].mean() > 0.65
    assert fresh[:, -1].mean() == pytest.approx(0.5, abs=0.02)
    assert (np.diff(seen, axis=1) >= 0).all()


def test_test_rows_and_fresh_rows_are_all_rows_between_them():
    right = np.random.default_rng(1).random((1, 40)) < 0.7
    seen, fresh = chosen.choose(right, 10, 30)
    np.testing.assert_allclose(10 * seen + 30 * fresh, right.sum(), rtol=1e-5)


def test_of_equal_networks_the_first_is_taken():
    right = np.ones((3, 20), bool)
    right[1:, 10:] = False
    seen, fresh = chosen.choose(right[[0]], 5, 4)
    np.testing.assert_allclose([seen, fresh], 1)


def test_optimism_grows_with_networks_and_shrinks_with_rows_in_every_repeat(coins):
    experiment = chosen.OverfittedChoice(coins, repeats=50)
    for draw in range(5):
        gaps = [np.subtract(*experiment.run(configurations=n, rows=50, draw=draw).means) for n in (1, 10, 200)]
        assert gaps == sorted(gaps)
        optimism = experiment.run(configurations=200, draw=draw).optimism[:, -1]
        assert (np.diff(optimism) < 0).all()


def test_networks_are_asked_about_rows_that_they_were_not_trained_on():
    right = chosen.right_answers(*load_digits(return_X_y=True), configurations=12, rows=200, epochs=10)
    assert right.shape[0] == 12
    assert 1500 < right.shape[1] < 1597
    assert 0.7 < np.median(right.mean(axis=1)) < 0.97


def test_it_is_told(coins):
    experiment = chosen.OverfittedChoice(coins, repeats=20)
    many = experiment.run(configurations=200, rows=50)
    assert many.summary().startswith("best of 200 on 50 test rows · promises 0.")


@pytest.mark.parametrize("knobs", [{"configurations": 0}, {"configurations": 201}, {"rows": 2000}])
def test_mistakes_are_named(coins, knobs):
    with pytest.raises(ValueError, match="cannot be used: choose a whole number from 1 to"):
        chosen.OverfittedChoice(coins).stream(**knobs)
