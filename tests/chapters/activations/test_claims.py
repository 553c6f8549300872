"""Activations: the direction of every claim, over at least five seeds, on what the chapter computes."""

import numpy as np
import pytest

from tests.chapter import run_chapter

NAME = "06_activations"


@pytest.fixture(scope="module")
def chapter():
    return run_chapter(NAME)


def seeds(runs):
    return len({setting["seed"] for setting in runs.settings})


def test_ac1_slopes_by_hand_are_those_of_keras(chapter):
    assert all(chapter["slopes_equal"].values())
    assert len(chapter["slopes_equal"]) == 4


def test_ac1_sigmoid_and_tanh_saturate_with_large_weights_and_relu_does_not_change(chapter):
    found = chapter["measured"]
    assert all(len(one.flat) >= 5 for one in found.values())
    for name in ("sigmoid", "tanh"):
        assert found[name, 1.0].flat.max() < 0.05
        assert (found[name, 16.0].flat.mean(axis=1) > 0.5).all()
    for scale in (0.5, 16.0):
        assert np.median(found["relu", scale].flat) == pytest.approx(0.5, abs=0.1)
        assert found["leaky_relu", scale].flat.max() == 0


def test_ac1_small_weights_do_not_save_the_gradient_of_the_sigmoid(chapter):
    left = {key: one.gradient_growth for key, one in chapter["measured"].items()}
    assert left["sigmoid", 0.5] < left["sigmoid", 1.0] < 1e-4
    assert left["sigmoid", 4.0] > 1000 * left["sigmoid", 1.0]
    assert left["tanh", 1.0] > 0.1


def test_ac1_large_steps_kill_relu_units_and_no_leaky_ones(chapter):
    dead, accuracy = chapter["dead"], chapter["dead_accuracy"]
    assert dead.shape[1] >= 5
    assert (dead[-1] > 0.5).all()
    assert (dead[1] < 0.15).all()
    assert len(chapter["leaky_dead"]) >= 5
    assert max(chapter["leaky_dead"]) == 0
    for name in ("relu", "leaky_relu"):
        assert (accuracy[name][1] > 0.85).all()
        assert np.median(accuracy[name][-1]) < 0.3, "being alive is not enough"


def test_ac1_the_rules_decide_the_race_and_the_sigmoid_is_always_last(chapter):
    small, raw, own = chapter["epochs_needed"].values()
    assert all(len(epochs) >= 5 for epochs in small.values())
    for name in ("relu", "leaky_relu"):
        assert np.median(small["tanh"]) + 2 < np.median(small[name])
        assert np.median(raw[name]) + 2 < np.median(raw["tanh"])
        assert abs(np.median(own[name]) - np.median(own["tanh"])) <= 1
    for name in ("tanh", "relu", "leaky_relu"):
        assert np.median(own[name]) < own["sigmoid"].min()
    for rules in ("same rate 0.01", "same rate 0.003, raw"):
        last = {name: chapter["races"][rules].select(activation=name).final("val_accuracy") for name in small}
        for name in ("tanh", "relu", "leaky_relu"):
            assert last["sigmoid"].max() < last[name].min() - 0.3


def test_ac1_each_gets_the_best_rate_of_a_grid_that_reaches_beyond_it(chapter):
    for name, knobs in chapter["own"].items():
        assert min(chapter["tried_rates"]) < knobs["learning_rate"] < max(chapter["tried_rates"]), name
    assert max(chapter["own"], key=lambda name: chapter["own"][name]["learning_rate"]) == "sigmoid"


def test_ac2_softmax_of_free_sums_is_right_for_several_classes(chapter):
    loss, accuracy = chapter["class_loss"], chapter["class_accuracy"]
    assert all(len(values) >= 5 for values in (*loss.values(), *accuracy.values()))
    assert chapter["floor"] == pytest.approx(1.4608, abs=1e-3)
    assert (loss["linear"] < 0.3).all()
    assert (loss["sigmoid"] > chapter["floor"]).all()
    assert (accuracy["softmax"] > 0.9).all()
    medians = {name: np.median(values) for name, values in accuracy.items()}
    assert abs(medians["sigmoid, then softmax"] - medians["softmax"]) < 0.04, "accuracy alone does not show it"
    assert accuracy["a rounded number"].max() < accuracy["softmax"].min() - 0.2
    for head, rates in chapter["head_rates"].items():
        (best,) = chapter["ten"][head].values("learning_rate")
        assert min(rates) < best < max(rates)


def test_ac2_sigmoid_is_right_for_two_classes_and_softmax_of_one_number_learns_nothing(chapter):
    accuracy = chapter["two_accuracy"]
    assert chapter["softmax_is_sigmoid"]
    assert chapter["alone"] == pytest.approx([1, 1, 1])
    assert all(seeds(runs) >= 5 for runs in chapter["two"].values())
    assert (accuracy["one sigmoid"] > 0.8).all()
    assert (accuracy["softmax of one"] < 0.65).all()


def test_ac2_linear_is_right_for_a_regression_and_a_sigmoid_has_the_wrong_range(chapter):
    left = {key: np.median(values) for key, values in chapter["unexplained"].items()}
    assert all(len(values) >= 5 for values in chapter["unexplained"].values())
    assert left["linear", "deviation 1"] < left["sigmoid", "deviation 1"] - 0.1
    assert left["sigmoid", "0 … 1"] < left["linear", "0 … 1"]
    assert left["sigmoid", "0 … 1"] < left["linear", "deviation 1"] + 0.05


def test_ac3_layers_without_activation_fold_into_one_and_separate_only_along_a_line(chapter):
    accuracy = chapter["plane_accuracy"]
    assert chapter["one_layer_is_the_same"]
    assert all(seeds(runs) >= 5 for runs in chapter["plane_runs"].values())
    assert np.median(accuracy["ring", "linear"]) < 0.6
    for name in ("relu", "tanh"):
        assert (accuracy["ring", name] > 0.9).all()
        assert np.median(accuracy["moons", name]) > np.median(accuracy["moons", "linear"]) + 0.02
        assert np.median(accuracy["spirals", name]) > 0.9 > np.median(accuracy["spirals", "linear"])


def test_ac4_tanh_remembers_at_every_rate_and_relu_only_from_the_identity_at_small_ones(chapter):
    remembered = chapter["remembered"]
    assert remembered["tanh"].shape[1] >= 5
    assert (np.median(remembered["tanh"], axis=1) > 0.9).all()
    assert (np.median(remembered["ReLU"], axis=1) < 0.7).all()
    identity = np.median(remembered["ReLU, identity"], axis=1)
    assert identity[0] > 0.9
    assert identity[-1] < 0.9
    assert chapter["after_20"]["relu", 1.5] > 1000
    assert chapter["after_20"]["tanh", 1.5] < 1
