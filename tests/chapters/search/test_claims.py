"""Search: the direction of every claim, over at least five repeats, on the variables that the chapter computes."""

import numpy as np
import pytest

from tests.chapter import run_chapter

NAME = "11_search"


@pytest.fixture(scope="module")
def chapter():
    return run_chapter(NAME)


def test_vs1_optimism_grows_with_configurations_and_shrinks_with_rows_in_every_repeat(chapter):
    few, many = chapter["optimism"][50], chapter["optimism"][800]
    assert abs(few[0]) < 0.01
    assert few == sorted(few)
    assert few[-1] > 0.02
    assert all(small > large for small, large in zip(few[1:], many[1:]))
    for draw in range(5):
        of_few, of_many = (chapter["chosen"].run(configurations=n, rows=50, draw=draw) for n in (5, 500))
        assert np.subtract(*of_many.means) > np.subtract(*of_few.means) > 0
        assert (np.diff(of_many.optimism[:, -1]) < 0).all()


def test_vs1_choosing_is_no_harm_to_the_network_itself(chapter):
    fresh = chapter["chosen"].run(configurations=500, rows=50).fresh.mean(axis=0)
    assert fresh[-1] > fresh[0]


def test_vs2_narrowing_helps_the_typical_trial_and_hardly_the_best(chapter):
    random, narrowed = chapter["typical"].T
    assert len(random) >= 5
    assert (narrowed > random + 0.2).mean() >= 0.8  # a first round can mislead
    assert abs(np.diff(chapter["best"], axis=1).mean()) < 0.03


def test_vs3_random_trials_hit_the_best_twentieth_as_computed(chapter):
    assert chapter["odds"][60] > 0.95 > 1 - 0.95**58
    for n, share in chapter["simulated"].items():
        assert share == pytest.approx(chapter["odds"][n], abs=0.02)


def test_vs3_random_wins_where_one_knob_does_not_matter_and_not_where_both_do(chapter):
    ends = chapter["by_l2"]
    np.testing.assert_allclose(ends[1e-8], ends[1e-5], atol=0.02)
    alone, together = (chapter["contests"][second] for second in ("l2", "momentum"))
    assert len(alone["grid"]) >= 20
    assert (alone["random"] > alone["grid"]).sum() >= 1.5 * (alone["random"] < alone["grid"]).sum()
    assert alone["random"].mean() > alone["grid"].mean()
    gain = {name: best["random"].mean() - best["grid"].mean() for name, best in chapter["contests"].items()}
    assert gain["l2"] > gain["momentum"] + 0.01
    assert together["random"].mean() <= together["grid"].mean() + 0.01


def test_vs7_a_turn_in_mid_run_beats_every_rate_that_stays(chapter):
    turned = chapter["losses"]["0.5, then 0.02"]
    assert len(turned) >= 5
    for name, values in chapter["losses"].items():
        if "all the time" in name:
            assert turned.mean() < values.mean()
    assert (turned < chapter["losses"]["0.5 all the time"]).all()


def test_vs7_the_best_of_many_is_better(chapter):
    best_of = chapter["best_of"]
    assert len(best_of[1]) >= 5
    assert np.median(best_of[16]) < np.median(best_of[1]) / 2
    assert best_of[16].max() < 2 * best_of[64].min()


def test_expected_improvement_by_drawing_and_by_the_formula_are_the_same(chapter):
    for drawn, formula in chapter["worth"].values():
        assert drawn == pytest.approx(formula, abs=0.001)
