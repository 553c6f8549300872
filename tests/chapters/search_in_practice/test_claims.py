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
    """The differences in the end, in five blocks of ten searches."""
    ends = curves[method][:, -1] - curves[against][:, -1]
    assert len(ends) >= 50
    return ends.reshape(-1, 10)


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
    blocks = (wide["log"] - wide["linear"]).reshape(5, 4)
    assert (blocks.mean(axis=1) > 0).all()
    assert np.median(wide["log"]) > np.median(wide["linear"]) + 0.1


def test_vs4_and_is_no_better_in_a_narrow_range_or_where_good_rates_are_large(chapter):
    narrow, large = chapter["scales"]["Adam, 0.001 to 0.01"], chapter["scales"]["SGD, 0.0001 to 1"]
    assert np.abs(narrow["log"] - narrow["linear"]).max() < 0.03
    assert (large["linear"] > large["log"]).sum() > (large["linear"] < large["log"]).sum()
    assert large["linear"].mean() > large["log"].mean()


def test_vs5_tpe_needs_fewer_trials_on_the_hard_task(chapter):
    curves = chapter["race"].by_trials
    gain = by_tens(curves, "tpe")
    assert (gain.mean(axis=1) > 0).all()
    assert (gain > 0).sum() >= 2 * (gain < 0).sum()
    middle = {method: np.median(values, axis=0) for method, values in curves.items()}
    np.testing.assert_array_equal(middle["tpe"][:16], middle["random"][:16])
    assert (np.flatnonzero(middle["tpe"] >= middle["random"][-1])[0] + 1) < 27


def test_vs5_the_gaussian_process_and_the_grid_are_not_ahead(chapter):
    curves = chapter["race"].by_trials
    gain = by_tens(curves, "gaussian-process")
    assert (gain > 0).sum() < 1.5 * (gain < 0).sum()
    assert np.median(curves["grid"][:, -1]) < np.median(curves["random"][:, -1])


def test_vs5_where_good_settings_are_common_there_is_hardly_a_gain(chapter):
    hard, easy = by_tens(chapter["race"].by_trials, "tpe"), by_tens(chapter["epochs_race"].by_epochs, "tpe")
    assert np.median(hard) > np.median(easy)
    assert hard.mean() > 3 * abs(easy.mean())
    assert (easy > 0).sum() < 2 * (easy < 0).sum()


def test_vs6_halving_is_ahead_at_equal_epochs_and_hyperband_is_not(chapter):
    gain = by_tens(chapter["epochs_race"].by_epochs, "halving")
    assert (gain.mean(axis=1) > 0).all()
    assert (gain > 0).sum() >= 3 * (gain < 0).sum()
    hedged = by_tens(chapter["epochs_race"].by_epochs, "hyperband")
    assert (hedged > 0).sum() <= (hedged < 0).sum()


def test_vs6_slow_starters_turn_it_around(chapter):
    lost = {key: np.array([one.loss for one in runs]) for key, runs in chapter["lost"].items()}
    loss = {key: values.reshape(5, 10).mean(axis=1) for key, values in lost.items()}
    assert (loss["slow starters", 2] > loss["everything", 2]).all()
    assert (loss["everything", 2] < 0.02).all()
    assert loss["slow starters", 6].mean() < loss["slow starters", 2].mean() / 3


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
    assert len(guesses) >= 5
    assert (guesses[["schedule", "l2"]] < 0.1).all(axis=None)
    assert len(set(guesses.idxmax(axis=1))) > 1
    assert guesses["learning_rate"].mean() < chapter["exact"]["learning_rate"] / 2


def test_vs8_settings_carry_over_to_related_tasks(chapter):
    scores, carried = chapter["scores"], chapter["carried"]
    for name in chapter["related"]:
        assert scores[name].shape == (32, 5)
        assert chapter["carry"].loc[name, "regret"] < 0.03
        assert chapter["carry"].loc[name, "rank correlation"] > 0.6
        assert (scores[name][carried] > np.median(scores[name], axis=0) + 0.03).all()


def test_vs8_on_the_unrelated_one_almost_any_will_do_and_after_a_change_the_best_moves(chapter):
    carry, scores, carried = chapter["carry"], chapter["scores"], chapter["carried"]
    assert carry.loc["tumours", "rank correlation"] < carry.loc[chapter["related"], "rank correlation"].min()
    assert carry.loc["tumours", "typical"] > 0.93
    for name in chapter["changes"]:
        own = scores[name].mean(axis=1).argmax()
        assert own != carried
        assert (scores[name][own] > scores[name][carried]).sum() >= 4
        assert carry.loc[name, "regret"] > 0.03


def test_your_own_model_is_searched_and_tested_once(chapter):
    assert chapter["my_search"].best_value > 0.95
    assert chapter["test_accuracy"].shape == (8,)
    assert (chapter["test_accuracy"] > 0.9).all()
    assert chapter["mine"].optimizer in OPTIMIZERS
    assert len(chapter["of_optuna"]) == 64
