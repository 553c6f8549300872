"""The mini-batch: the direction of every claim, over at least five seeds, on what the chapter computes."""

import numpy as np
import pytest

from tests.chapter import run_chapter

NAME = "03_mini_batch"


@pytest.fixture(scope="module")
def chapter():
    return run_chapter(NAME)


def test_mb1_one_row_or_all_or_between_is_one_knob(chapter):
    assert chapter["same"] == {1: True, 32: True, 512: True}
    moved = {size: np.linalg.norm(weights) for size, weights in chapter["by_hand"].items()}
    assert moved[1] > moved[32] > moved[512]


def test_mb1_the_recommended_sizes_are_near_the_fastest(chapter):
    spent = dict(zip(chapter["race_sizes"], chapter["cost"]["time"]))
    scaled = dict(zip(chapter["race_sizes"], chapter["scaled_cost"]["time"]))
    for size in (16, 64):
        assert spent[size] < 2 * min(spent.values())
    for size in (64, 256):
        assert scaled[size] < 2 * min(scaled.values())
    assert spent[1] > 2 * min(spent.values())
    assert scaled[1] > 2 * min(scaled.values())


def test_mb2_the_variance_goes_with_one_over_the_batch_size(chapter):
    assert chapter["rows_agree"]
    for size, values in chapter["shrunk"].items():
        assert len(values) >= 5
        assert values == pytest.approx([chapter["by_formula"][size]] * len(values), rel=0.25, abs=1e-6), size


def test_mb2_a_larger_batch_points_more_truly(chapter):
    angles = np.array([chapter["angles"][size] for size in chapter["sizes"]])
    assert angles.shape[1] >= 5
    assert (np.diff(angles, axis=0) < 0).all()
    assert (angles[0] > 70).all()
    assert (angles[-1] < 1).all()


def test_mb3_noise_leads_to_the_deepest_valley_at_the_right_rate_only(chapter):
    sizes, shares = chapter["walker_sizes"], chapter["in_deepest"]
    assert shares[0.3].shape[1] >= 5
    at = {size: index for index, size in enumerate(sizes)}
    assert (shares[0.3][at[2]] > shares[0.3][at[128]] + 0.3).all()
    assert (np.abs(shares[0.03] - shares[0.03][at[128]]) < 0.15).all()
    assert (shares[1.0][at[1]] < shares[1.0][at[128]]).all()


def test_mb3_large_batches_do_worse_only_if_rate_and_length_are_not_their_own(chapter):
    loss = chapter["held_out_loss"]
    assert all(values.shape[1] >= 5 for values in loss.values())
    same, own, end = (loss[name] for name in ("same rate, 20 epochs", "own rate, 20 epochs", "own rate, to the end"))
    assert (same[-1] > 10 * np.median(same[0])).all()
    assert np.median(own[-1]) < np.median(same[-1]) / 2
    assert (own[-1] > 2 * np.median(own[0])).all()
    assert np.median(own[2]) < 1.5 * np.median(own[0]), "64 is level with 4"
    medians = np.median(end, axis=1)
    assert medians[-1] < 1.3 * medians.min()
    assert medians[-1] < end[0].max(), "the difference is lost among the networks of one batch size"
    assert chapter["epochs_taken"][256] > 3 * chapter["epochs_taken"][4]


def test_mb3_the_best_rate_of_each_batch_size_is_not_at_an_end_of_those_tried(chapter):
    tried, own = chapter["tried_rates"], chapter["own_rates"]
    assert list(own) == chapter["protocol_sizes"]
    assert all(tried[0] < rate < tried[-1] for rate in own.values())
    assert own[4] < own[64]


def test_mb4_larger_batches_take_fewer_steps_and_more_memory(chapter):
    assert chapter["steps"] == {1: 512, 16: 32, 64: 8, 512: 1}
    assert chapter["epoch_seconds"].keys() == chapter["steps"].keys()
    measured = chapter["measured_bytes"]
    assert measured[20000] / measured[5000] == pytest.approx(4, rel=0.1)


def test_mb5_the_ranking_turns_round_with_the_watch(chapter):
    raced, sizes = chapter["raced"], chapter["race_sizes"]
    epochs, steps = raced.cost("epochs"), raced.cost("steps")
    assert epochs.shape[1] >= 5
    assert np.isfinite(epochs).all()
    for seed in range(epochs.shape[1]):
        assert (np.diff(epochs[1:, seed]) > 0).all(), "larger batches need more epochs"
        assert steps[0, seed] > steps[1:, seed].max(), "and a single row at a time takes the most steps"
    assert chapter["ranking"]["epochs"] == sizes
    assert chapter["ranking"]["steps"][2:] == sizes[2::-1]
    assert sorted(chapter["ranking"]["steps"][:2]) == sizes[3:], "64 and 256 are level"
    assert chapter["ranking"]["time"][0] not in (sizes[0], sizes[-1])


def test_mb5_the_steps_of_a_large_batch_pay_when_they_are_longer(chapter):
    same, scaled = (dict(zip(chapter["race_sizes"], chapter[name]["steps"])) for name in ("cost", "scaled_cost"))
    assert same[64] > 0.75 * same[16]
    assert same[256] > 0.85 * same[64]
    assert scaled[64] < 0.35 * scaled[16]
    epochs = chapter["raced_scaled"].typical("epochs")
    assert epochs[:4] == pytest.approx([epochs[2]] * 4, rel=0.15), "an epoch is worth the same up to batch 64"


def test_mb6_accuracy_falls_at_a_fixed_rate_and_hardly_with_a_scaled_one(chapter):
    scaled = chapter["scaled"].set_index(["rule", "batch size"])
    assert scaled.highest["fixed", 64] < scaled.lowest["fixed", 16]
    assert scaled.highest["fixed", 256] < scaled.lowest["fixed", 64]
    assert scaled.accuracy["linear", 64] > scaled.accuracy["linear", 16] - 0.02
    for size in (64, 256):
        assert scaled.lowest["linear", size] > scaled.highest["fixed", size]
        between = scaled.accuracy["square root", size]
        assert scaled.accuracy["fixed", size] < between < scaled.accuracy["linear", size]
    assert scaled.accuracy["linear", 256] < scaled.accuracy["linear", 64]
    assert scaled.lowest["linear", 256] < scaled.lowest["linear", 64] - 0.05, "the scaled rate nears the cliff"


def test_mb6_from_the_best_rate_no_rule_beats_the_fixed_rate(chapter):
    best = chapter["scaled_best"].set_index(["rule", "batch size"])
    assert best.highest["linear", 64] < best.lowest["fixed", 64]
    for rule in ("linear", "square root"):
        assert best.highest[rule, 256] < best.lowest["fixed", 256]
    assert best.lowest["linear", 4] > best.lowest["fixed", 4]


def test_mb7_the_estimate_is_near_what_is_used_and_too_much_is_refused_first(chapter):
    for size, used in chapter["measured_bytes"].items():
        assert chapter["estimated"][size] == pytest.approx(used, rel=0.25), size
    plans = chapter["plans"]
    assert plans[16].fits
    assert not plans[256].fits
    assert f"choose at most {plans[256].largest_batch}" in chapter["refused"]
