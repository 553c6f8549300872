"""Runs: what they say about members, epochs and knobs, from arrays that are known."""

from dataclasses import replace

import numpy as np
import pytest

from course_utils.training import Runs


@pytest.fixture
def runs():
    """Four members: two learning rates, two seeds, three of five epochs."""
    curve = np.arange(12.0).reshape(4, 3)
    return Runs(
        settings=[{"learning_rate": rate, "seed": seed} for rate in (0.1, 1.0) for seed in (0, 1)],
        history={"loss": curve, "val_loss": curve + 0.5},
        epochs=5,
        diverged_at=np.array([0, 0, 0, 7]),
        batch_loss=[np.full(6, member) for member in range(4)],
        learning_rates=[np.full(6, 0.1 * member) for member in range(4)],
        steps_per_epoch=[2, 2, 2, 2],
        _model=lambda member, _: f"model {member}",
    )


def test_size_and_progress(runs):
    assert (len(runs), runs.epochs_done, runs.progress < 1) == (4, 3, True)
    assert repr(runs) == f"Runs(4 networks · {runs.summary()})"


def test_runs_in_their_first_epoch_are_neither_started_nor_compiling(runs):
    begun = Runs(runs.settings, {"loss": np.empty((4, 0))}, 5, runs.diverged_at, [np.ones(3)] * 4, [], [])
    assert begun.progress == 0


def test_final_is_the_last_value_of_every_member(runs):
    np.testing.assert_array_equal(runs.final("loss"), [2, 5, 8, 11])
    np.testing.assert_array_equal(runs.final("val_loss"), [2.5, 5.5, 8.5, 11.5])


def sweep(members):
    """Runs of members that are given by their settings; their last values are 0, 1, 2, ..."""
    last = np.arange(len(members), dtype="float32")
    return Runs(members, {"val_loss": np.stack([last + 100, last], axis=1)}, 2, 0 * last, *[[last] * len(last)] * 3)


def test_values_come_by_knob_and_seed_in_the_order_given(runs):
    np.testing.assert_array_equal(runs.by("learning_rate", "loss"), [[2, 5], [8, 11]])
    mixed = sweep(
        [{"rate": rate, "seed": seed} for seed, rate in [(7, 0.3), (7, 0.1), (2, 0.1), (2, 0.3), (5, 0.1), (5, 0.3)]]
    )
    np.testing.assert_array_equal(mixed.by("rate", "val_loss"), [[0, 3, 5], [1, 2, 4]])
    assert mixed.by("rate", "val_loss").dtype == "float32"


def test_of_two_knobs_one_is_chosen_first():
    both = sweep([{"rate": rate, "l2": l2, "seed": seed} for rate in (1, 2) for l2 in (3, 4) for seed in (0, 1)])
    with pytest.raises(ValueError, match=r"knob='rate' cannot be used while l2 differs too.*runs.select\(l2=3\)"):
        both.by("rate", "val_loss")
    np.testing.assert_array_equal(both.select(l2=4).by("rate", "val_loss"), [[2, 3], [6, 7]])


def test_knobs_that_only_one_optimizer_has_come_with_it():
    sgd, adam = {"optimizer": "sgd", "momentum": 0.9}, {"optimizer": "adam", "epsilon": 1e-7}
    np.testing.assert_array_equal(
        sweep([{**sgd, "seed": 0}, {**adam, "seed": 0}]).by("optimizer", "val_loss"), [[0], [1]]
    )


@pytest.mark.parametrize("members", [[0, 1, 2], [0, 1, 2, 2], [0, 1, 2, 3, 3]])
def test_a_table_with_holes_or_twins_is_refused(runs, members):
    with pytest.raises(ValueError, match=r"knob='learning_rate' cannot be used: .* 2 values .* 2 seeds, or use final"):
        runs.take(members).by("learning_rate", "loss")


def test_values_come_in_the_order_given_and_once(runs):
    assert runs.values("learning_rate") == [0.1, 1.0]


def test_select_picks_the_members_and_everything_of_theirs(runs):
    fast = runs.select(learning_rate=1.0)
    assert [setting["seed"] for setting in fast.settings] == [0, 1]
    np.testing.assert_array_equal(fast.history["loss"], [[6, 7, 8], [9, 10, 11]])
    np.testing.assert_array_equal(fast.diverged_at, [0, 7])
    assert [losses[0] for losses in fast.batch_loss] == [2, 3]
    assert [rates[0] for rates in fast.learning_rates] == pytest.approx([0.2, 0.3])
    assert fast.steps_per_epoch == [2, 2]
    assert fast.update_norm is None


def test_models_follow_the_members_through_selections(runs):
    assert runs.model(1) == "model 1"
    assert runs.select(learning_rate=1.0).select(seed=1).model() == "model 3"
    assert runs.take([3, 0]).model(1) == "model 0"


def test_the_table_has_a_row_for_every_epoch_of_every_member(runs):
    table = runs.to_frame()
    assert list(table.columns) == ["member", "learning_rate", "seed", "diverged_at", "epoch", "loss", "val_loss"]
    assert table.shape == (12, 7)
    row = table.query("learning_rate == 1 and seed == 1 and epoch == 2").iloc[0]
    assert (row["member"], row["loss"], row["val_loss"], row["diverged_at"]) == (3, 10, 10.5, 7)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda runs: runs.final("accuracy"), "metric='accuracy' was not measured: choose one of loss, val_loss"),
        (lambda runs: runs.values("momentum"), "knob='momentum' is not known: choose one of learning_rate, seed"),
        (lambda runs: runs.by("momentum", "loss"), "knob='momentum' is not known: choose one of learning_rate, seed"),
        (lambda runs: runs.by("learning_rate", "accuracy"), "metric='accuracy' was not measured: choose one of loss"),
        (lambda runs: runs.select(rate=1), "knob='rate' is not known: choose one of learning_rate, seed"),
        (lambda runs: runs.select(seed=9), r"no network was trained with seed=9 \(has \[0, 1\]\)"),
    ],
)
def test_questions_without_an_answer_are_refused(runs, ask, message):
    with pytest.raises(ValueError, match=message):
        ask(runs)


def test_no_epoch_means_no_final_value(runs):
    empty = Runs(runs.settings, {"loss": np.empty((4, 0))}, 5, runs.diverged_at, [], [], [])
    with pytest.raises(ValueError, match="metric='loss' has no value yet"):
        empty.final("loss")
    assert len(empty.to_frame()) == 0


def test_the_summary_says_progress_score_and_divergence(runs):
    spread = "validation loss 2.50 … 11.50 · 2 settings × 2 seeds"
    assert runs.summary() == f"3 of 5 epochs · {spread} · 1 of 4 diverged at step 7"
    assert runs.take([3]).summary() == "3 of 5 epochs · validation loss 11.50 · 1 seed · diverged at step 7"
    assert runs.select(learning_rate=0.1).scores() == {"validation loss": "4.00 ± 1.50"}


def test_the_summary_of_runs_that_have_not_begun_or_have_burst_is_in_words(runs):
    nothing = {"loss": np.empty((4, 0)), "val_loss": np.empty((4, 0))}
    unborn = replace(runs, history=nothing, batch_loss=[np.empty(0)] * 4)
    assert (unborn.progress, unborn.scores(), unborn.summary()) == (None, {}, "before the first epoch")
    burst = replace(runs, history={"loss": np.full((4, 3), np.nan), "val_loss": np.full((4, 3), np.nan)})
    assert burst.scores() == {"validation loss": "not a number"}
