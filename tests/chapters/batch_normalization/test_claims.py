"""Batch normalisation: the direction of every claim, over at least five seeds, on what the chapter computes."""

import numpy as np
import pytest

from tests.chapter import run_chapter

NAME = "07_batch_normalization"


@pytest.fixture(scope="module")
def chapter():
    return run_chapter(NAME)


def seeds(runs):
    return len({setting["seed"] for setting in runs.settings})


def middle(values):
    return np.median(values, axis=-1)


def test_bn1_by_hand_and_by_keras_are_the_same(chapter):
    assert chapter["same_forward"]
    out = chapter["by_hand"]
    assert out.mean(axis=0) == pytest.approx([0, 0, 5], abs=1e-6)
    assert out.std(axis=0)[:2] == pytest.approx([1, 1], abs=1e-3)


def test_bn1_two_rows_become_plus_and_minus_one_and_one_row_nothing(chapter):
    assert np.abs(chapter["two_rows"]) == pytest.approx(np.ones((2, 3)), abs=1e-3)
    assert not chapter["one_row"].any()


def test_bn2_running_averages_by_hand_and_by_keras_are_the_same(chapter):
    assert chapter["same_running"]
    assert np.abs(chapter["running_mean"]).max() > 0.2
    assert chapter["left"][0.99][0] == pytest.approx(0.99**18)


def test_bn2_a_single_picture_is_wiped_out_in_training_mode_only(chapter):
    assert np.ptp(chapter["alone"]) == 0
    assert np.ptp(chapter["inference"]) > 1
    assert chapter["jitter"] > 0.05


def test_bn2_a_slow_average_changes_validation_and_not_training(chapter):
    fast, slow = chapter["settled"][0.9], chapter["settled"][0.99]
    assert seeds(chapter["settling"]) >= 5
    np.testing.assert_allclose(fast["loss"], slow["loss"], rtol=1e-2)
    assert (slow["val_accuracy"][:, 1] < fast["val_accuracy"][:, 1] - 0.05).all()
    assert (slow["val_accuracy"][:, 1] < slow["accuracy"][:, 1] - 0.05).all()
    assert abs(np.median(slow["val_accuracy"][:, -1]) - np.median(fast["val_accuracy"][:, -1])) < 0.1


def test_bn3_first_weights_may_be_wrong_by_far_more(chapter):
    assert seeds(chapter["by_scale"]) >= 5
    (low, high), (low_with, high_with) = chapter["scale_range"]["without"], chapter["scale_range"]["with"]
    assert high / low <= 3
    assert high_with / low_with >= 100 * 0.99
    accuracy = chapter["scale_accuracy"]
    for scale in (0.03, 0.1, 0.3):
        at = chapter["scales"].index(scale)
        assert (accuracy["with"][at] > accuracy["without"][at] + 0.5).all()


def test_bn3_a_rate_for_each_start_does_not_close_the_gap(chapter):
    without, with_it = chapter["tuned_accuracy"]["without"], chapter["tuned_accuracy"]["with"]
    assert without[1.0] > 0.85
    assert max(without[scale] for scale in (0.01, 0.3, 10.0)) < 0.3
    assert min(with_it.values()) > 0.8


def test_bn3_it_is_not_immune(chapter):
    accuracy = chapter["scale_accuracy"]["with"]
    best = middle(accuracy).max()
    assert middle(accuracy)[-1] < best - 0.1
    assert middle(accuracy)[0] < best - 0.1


def test_bn4_rates_may_be_higher(chapter):
    assert seeds(chapter["by_rate"]) >= 5
    assert chapter["rate_range"]["with"][1] >= 4 * chapter["rate_range"]["without"][1]
    at = chapter["rates"].index(1.0)
    assert (chapter["rate_accuracy"]["with"][at] > chapter["rate_accuracy"]["without"][at] + 0.5).all()


def test_bn4_training_is_faster_at_the_same_rate_and_each_at_its_best(chapter):
    same, best = chapter["same_rate"], chapter["fastest"]
    assert (same["with"] * 2 < same["without"]).all()
    assert np.max(best["with"]) < np.min(best["without"])
    assert chapter["faster"] > 2


def test_bn5_the_scale_of_the_weights_does_not_make_gradients_vanish_or_explode(chapter):
    growth = chapter["growth"]
    assert all(len(size) >= 5 for size in chapter["sizes"].values())
    assert growth["without", 0.5] < 1e-3
    assert growth["without", 2.0] > 1e3
    with_it = [growth["with", scale] for scale in (0.5, 1.0, 2.0)]
    assert max(with_it) / min(with_it) < 3


def test_bn5_with_it_gradients_grow_with_depth_at_any_scale(chapter):
    for scale in (0.5, 1.0, 2.0):
        size = chapter["sizes"]["with", scale]
        assert (size[:, 0] > 3 * size[:, -1]).all()


def test_bn6_small_batches_leave_a_smaller_gap(chapter):
    gap, fit = (chapter["differences"][name] for name in ("held-out gap", "loss of the rows it has seen"))
    assert seeds(chapter["noise_runs"]) == len(gap) == 32
    assert (gap < 0).sum() >= 20
    assert np.median(gap) < 0
    assert (fit > 0).sum() >= 28, "because the training rows are fitted less well"
    seen = np.median(chapter["known_loss"], axis=1)
    assert (seen < 0.1).all(), "a gap counts only where the training rows are learned"


def test_bn6_new_rows_are_read_no_better(chapter):
    new, gap = chapter["differences"]["loss of new rows"], chapter["differences"]["held-out gap"]
    error = new.std() / np.sqrt(len(new))
    assert error < 0.02, "a small difference could be seen"
    assert new.mean() > -2 * error
    assert new.mean() > gap.mean()


def test_bn6_no_less_l2_is_needed_but_more_is_tolerated(chapter):
    loss, strengths = {name: middle(values) for name, values in chapter["decay_loss"].items()}, chapter["strengths"]
    assert seeds(chapter["decayed"]) >= 16
    small = [strengths.index(strength) for strength in (0.0003, 0.001, 0.003)]
    for name, values in loss.items():
        assert abs(values[small].min() - values[0]) < 0.02, "a little L2 does no harm and little good"
        assert chapter["gained"][name] < 0.04
    assert chapter["tolerated"] == {"without": False, "with": True}
    strong = strengths.index(0.03)
    assert (chapter["decay_loss"]["with"][strong] < chapter["decay_loss"]["without"][strong]).sum() >= 14


def test_bn7_after_is_ahead_at_first_and_alike_at_the_end_and_first_costs_little(chapter):
    loss = chapter["placed_loss"]
    assert np.median(loss[5, 0.1, "after"] / loss[5, 0.1, "before"]) < 1
    assert 0.8 < np.median(loss[20, 0.1, "after"] / loss[20, 0.1, "before"]) < 1.3
    assert 0.9 < np.median(loss[20, 0.1, "before + first"] / loss[20, 0.1, "before"]) < 1.3
    assert (loss[5, 0.1, "none"] > loss[5, 0.1, "before"]).all()


def test_bn8_on_the_last_layer_it_lowers_confidence_and_raises_the_loss(chapter):
    loss = chapter["placed_loss"]
    assert (loss[5, 0.1, "before + last"] > loss[5, 0.1, "before"]).sum() >= 20
    assert np.median(loss[20, 0.1, "before + last"] / loss[20, 0.1, "before"]) > 1
    assert chapter["less_sure"] >= 20
    assert chapter["as_good"]


def test_bn8_and_at_a_high_rate_it_is_the_best_place(chapter):
    loss = chapter["placed_loss"]
    for place in ("none", "before", "after"):
        assert (loss[20, 4.0, "before + last"] < loss[20, 4.0, place]).all(), place
    last = chapter["placed"][20, 4.0].select(places="before + last")
    assert seeds(last) >= 5
    assert np.median(last.final("val_accuracy")) > 0.9


def test_bn9_half_is_too_much_and_a_little_helps_only_without(chapter):
    published = chapter["theirs"].set_index("dropout").accuracy
    assert published[0.2] > published[0] > published[0.5]
    for loss in chapter["dropout_loss"].values():
        assert loss.shape == (len(chapter["dropout_rates"]), 16)
        assert middle(loss)[-1] > middle(loss)[0], "half is worse than none"
    assert min(chapter["less_is_better"].values()) >= 13
    assert chapter["some_is_better"]["without"] >= 11
    assert chapter["some_is_better"]["with"] < chapter["some_is_better"]["without"]


def test_bn10_two_rows_are_too_few_at_any_rate_and_eight_are_enough(chapter):
    accuracy = chapter["batch_accuracy"]
    assert (accuracy["with"][0] < 0.5).all()
    assert np.median(accuracy["without"][0]) > np.median(accuracy["with"][0]) + 0.3
    assert (accuracy["with"][1] > 0.9).all()
    assert all(np.median(rescued) < 0.6 for rescued in chapter["rescued"].values())


def test_bn10_at_256_it_is_further_than_the_plain_network(chapter):
    accuracy = chapter["batch_accuracy"]
    assert (accuracy["with"][-1] > accuracy["without"][-1]).all()


def test_bn11_gamma_and_beta_move_with_the_weights_and_averages_in_the_forward_pass(chapter):
    assert chapter["moved_forward"] == ["moving_mean", "moving_variance"]
    assert chapter["moved_backward"] == []
    assert {"gamma", "beta", "kernel"} <= set(chapter["moved_by_update"])
    assert not {"moving_mean", "moving_variance"} & set(chapter["moved_by_update"])
    assert not chapter["order_matters"]


def test_bn12_shaken_networks_train_as_well_as_plain_ones(chapter):
    shaken, plain = chapter["shaken_accuracy"], chapter["plain_accuracy"]
    assert seeds(chapter["shaken_runs"]) >= 5
    assert max(chapter["natural_shift"]) < 0.5, "the noise is a larger shift than a plain network knows"
    assert np.median(shaken[0.5][:, -1]) > np.median(plain[:, -1]) - 0.03
    assert (shaken[0.2][:, 9] > plain[:, 9]).sum() >= 20
    assert np.median(shaken[0.8][:, -1]) < np.median(shaken[0.5][:, -1]) - 0.1, "noise that is too strong does harm"


def test_bn12_one_gradient_leads_deeper(chapter):
    deepest = chapter["deepest"]
    assert len(deepest["with"]) >= 5
    assert min(deepest["with"]) > 3 * max(deepest["without"])


def test_rb1_deep_networks_train_with_shortcuts_only(chapter):
    assert seeds(chapter["climbed"]) >= 5
    last = {key: accuracy[:, -1] for key, accuracy in chapter["climbing"].items()}
    assert (last[16, "residual"] > last[16, "plain"] + 0.1).sum() >= 6
    rates = chapter["ladder_rates"]
    assert all(rates[0] < rate < rates[-1] for rate in chapter["best_rate"].values()), "the best rate is inside"
    assert np.median(last[16, "residual"]) > 0.8
    assert np.median(last[16, "plain"]) < 0.8
    assert np.median(last[2, "plain"]) > 0.85, "shallow plain networks learn"
