"""Softmax: the direction of every claim, over at least five seeds, on the variables that the chapter computes."""

import numpy as np
import pytest
import tensorflow as tf

from course_utils.chapters.softmax import calibration
from tests.chapter import run_chapter

NAME = "09_softmax"


@pytest.fixture(scope="module")
def chapter():
    return run_chapter(NAME)


def test_sm1_by_hand_by_tensorflow_and_by_autodiff_are_equal(chapter):
    assert chapter["equal"] == {"probabilities": True, "losses": True, "gradients": True}
    assert chapter["gradient_by_hand"] == pytest.approx(np.asarray(chapter["gradient_by_autodiff"]), abs=1e-6)
    assert np.isnan(chapter["overflown"]).all()
    assert chapter["softmax"](np.array([1002.0, 1001.0, 1000.0])) == pytest.approx(
        chapter["softmax"](chapter["scores"])
    )


def test_sm1_the_first_loss_is_about_ln_k_unless_the_weights_are_too_large(chapter):
    for classes, ordinary, large in zip(chapter["sizes"], *chapter["first"].values()):
        assert -0.1 < ordinary - np.log(classes) < 0.3
        assert large > ordinary
    first_losses = np.array([losses[0] for losses in chapter["thirty"].batch_loss])
    assert len(first_losses) >= 5
    assert (np.abs(first_losses - np.log(10)) < 0.5).all()


def test_sm2_linear_softmax_is_as_good_for_the_same_weights_and_its_probabilities_fit_together(chapter):
    one, ten = chapter["compared"]["linear", "softmax"], chapter["compared"]["linear", "one-vs-all"]
    assert len(one["accuracy"]) == len(ten["accuracy"]) >= 5
    assert one["weights"] == ten["weights"]
    assert one["accuracy"].mean() > ten["accuracy"].mean() - 0.005
    rates = chapter["linear_rates"]
    assert all(rate > rates[0] for rate in chapter["best_rate"].values())
    assert one["single"] > ten["single"] + 0.03
    assert (one["low"], one["high"]) == pytest.approx((1, 1))
    assert ten["low"] < 0.9
    assert ten["high"] > 1.1


def test_sm2_deep_softmax_is_no_more_accurate_and_ten_times_cheaper(chapter):
    kinds = [chapter["compared"]["two hidden layers", name] for name in ("softmax", "one-vs-all")]
    assert kinds[0]["accuracy"].mean() == pytest.approx(kinds[1]["accuracy"].mean(), abs=0.02)
    assert kinds[1]["weights"] > 9 * kinds[0]["weights"]


def test_sm3_the_five_steps_by_hand_are_those_of_keras(chapter):
    assert chapter["far"] < 1e-3
    assert chapter["probabilities"].sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert chapter["keras_accuracy"] > 0.85


def test_sm4_two_levels_need_fewer_weights_and_are_no_more_accurate(chapter):
    needed = chapter["needed"]
    assert needed["one softmax"] == 50 * needed["two levels"]
    assert chapter["saved"][1] == 50
    accuracy = chapter["level_accuracy"]
    assert all(len(values) >= 5 for values in accuracy.values())
    assert np.median(accuracy["linear", "by number"]) < np.median(accuracy["linear", "one softmax"]) - 0.02
    assert np.median(accuracy["linear", "by looks"]) < np.median(accuracy["linear", "one softmax"])
    assert accuracy["linear", "by number"].mean() < accuracy["linear", "by looks"].mean()
    loss = {kind: accuracy[kind, "one softmax"].mean() - accuracy[kind, "by number"].mean() for kind, _ in accuracy}
    assert loss["two hidden layers"] < loss["linear"]
    assert loss["two hidden layers"] > -0.01, "two levels gain nothing"


def test_sm4_the_step_that_is_timed_is_the_gradient_of_both_levels(chapter):
    inputs, targets = chapter["batch"], chapter["targets"]
    group, member = targets // 100, targets % 100
    groups, inside = tf.constant(chapter["groups"]), tf.constant(chapter["inside"])
    with tf.GradientTape() as tape:
        tape.watch([groups, inside])
        logits = inputs @ groups, tf.einsum("ri,rio->ro", inputs, tf.gather(inside, group))
        parts = [tf.nn.sparse_softmax_cross_entropy_with_logits(y, z) for y, z in zip((group, member), logits)]
        loss = tf.reduce_sum(sum(parts))
    wanted = tape.gradient(loss, [groups, inside])
    slope, slopes = chapter["last_layer_in_two"](inputs, chapter["groups"], chapter["inside"], targets)
    inner = np.zeros_like(chapter["inside"])
    np.add.at(inner, group, slopes)
    np.testing.assert_allclose(slope, wanted[0], atol=1e-9)
    np.testing.assert_allclose(inner, tf.convert_to_tensor(wanted[1]), atol=1e-9)


def test_sm5_weights_move_recall_in_the_linear_model_and_the_others_pay(chapter):
    recall, others = chapter["recall_of_8"]["linear, 20 epochs"], chapter["recall_of_others"]["linear, 20 epochs"]
    assert recall.shape[1] >= 5
    assert (recall[-1] > recall[0] + 0.5).all()
    assert (np.diff(recall.mean(axis=1)) > 0).all()
    assert (others[-1] < others[0]).all()


def test_sm5_weights_fade_in_a_deep_network_that_fits_everything(chapter):
    name = "two hidden layers, 40 epochs"
    recall = chapter["recall_of_8"][name]
    assert recall.shape[1] >= 5
    assert abs(np.median(recall[-1]) - np.median(recall[0])) < 0.2
    for weight in chapter["weights"]:
        assert (chapter["weighted"][name, weight].runs.final("accuracy") > 0.99).all()


def test_sm6_ensembles_beat_their_average_member(chapter):
    accuracy, loss = chapter["ensemble_accuracy"], chapter["ensemble_loss"]
    assert len(accuracy[5]) >= 5
    assert chapter["beats_average"] >= 5
    assert chapter["lower_loss"] == 6
    for fewer, more in zip(chapter["members"], chapter["members"][1:]):
        assert loss[more].mean() < loss[fewer].mean()
    assert accuracy[10].std() < accuracy[1].std()


def test_sm6_a_forest_helps_accuracy_as_a_second_network_does_and_harms_the_loss(chapter):
    gains = chapter["gains"]
    assert abs(chapter["forest_accuracy"] - chapter["ensemble_accuracy"][1].mean()) < 0.015, "alone it is no better"
    for gain in gains.values():
        assert len(gain) == 30
        assert gain.mean() > 0
    assert (gains["forest"] > 0).sum() > 3 * (gains["forest"] < 0).sum()
    assert abs(gains["forest"].mean() - gains["second network"].mean()) < 0.004
    alone, with_a_network, with_the_forest = chapter["losses"]
    assert with_a_network < alone < with_the_forest


def test_sm7_regions_show_what_a_linear_model_cannot_do(chapter):
    runs = chapter["spiral_runs"]
    assert all(len(each) >= 5 for each in runs.values())
    assert (runs[0].final("val_accuracy") < 0.75).all()
    assert (runs[2].final("val_accuracy") > 0.9).all()
    assert np.median(chapter["certainty"]) > 0.95, "far from all data it is sure all the same"


def test_sm8_features_serve_the_task_that_needs_them_and_not_the_other(chapter):
    far, close = chapter["moved"].values()
    assert len(far["learned"]) >= 10
    for name in ("random", "pixels", "scratch"):
        assert np.median(far["learned"] - far[name]) < -0.03, name
        assert np.median(close["learned"] - close[name]) > 0.03, name
        assert (close["learned"] > close[name]).sum() >= 8, name


def test_sm9_sure_answers_are_right_more_often(chapter):
    for row in chapter["quality"].values():
        assert len(row["accuracy"]) >= 8
        assert (row["right of those"] > row["accuracy"]).all()
        assert (row["answered"] < 1).all()
    claims_too_much = [np.median(row["confidence"] - row["accuracy"]) for row in chapter["quality"].values()]
    assert claims_too_much[0] < -0.05
    assert claims_too_much[-1] > 0.015
    assert (np.diff(claims_too_much) > 0).all(), "the longer it trains, the surer it is"


def test_sm9_a_temperature_repairs_calibration_and_changes_no_answer(chapter):
    rows = list(chapter["calibrated"].values())
    assert (np.diff([np.median(row["temperature"]) for row in rows]) > 0).all()
    assert np.median(rows[0]["temperature"]) < 0.9
    assert np.median(rows[-1]["temperature"]) > 1.2
    for row in (rows[0], rows[-1]):
        assert np.median(row["after"] - row["before"]) < 0
    logits = chapter["logits_of"]["200 epochs"]
    cooled = chapter["predictions"].softmax(logits, 3)
    np.testing.assert_array_equal(cooled.argmax(axis=-1), logits.argmax(axis=-1))
    ninety_nine = [calibration.answered(cooled, chapter["truth"], np.array([t]))[1][0] for t in (0, 0.9)]
    assert ninety_nine[0] < ninety_nine[1]
