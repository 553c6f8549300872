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


def test_in1_a_cnn_is_near_seventy_per_cent_from_a_normal_of_deviation_one_and_far_higher_from_xavier(cnn):
    assert 0.6 < cnn.loc["σ = 1", "median"] < 0.8
    assert cnn.loc["Xavier", "median"] > 0.92
    assert cnn.loc["Xavier", "lowest"] > cnn.loc["σ = 1", "highest"] + 0.1


def test_in1_a_normal_of_deviation_005_is_as_good_as_xavier(cnn):
    assert cnn.loc["σ = 0.05", "median"] > cnn.loc["Xavier", "median"] - 0.03
    assert cnn.loc["σ = 0.05", "lowest"] > cnn.loc["σ = 1", "highest"]


def test_in1_with_a_rate_of_its_own_the_wide_normal_comes_close_to_xavier(chapter):
    wide, xavier = (np.median(chapter["cnn_by_rate"][name], axis=1) for name in ("σ = 1", "Xavier"))
    assert chapter["cnn_by_rate"]["σ = 1"].shape == (len(chapter["cnn_rates"]), 5)
    assert xavier[0] - wide[0] > 0.15
    assert 0 < xavier.max() - wide.max() < 0.08
    assert wide.argmax() > xavier.argmax(), "large weights want larger steps"
    for medians in (wide, xavier):
        assert 0 < medians.argmax() < len(medians) - 1, "the best rate lies inside the grid"


def test_in1_the_first_loss_tells(cnn):
    assert cnn.loc["σ = 1", "first loss"] > 50
    assert cnn.loc[["Xavier", "σ = 0.05"], "first loss"].max() < 4


def test_in2_one_layer_does_better_from_zeros_than_from_a_normal_of_deviation_one(chapter):
    rows = chapter["one_layer"].set_index("epoch", append=True)
    at = {(name, epoch): rows.loc[(name, epoch)] for name in ("zeros", "normal, σ = 1") for epoch in (1, 20)}
    assert at["zeros", 1]["median"] > 0.7
    assert at["normal, σ = 1", 1]["median"] < 0.2
    assert at["zeros", 20]["median"] > 0.82
    assert 0.55 < at["normal, σ = 1", 20]["median"] < 0.8
    for epoch in (1, 20):
        assert at["zeros", epoch]["lowest"] > at["normal, σ = 1", epoch]["highest"]


def test_in2_the_loss_of_one_layer_is_a_bowl_so_that_the_bad_start_catches_up(chapter):
    caught_up = {name: np.median(values) for name, values in chapter["caught_up"].items()}
    assert seeds(chapter["longer"]) >= 5
    assert caught_up["normal, σ = 1"] > chapter["after"]["zeros"][-1] - 0.03
    assert caught_up["normal, σ = 1"] > caught_up["zeros"] - 0.05
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
        assert np.median(large) > np.median(small) + 0.05, "SGD at this rate is slow from small embeddings"
    for scale in (narrow, "± 1.00"):
        assert crossed["Glorot", scale] == pytest.approx(crossed["uniform", scale], abs=0.02)


def test_in3_with_adam_at_a_small_rate_the_small_range_is_the_better_one(chapter):
    adam = chapter["by_width"]["Adam, rate 0.001"]
    assert adam.shape[1] >= 5
    assert (adam[2] > adam[-1] + 0.05).all()
    assert np.median(adam[2]) > np.median(adam[4])


def test_in3_with_rates_that_suit_them_all_ranges_come_to_the_same(chapter):
    for optimizer in ("SGD", "Adam"):
        medians = np.median(chapter["by_width"][f"{optimizer}, best rates"], axis=1)
        assert len(medians) == len(chapter["widths"])
        assert np.ptp(medians) < 0.03


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
    epochs, needed = chapter["deep_epochs"], chapter["needed"]
    assert all(seeds(runs) >= 5 for runs in chapter["deep"].values())
    drawn = chapter["deep_rates"].index(0.03)
    assert epochs["He"][drawn].max() < epochs["Glorot"][drawn].min()
    assert np.median(chapter["deep_accuracy"]["Glorot"][:, -1]) > 0.8
    assert needed["He"].min() + 2 <= needed["Glorot"].min() < np.inf, "each at its best rate"
    for name in ("He", "Glorot"):
        assert 0 < needed[name].argmin() < len(chapter["deep_rates"]) - 1, "the best rate lies inside the grid"
    assert np.isinf(epochs["σ = 0.05"]).all(), "no rate helps"


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
