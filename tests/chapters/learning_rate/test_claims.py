"""Learning rate: the direction of every claim, over at least five seeds, on the variables that the chapter computes."""

import numpy as np
import pytest

from tests.chapter import run_chapter

NAME = "01_learning_rate"


@pytest.fixture(scope="module")
def chapter():
    return run_chapter(NAME)


def members(runs, **knobs):
    chosen = runs.select(**knobs)
    assert len({setting["seed"] for setting in chosen.settings}) >= 5, "a direction needs at least five seeds"
    return chosen


def test_lr1_a_step_by_hand_is_the_step_of_keras(chapter):
    assert chapter["by_hand"] == pytest.approx(chapter["by_keras"], abs=1e-5)
    assert chapter["by_hand"][0] == pytest.approx(1.2)


@pytest.mark.parametrize(("times_the_ideal", "converges"), [(0.2, True), (1.0, True), (1.9, True), (2.1, False)])
@pytest.mark.parametrize("curvature", [0.5, 2.0, 8.0])
def test_lr2_on_a_parabola_the_limit_is_twice_the_ideal(chapter, curvature, times_the_ideal, converges):
    path = chapter["quadratic"].run(learning_rate=times_the_ideal / curvature, curvature=curvature, steps=50)
    assert (path.loss[-1] < path.loss[0]) == converges


def test_lr2_on_a_network_small_is_slow_and_large_breaks(chapter):
    rates, loss = chapter["rates"], chapter["final_loss"]
    assert loss.shape[1] >= 5
    best = list(rates).index(chapter["best"])
    assert (loss[0] > 10 * np.median(loss[best])).all(), "every seed is slow at the smallest rate"
    assert (np.nan_to_num(loss[rates > chapter["broken"]], nan=np.inf) > 1).all(), "every seed breaks beyond the cliff"
    assert 1.3 < chapter["broken"] / chapter["best"] < 6, "the limit is of the order of twice the best, not exactly it"
    assert (members(chapter["sweep"], learning_rate=chapter["best"]).final("val_accuracy") > 0.9).all()


def test_lr2_the_limit_is_a_few_times_the_best_rate_on_other_splits_too(chapter):
    splits = chapter["splits"]
    assert len(splits) >= 3
    assert splits["times the best"].between(1.3, 6).all()
    assert splits["most broken from"].between(chapter["broken"] / 1.5, chapter["broken"] * 1.5).all()
    assert (splits["lowest loss"] < 0.3).all()


def test_lr2_beyond_the_limit_the_network_is_dead_and_not_infinite(chapter):
    runs = members(chapter["sweep"], learning_rate=chapter["broken"])
    assert np.isfinite(runs.final("loss")).all()


def test_lr3_the_regression_trains_at_01_and_becomes_nan_at_03(chapter):
    runs, limit = chapter["three_rates"], chapter["limit"]
    good, bad = members(runs, learning_rate=0.1), members(runs, learning_rate=0.3)
    assert 0.2 < limit < 0.3
    assert (good.final("loss") < 0.6).all()
    assert (good.diverged_at == 0).all()
    assert np.isnan(bad.final("loss")).all()
    assert (bad.diverged_at < 5 * chapter["steps_per_epoch"]).all()
    assert chapter["thousandfold"] < chapter["infinite"] < chapter["nan"]


def test_lr4_the_best_rate_depends_on_optimizer_and_input_scale(chapter):
    best, limits = chapter["best_rate"], chapter["limits"]
    assert limits["raw"] < limits["standard"] / 1000
    assert best["raw", "sgd"] < best["unit", "sgd"]
    for scale in ("raw", "unit", "standard"):
        assert 0.001 < best[scale, "sgd"] < 1, "inside the grid"
        assert best[scale, "adam"] < best[scale, "sgd"]
        assert 0.001 <= best[scale, "adam"] <= 0.01


def test_lr4_001_is_good_for_adam_and_slow_for_sgd_on_normalised_inputs(chapter):
    at = chapter["guesses"].index(0.01)
    for scale in ("unit", "standard"):
        accuracy = chapter["accuracy_at"]
        assert accuracy[scale, "adam"][at] > accuracy[scale, "adam"].max() - 0.03
        assert accuracy[scale, "sgd"][at] < accuracy[scale, "sgd"].max() - 0.04


def test_lr5_the_median_has_one_valley_with_a_steeper_right_side(chapter):
    middle, rates = chapter["middle"], chapter["rates"]
    assert chapter["dips_of_median"] == 1
    best = int(np.argmin(middle))
    half_way = 1.2
    left = chapter["best"] / rates[:best][middle[:best] > half_way].max()
    right = rates[best:][middle[best:] > half_way].min() / chapter["best"]
    assert left > 3 * right, "a long slope on the left, a cliff on the right"


def test_lr6_a_constant_rate_bounces_between_two_values_and_decay_gets_past_it(chapter):
    assert len(chapter["bounce"]) == 2
    assert chapter["freed"][-1] < chapter["stuck"][-10:].min() / 10


def test_lr6_every_decay_gets_closer_to_the_lowest_loss_of_the_regression(chapter):
    excess = chapter["excess"]
    assert len(excess["constant"]) >= 5
    for name, values in excess.items():
        if name != "constant":
            assert (values < excess["constant"]).all(), name
            assert np.median(values) < np.median(excess["constant"]) / 4, name


def test_lr6_on_the_digits_which_do_not_bounce_decay_gains_nothing(chapter):
    medians = {name: np.median(values) for name, values in chapter["digits_loss"].items()}
    assert min(medians.values()) > 0.75 * medians["constant"], "no more than the seeds differ"
    assert max(medians, key=medians.get) == "× 0.1 over 8"
    assert medians["× 0.1 over 8"] > 1.1 * medians["constant"]
    rates = chapter["first_rates"]
    assert all(rates[0] < chapter["best_first"][name] < rates[-1] for name in medians), "inside the grid"


def test_lr6_on_the_regression_a_smaller_constant_rate_comes_close_to_the_decays(chapter):
    at = {rate: np.median(values) for rate, values in chapter["excess_at"].items()}
    assert at[0.02] < np.median(chapter["excess"]["constant"]) / 4
    assert at[0.02] < at[0.1]
    assert at[0.02] < at[0.005]


def test_lr7_a_factor_per_step_freezes_what_a_factor_per_epoch_does_not(chapter):
    accuracy = chapter["pace_accuracy"]
    assert len(accuracy["0.9 per step"]) >= 5
    middle = {name: np.median(values) for name, values in accuracy.items()}
    assert middle["0.9 per step"] < middle["0.9 per epoch"] - 0.1
    assert (accuracy["0.99 per step"] > accuracy["0.9 per step"]).all()
    tuned = chapter["best_pace"]
    assert tuned["0.9 per step"] < tuned["0.99 per step"] - 0.04, "no first rate makes up for it"
    assert chapter["left"][0.9] < 1e-4


def test_lr8_well_left_of_the_lowest_point_is_good_and_the_lowest_point_is_not(chapter):
    accuracy, below = chapter["after_training"], chapter["below"]
    assert len(chapter["suggested_by"]["lowest"]) >= 5
    assert all(len(values) == 32 for values in accuracy.values())
    assert below["lowest"] >= 5, "the lowest point breaks many"
    assert below["steepest"] >= 3, "the steepest fall of a single test is no guide"
    assert below["a tenth"] == 0
    assert below["mid-fall"] <= 6
    for rule in ("mid-fall", "a tenth"):
        assert np.median(accuracy[rule]) > np.median(accuracy["best of the sweep"]) - 0.04, rule
    assert np.median(accuracy["document, low end"]) < 0.6, "the figure's numbers belong to another network"
    assert chapter["best"] < chapter["suggestions"]["lowest"] < 1.5 * chapter["broken"]


def test_lr9_the_plateau_of_two_weights_is_a_saddle_and_larger_rates_cross_it_sooner(chapter):
    assert chapter["saddle_curvatures"] == pytest.approx([-1, 1], abs=1e-3)
    crossed = chapter["crossed"]
    assert crossed["swinging"] < crossed["low"] / 3
    assert crossed["high"] < crossed["swinging"]


def test_lr9_swinging_crosses_sooner_than_the_low_rate_but_not_than_the_middle_one(chapter):
    epochs = {name: np.array(values) for name, values in chapter["epochs_to_cross"].items()}
    assert len(epochs["low"]) >= 5
    assert (epochs["swinging"] < epochs["low"] / 2).all()
    assert np.median(epochs["middle"]) <= np.median(epochs["swinging"])
    assert np.median(epochs["high"]) <= np.median(epochs["middle"])
    assert chapter["in_order"][0] == "high"
    assert chapter["in_order"][-1] == "low"


def test_lr10_adam_evens_out_the_size_of_gradients(chapter):
    length = chapter["step_length"]
    assert length["adam", 0.001] == pytest.approx(length["adam", 1.0], rel=1e-2)
    assert length["sgd", 0.001] == pytest.approx(length["sgd", 1.0] / 1000)


def test_lr10_a_rate_that_is_too_low_is_not_raised(chapter):
    growth, accuracy = chapter["growth"], chapter["adaptive_accuracy"]
    for optimizer in ("adam", "rmsprop"):
        assert len(growth[optimizer, "too low"]) >= 5
        assert (np.abs(growth[optimizer, "too low"] - 1) < 0.25).all()
        assert (accuracy[optimizer, "too low"] < accuracy[optimizer, "good"] - 0.4).all()
    assert (growth["adam", "good"] < 0.8).all()


def test_the_goal_of_the_exercise_is_reached_by_its_solution_and_missed_by_a_rate_that_is_too_small(chapter):
    accuracy = {
        rate: chapter["trainer"].run(learning_rate=rate, epochs=3, seeds=8).final("val_accuracy")
        for rate in (0.03, chapter["my_rate"])
    }
    assert np.median(accuracy[chapter["my_rate"]]) >= 0.91
    assert np.median(accuracy[0.03]) < 0.89
