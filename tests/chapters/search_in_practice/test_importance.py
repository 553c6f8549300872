"""Importance: shares of the variance, against sums worked out by hand, and on the table."""

import numpy as np
import pytest

from course_utils.chapters.search_in_practice.importance import among_best, of_trials, pairs, shares
from course_utils.chapters.search_in_practice.tabular_benchmark import Tabled
from course_utils.search import search


@pytest.fixture(scope="module")
def table():
    return Tabled()


def grid():
    """3·x + y + 2·x·y, and a knob that does nothing; x and y are −1 or 1, z has three values."""
    x, y, _ = np.meshgrid([-1.0, 1.0], [-1.0, 1.0], [0.0, 1.0, 2.0], indexing="ij")
    return 3 * x + y + 2 * x * y


def test_the_shares_are_those_worked_out_by_hand():
    found = shares(grid(), ["x", "y", "z"])
    assert list(found.index) == ["x", "y", "z"]
    np.testing.assert_allclose(found["alone"], [9 / 14, 1 / 14, 0], atol=1e-12)
    np.testing.assert_allclose(found["with others"], [13 / 14, 5 / 14, 0], atol=1e-12)


def test_two_knobs_have_together_what_neither_has_alone():
    found = pairs(grid(), ["x", "y", "z"])
    assert found.index[0] == ("x", "y")
    np.testing.assert_allclose(found, [4 / 14, 0, 0], atol=1e-12)


def test_two_knobs_divide_all_variance_between_them_and_their_pair():
    scores = np.random.default_rng(0).normal(size=(4, 5))
    assert shares(scores, ["a", "b"])["alone"].sum() + pairs(scores, ["a", "b"]).sum() == pytest.approx(1)


def test_among_the_best_only_their_differences_count():
    scores = np.arange(100.0).reshape(10, 10)
    best = among_best(scores, 0.1)
    assert (best == best.min()).sum() == pytest.approx(90, abs=1)
    assert best.max() == 99
    np.testing.assert_array_equal(among_best(scores, 1.0), scores)


def test_what_cannot_be_divided_is_told():
    with pytest.raises(ValueError, match=r"knobs=\['x'\] are 1 names for 3 axes"):
        shares(grid(), ["x"])
    with pytest.raises(ValueError, match="scores are all equal"):
        pairs(np.ones((2, 2)), ["x", "y"])
    with pytest.raises(ValueError, match="share=0 cannot be used"):
        among_best(grid(), 0)


@pytest.mark.parametrize("on", ["validation", "test"])
@pytest.mark.parametrize("seed", range(3))
def test_the_learning_rate_matters_most_for_every_seed(table, seed, on):
    scores = (table.accuracy[..., -1] if on == "validation" else table.test_accuracy)[..., seed]
    found = shares(scores, list(table.choices))
    assert found.index[0] == "learning_rate"
    assert (found["alone"] <= found["with others"] + 1e-12).all()
    assert found["alone"].sum() < 1


def test_random_searches_find_the_same_knob_to_matter_most_on_the_whole(table):
    """On the whole, because a forest that has seen 128 of thousands of combinations is at times mistaken."""
    found = [of_trials(search(table, table.space, trials=128, seed=s, progress=False).study) for s in range(5)]
    for shares_of_one in found:
        assert set(shares_of_one) == set(table.choices)
        assert sum(shares_of_one.values()) == pytest.approx(1)
    mean = {knob: np.mean([one[knob] for one in found]) for knob in table.choices}
    assert max(mean, key=mean.get) == "learning_rate"
    assert mean["schedule"] < mean["learning_rate"] / 5
