"""The contest of search methods on the table."""

import math

import numpy as np
import pytest

from course_utils.chapters.search_in_practice.contest import contest, spread
from course_utils.chapters.search_in_practice.tabular_benchmark import Tabled


@pytest.fixture(scope="module")
def table():
    return Tabled()


def test_a_grid_is_as_even_as_the_number_of_trials_allows(table):
    random = np.random.default_rng(0)
    found = spread(table, 32, random, {"schedule": "constant"})
    assert "schedule" not in found
    assert sorted(map(len, found.values())) == [1, 1, 2, 2, 2, 2, 2]
    assert all(set(values) <= set(table.choices[knob]) for knob, values in found.items())
    others = {knob: 1 for knob in table.choices if knob != "learning_rate"}
    grids = [spread(table, 5, np.random.default_rng(seed), others)["learning_rate"] for seed in range(20)]
    rates = table.choices["learning_rate"]
    assert {tuple(map(rates.index, grid)) for grid in grids} == {(0, 2, 4, 6, 8), (1, 3, 5, 7, 9)}


def test_curves_are_true_scores_of_the_settings_found(table):
    found = contest(table, ["random", "halving"], trials=9, searches=4)
    for curves in (found.by_trials, found.by_epochs):
        assert {method: curve.shape for method, curve in curves.items()} == {"random": (4, 9), "halving": (4, 9)}
    np.testing.assert_array_equal(found.by_trials["random"], found.by_epochs["random"])
    assert (found.by_trials["random"] <= found.best[:, None] + 1e-6).all()
    again = contest(table, ["random"], trials=9, searches=4)
    np.testing.assert_array_equal(found.by_trials["random"], again.by_trials["random"])


def test_halving_knows_nothing_before_its_first_round_has_ended(table):
    found = contest(table, ["halving"], trials=30, searches=2)
    for by_trials, by_epochs in zip(found.by_trials["halving"], found.by_epochs["halving"]):
        assert np.isnan(by_trials[:26]).all()
        assert np.isfinite(by_trials[26:]).all()
        # 27 trials of 2 epochs, 9 of 6 and 3 of 20 take as long as a little more than 8 whole ones.
        spent = math.ceil((27 * 2 + 9 * 6 + 3 * 20) / table.epochs)
        assert np.isnan(by_epochs[: spent - 1]).all()
        assert np.isfinite(by_epochs[spent - 1 :]).all()


def test_a_method_is_compared_search_by_search(table):
    found = contest(table, ["random", "grid"], trials=8, searches=6)
    rows = found.to_frame(equal="trials")
    assert rows.loc["random", ["better", "equal", "worse"]].tolist() == [0, 6, 0]
    assert rows.loc["grid", ["better", "equal", "worse"]].sum() == 6
    assert rows.loc["grid", "median"] == np.median(found.by_trials["grid"][:, -1])
    with pytest.raises(ValueError, match="equal='time' cannot be used: choose epochs, trials"):
        found.to_frame(equal="time")
    with pytest.raises(ValueError, match="against='tpe' cannot be used: choose random, grid"):
        found.to_frame(against="tpe")


def test_quartiles_begin_where_every_search_has_found_something(table):
    found = contest(table, ["random", "halving"], trials=12, searches=6, equal="epochs")
    assert list(found.by_trials) == ["random"]
    curves = found.quartiles()
    assert list(curves) == ["random", "halving"]
    known = np.isfinite(found.by_epochs["halving"]).all(axis=0)
    assert 0 < known.sum() < 12
    np.testing.assert_array_equal(np.isfinite(curves["halving"]), [known] * 3)
    np.testing.assert_allclose(curves["random"][1], np.median(found.by_epochs["random"], axis=0))
    assert (np.diff(curves["random"], axis=0) >= 0).all()
    assert list(found.quartiles("random", equal="trials")) == ["random"]
    with pytest.raises(ValueError, match="method='tpe' cannot be used: choose random, halving"):
        found.quartiles("tpe")
    with pytest.raises(ValueError, match="equal='trials' cannot be used: choose both or epochs"):
        contest(table, ["random"], equal="trials")
