"""Search in practice: the direction of every claim, over at least five repeats, on the chapter's own variables."""

import numpy as np
import pytest

from course_utils.chapters.search_in_practice import importance
from course_utils.training.optimizers import OPTIMIZERS
from tests.chapter import run_chapter

NAME = "12_search_in_practice"


@pytest.fixture(scope="module")
def chapter():
    return run_chapter(NAME)


def by_tens(curves, method, against="random"):
    """The differences in the end, in five blocks of as many searches."""
    ends = curves[method][:, -1] - curves[against][:, -1]
    assert len(ends) >= 50
    return ends.reshape(5, -1)


def test_a_search_records_what_fails_and_goes_on_without_repeating(chapter):
    trials = chapter["trials"]
    assert len(trials) == 64
    assert 0 < (trials["state"] == "failed").sum() < 20
    assert trials.loc[trials["state"] == "failed", "why"].str.startswith("diverged at step").all()
    assert (chapter["trained_before"], chapter["trained_after"]) == (32, 32)
    assert all(chapter["same"])
    assert set(chapter["after"].study.best_params) == set(chapter["space"])


def test_vs4_the_log_scale_is_better_where_the_order_of_magnitude_is_unknown(chapter):
    wide = chapter["wide"]
    blocks = (wide["log"] - wide["linear"]).reshape(5, -1)
    assert (blocks.mean(axis=1) > 0).all()
    assert np.median(wide["log"]) > np.median(wide["linear"]) + 0.1


def test_vs4_and_is_no_better_in_a_narrow_range_or_where_good_rates_are_large(chapter):
    narrow, large = chapter["scales"]["Adam, 0.001 to 0.01"], chapter["scales"]["SGD, 0.0001 to 1"]
    assert np.abs(narrow["log"] - narrow["linear"]).max() < 0.05
    assert (large["linear"] > large["log"]).sum() > (large["linear"] < large["log"]).sum()
    assert large["linear"].mean() > large["log"].mean()
    assert np.median(large["linear"]) - np.median(large["log"]) < 0.03


def test_vs5_tpe_needs_fewer_trials_on_the_hard_task(chapter):
    curves = chapter["race"].by_trials
    gain = by_tens(curves, "tpe")
    assert (gain.mean(axis=1) > 0).sum() >= 4
    assert (gain > 0).sum() >= 1.5 * (gain < 0).sum()
    middle = {method: np.median(values, axis=0) for method, values in curves.items()}
    np.testing.assert_array_equal(middle["tpe"][:16], middle["random"][:16])
    assert (np.flatnonzero(middle["tpe"] >= middle["random"][-1])[0] + 1) < 27


def test_vs5_the_gaussian_process_gains_less_than_tpe_and_the_grid_loses(chapter):
    curves = chapter["race"].by_trials
    assert by_tens(curves, "gaussian-process").mean() < by_tens(curves, "tpe").mean()
    assert np.median(curves["grid"][:, -1]) < np.median(curves["random"][:, -1])


def test_vs5_where_good_settings_are_common_the_gain_is_small(chapter):
    races = {"hard": chapter["race"].by_trials, "easy": chapter["epochs_race"].by_epochs}
    gain = {name: np.median(race["tpe"][:, -1]) - np.median(race["random"][:, -1]) for name, race in races.items()}
    assert gain["hard"] > 3 * abs(gain["easy"])
    assert abs(gain["easy"]) < 0.02


def test_vs6_halving_is_ahead_at_equal_epochs_and_hyperband_is_not(chapter):
    gain = by_tens(chapter["epochs_race"].by_epochs, "halving")
    assert (gain.mean(axis=1) > 0).sum() >= 4
    assert (gain > 0).sum() >= 1.5 * (gain < 0).sum()
    hedged = by_tens(chapter["epochs_race"].by_epochs, "hyperband")
    assert (hedged > 0).sum() <= (hedged < 0).sum()


def test_vs6_slow_starters_turn_it_around(chapter):
    lost = {key: np.array([one.loss for one in runs]) for key, runs in chapter["lost"].items()}
    loss = {key: values.reshape(5, 10).mean(axis=1) for key, values in lost.items()}
    assert (loss["slow starters", 2] > loss["everything", 2]).all()
    assert (loss["everything", 2] < 0.02).all()
    assert loss["slow starters", 6].mean() < loss["slow starters", 2].mean() / 2


def test_st4_the_ranking_depends_on_the_range_and_on_what_counts(chapter):
    alone = chapter["alone"]
    assert alone["whole table"].idxmax() == "learning_rate"
    assert alone["rate from 0.01 to 0.1"].idxmax() == "width"
    assert alone.loc["learning_rate", "rate from 0.01 to 0.1"] < 0.02
    assert (alone.loc[["schedule", "l2"], "whole table"] < 0.01).all()
    assert alone["best tenth"].sum() < alone["whole table"].sum()
    table, rates = chapter["table"], chapter["table"].choices["learning_rate"]
    for seed in range(table.seeds):
        scores = table.accuracy[..., seed, -1]
        assert importance.shares(scores, chapter["knobs"])["alone"].idxmax() == "learning_rate"
        narrow = scores[rates.index(0.01) : rates.index(0.1) + 1]
        assert importance.shares(narrow, chapter["knobs"])["alone"].idxmax() == "width"


def test_st4_a_search_of_64_trials_finds_what_to_drop_but_no_ranking(chapter):
    guesses = chapter["guesses"]
    assert len(guesses) >= 20
    assert set(guesses.mean().nsmallest(2).index) == {"schedule", "l2"}
    assert (guesses[["schedule", "l2"]].mean() < 0.05).all()
    assert len(set(guesses.idxmax(axis=1))) > 1
    assert guesses["learning_rate"].mean() < 0.75 * chapter["exact"]["learning_rate"]
    assert guesses["learning_rate"].max() > 4 * guesses["learning_rate"].min()


def test_vs8_settings_carry_over_to_related_tasks(chapter):
    means, carried, carry = chapter["means"], chapter["carried"], chapter["carry"]
    for name in chapter["related"]:
        assert means[name].shape == (8, 32)
        assert carry.loc[name, "regret"] < 0.03
        assert carry.loc[name, "largest regret"] < 0.1
        assert carry.loc[name, "rank correlation"] > 0.6
        assert (means[name][carried] > np.median(means[name], axis=1) + 0.03).all()


def test_vs8_where_inputs_are_larger_some_fail_and_half_the_rate_mends_them(chapter):
    as_they_are = chapter["means"][chapter["swap"]][chapter["carried"]]
    assert as_they_are.min() < 0.7
    assert np.median(chapter["halved"]) > 0.85
    assert chapter["halved"].min() > as_they_are.min() + 0.3


def test_vs8_on_the_unrelated_one_almost_any_will_do_and_after_a_change_the_best_may_move(chapter):
    carry, means = chapter["carry"], chapter["means"]
    assert carry.loc["tumours", "rank correlation"] < carry.loc[chapter["related"], "rank correlation"].min()
    assert carry.loc["tumours", "typical"] > 0.9
    related = carry.loc[chapter["related"], "largest regret"].max()
    for name in chapter["changes"]:
        assert (means[name].argmax(axis=1) != chapter["carried"][1]).sum() >= 2
        assert carry.loc[name, "largest regret"] > max(related, 0.1)


def test_your_own_model_is_searched_and_tested_once(chapter):
    assert chapter["my_search"].best_value > 0.95
    assert chapter["test_accuracy"].shape == (8,)
    assert (chapter["test_accuracy"] > 0.9).all()
    assert chapter["mine"].optimizer in OPTIMIZERS
    assert len(chapter["of_optuna"]) == 64
