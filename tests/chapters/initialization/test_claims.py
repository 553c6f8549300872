"""Initialisation: the direction of every claim, over at least five seeds, on what the chapter computes."""

import dis
import inspect

import numpy as np
import pytest

from course_utils.chapters.signal_propagation import fate
from tests.chapter import run_chapter

NAME = "05_initialization"


@pytest.fixture(scope="module")
def chapter():
    return run_chapter(NAME)


def seeds(runs):
    return len({setting["seed"] for setting in runs.settings})


@pytest.fixture(scope="module")
def cnn(chapter):
    """The last row of every start; its lowest and highest are those of five seeds."""
    return chapter["cnn"].groupby("start").last()


def test_the_stories_have_five_seeds_and_need_only_the_imports_before_them(chapter):
    for name in ("one_layer_story", "cnn_story"):
        story = chapter[name]
        assert inspect.signature(story).parameters["seeds"].default >= 5
        used = {step.argval for step in dis.get_instructions(story) if step.opname == "LOAD_GLOBAL"}
        assert used & chapter.keys() <= {"np", "Trainer", "models", "initializers"}


def test_in1_a_cnn_gets_stuck_near_seventy_per_cent_from_a_normal_of_deviation_one(cnn):
    assert cnn.loc["Xavier", "lowest"] > 0.95
    assert 0.5 < cnn.loc["σ = 1", "lowest"] < cnn.loc["σ = 1", "highest"] < 0.85


def test_in1_a_normal_of_deviation_005_is_as_good_as_xavier(cnn):
    assert cnn.loc["σ = 0.05", "median"] > cnn.loc["Xavier", "median"] - 0.03
    assert cnn.loc["σ = 0.05", "lowest"] > cnn.loc["σ = 1", "highest"]


def test_in1_the_first_loss_tells(cnn):
    assert cnn.loc["σ = 1", "first loss"] > 50
    assert cnn.loc[["Xavier", "σ = 0.05"], "first loss"].max() < 4


def test_in2_one_layer_does_better_from_zeros_than_from_a_normal_of_deviation_one(chapter):
    rows = chapter["one_layer"].set_index("epoch", append=True)
    at = {(name, epoch): rows.loc[(name, epoch)] for name in ("zeros", "normal, σ = 1") for epoch in (1, 20)}
    assert at["zeros", 1]["lowest"] > 0.7
    assert at["normal, σ = 1", 1]["highest"] < 0.25
    assert at["zeros", 20]["lowest"] > 0.9
    assert 0.5 < at["normal, σ = 1", 20]["lowest"] < at["normal, σ = 1", 20]["highest"] < 0.8


def test_in2_the_loss_of_one_layer_is_a_bowl_so_that_the_bad_start_catches_up(chapter):
    assert seeds(chapter["longer"]) >= 5
    assert np.median(chapter["caught_up"]) > 0.9
    assert chapter["different_columns"] == 10


def test_in2_with_a_hidden_layer_equal_weights_stay_equal_and_zeros_learn_nothing(chapter):
    hidden, differ = chapter["hidden"], chapter["units_that_differ"]
    assert all(seeds(runs) >= 5 for runs in hidden.values())
    assert (hidden["zeros"].final("val_accuracy") < 0.2).all()
    assert (hidden["random"].final("val_accuracy") > 0.9).all()
    assert (hidden["all 0.05"].final("val_accuracy") < 0.5).all()
    assert differ == {"zeros": 1, "all 0.05": 1, "random": 64}


def test_in3_the_scale_of_an_embedding_decides_and_not_the_name(chapter):
    crossed, narrow = chapter["crossed"], chapter["narrow_name"]
    for name in ("Glorot", "uniform"):
        small, large = crossed[name, narrow], crossed[name, "± 1.00"]
        assert len(small) >= 5
        assert (large > small + 0.03).all(), "SGD at this rate is slow from small embeddings"
    for scale in (narrow, "± 1.00"):
        assert crossed["Glorot", scale] == pytest.approx(crossed["uniform", scale], abs=0.02)


def test_in3_with_adam_the_small_range_is_the_better_one(chapter):
    adam = chapter["by_width"]["Adam"]
    assert adam.shape[1] >= 5
    assert (adam[2] > adam[-1] + 0.05).all()
    assert np.median(adam[2]) > np.median(adam[4])


def test_in4_each_layer_multiplies_by_the_factor_of_the_formula(chapter):
    for formula, measured in chapter["factors"].values():
        assert measured == pytest.approx(formula, rel=0.05)
    assert chapter["factors"][chapter["he_sigma"]][0] == pytest.approx(1)


def test_in4_the_formulas_by_hand_draw_the_weights_of_keras(chapter):
    assert chapter["glorot_same"]
    assert chapter["he_same"]


def test_in4_glorot_keeps_tanh_he_keeps_relu_and_a_fixed_deviation_keeps_neither(chapter):
    found = chapter["measured_signals"]
    fates = {key: {fate(one.growth), fate(one.gradient_growth)} for key, one in found.items()}
    assert all(len(one.outputs) >= 5 for one in found.values())
    assert fates["He", "relu"] == fates["Glorot", "tanh"] == {"kept"}
    assert fates["Glorot", "relu"] == {"vanishes"}
    for name in ("σ = 0.05", "σ = 1"):
        for activation in ("relu", "tanh"):
            assert fates[name, activation] != {"kept"}


def test_in4_ten_layers_start_at_once_with_he_later_with_glorot_and_never_with_a_small_deviation(chapter):
    accuracy = chapter["deep_accuracy"]
    assert all(seeds(runs) >= 5 for runs in chapter["deep"].values())
    assert (accuracy["He"][:, 4] > accuracy["Glorot"][:, 4] + 0.2).all()
    assert (accuracy["Glorot"][:, -1] > 0.6).all()
    assert (accuracy["σ = 0.05"] < 0.2).all()


def test_in4_the_right_scale_rescues_any_name_and_two_layers_forgive_more_than_ten(chapter):
    two, ten = chapter["rescaled"].values()
    assert two.shape[1] >= 5
    at_he = int(np.argmin(np.abs(0.05 * chapter["scales"] - np.sqrt(2 / 64))))
    assert (ten[at_he] > 0.6).all()
    learns = [(np.median(values, axis=1) > 0.6).sum() for values in (two, ten)]
    assert learns[0] > learns[1]


def test_in5_every_initialiser_has_the_deviation_of_its_formula(chapter):
    assert all(len(drawn) >= 5 for drawn in chapter["drawn_deviations"].values())
    assert len(chapter["formulas"]) >= 10
    assert chapter["formulas_hold"]
