"""Diagnostics: the range test raises the rate as it says, its rules find what they look for, states are read right."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from course_utils import datasets, diagnostics, models
from course_utils.schedules import Position
from course_utils.training import Trainer

RATES = np.geomspace(1e-4, 1, 401)


@pytest.fixture(scope="module")
def trainer(digits):
    return Trainer(models.mlp, digits)


@pytest.fixture(scope="module")
def tested(trainer):
    return diagnostics.range_test(trainer, low=1e-4, high=10, epochs=2, seeds=5)


def made(loss):
    return diagnostics.RangeTest(RATES, np.atleast_2d(loss), np.atleast_2d(loss))


def bathtub():
    """Falls in a straight line between rates of 0.001 and 0.1, then rises."""
    x = np.log10(RATES)
    return made(np.select([x < -3, x < -1], [2.0, 2 - (x + 3) / 2], 1 + 4 * (x + 1)))


def test_the_rate_rises_by_one_factor_from_low_to_high(tested):
    ratios = tested.learning_rates[1:] / tested.learning_rates[:-1]
    assert tested.learning_rates[[0, -1]] == pytest.approx([1e-4, 10], rel=1e-4)
    assert ratios == pytest.approx(ratios[0], rel=1e-4)


@pytest.mark.parametrize("steps", [1, 2, 30])
def test_the_rise_ends_at_its_ratio(steps):
    rates = diagnostics.Rise(100.0)(Position(np.arange(steps), steps, 1))
    assert rates[0] == 1
    assert rates[-1] == (pytest.approx(100) if steps > 1 else 1)


def test_a_range_test_is_a_training_run_and_the_same_again(trainer, tested):
    again = diagnostics.range_test(trainer, low=1e-4, high=10, epochs=2, seeds=[0, 1, 2, 3, 4])
    assert np.array_equal(again.batch_losses, tested.batch_losses, equal_nan=True)
    assert tested.batch_losses.shape == (5, 88)
    plain = trainer.run(learning_rate=1e-4, epochs=1, seeds=5)
    assert tested.batch_losses[:, 0] == pytest.approx([losses[0] for losses in plain.batch_loss])


def test_smoothing_is_a_running_average_without_a_false_start():
    constant = diagnostics.smooth(np.full((2, 5), 3.0))
    assert constant == pytest.approx(3)
    assert diagnostics.smooth(np.array([[1.0, 3.0]]), 0.5) == pytest.approx(
        np.array([[1.0, (0.25 * 1 + 0.5 * 3) / 0.75]])
    )
    assert np.array_equal(diagnostics.smooth(np.array([[1.0, 2.0]]), 0.0), [[1.0, 2.0]])


def test_a_loss_that_is_lost_stays_lost_and_is_cut_off():
    smoothed = diagnostics.smooth(np.array([[1.0, np.inf, 1.0], [1.0, 1.0, 1.0]]))
    assert np.isnan(smoothed[0, 1:]).all()
    assert np.isfinite(smoothed[1]).all()
    assert len(diagnostics.RangeTest(RATES[:3], smoothed, smoothed).loss) == 1


def test_rules_find_what_they_look_for():
    test = bathtub()
    assert diagnostics.minimum(test) == pytest.approx(0.1, rel=0.05)
    assert diagnostics.tenth_of_minimum(test) == pytest.approx(0.01, rel=0.05)
    assert 0.001 <= diagnostics.steepest(test) <= 0.1
    assert diagnostics.falling_part(test) == pytest.approx((10**-2.8, 0.1), rel=0.05)
    assert diagnostics.middle_of_fall(test) == pytest.approx(10**-1.9, rel=0.05)


def test_rules_answer_even_if_the_loss_only_rises():
    test = made(1 + RATES)
    for rule in diagnostics.RULES.values():
        assert rule(test) <= RATES[0]
    assert diagnostics.falling_part(test) == (RATES[0], RATES[0])


def test_on_a_network_every_single_test_suggests_a_rate_of_the_right_order(tested):
    for single in tested.singles():
        assert 0.05 < diagnostics.tenth_of_minimum(single) < 0.5
        assert diagnostics.steepest(single) <= diagnostics.minimum(single)
        assert diagnostics.falling_part(single)[1] == diagnostics.minimum(single)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [({"low": 0}, "low=0"), ({"low": 2, "high": 1}, "choose 0 < low < high"), ({"smoothing": 1}, "smoothing=1")],
)
def test_a_mistake_is_named_with_its_cure(trainer, mistake, words):
    with pytest.raises(ValueError, match=words):
        diagnostics.range_test(trainer, **mistake)


def curves(loss, val_loss=None, first=2.3, diverged_at=0):
    loss = np.asarray(loss, float)
    history = {"loss": loss[None], "val_loss": (loss if val_loss is None else np.asarray(val_loss, float))[None]}
    return SimpleNamespace(
        epochs_done=len(loss), history=history, batch_loss=[np.array([first])], diverged_at=np.array([diverged_at])
    )


EPOCHS = np.arange(20)


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        (curves(2.3 * 0.7**EPOCHS), "healthy"),
        (curves(2.3 - 0.01 * EPOCHS), "too slow"),
        (curves(2.31 + 0.01 * (-1.0) ** EPOCHS), "dead"),
        (curves(0.3 + 0.1 * (-1.0) ** EPOCHS), "oscillating"),
        (curves(2.3 * 0.8**EPOCHS, 0.5 + 0.02 * EPOCHS), "over-fitting"),
        (curves(2.3 * 3.0**EPOCHS), "diverging"),
        (curves(np.where(EPOCHS > 9, np.nan, 1.0)), "diverging"),
        (curves(np.full(20, 2.3), diverged_at=7), "diverging"),
    ],
)
def test_states_are_read_from_curves_made_for_them(runs, state):
    assert diagnostics.state_of(runs) == [state]


@pytest.mark.parametrize(
    ("state", "knobs"),
    [
        ("too slow", {"learning_rate": 0.003}),
        ("healthy", {"learning_rate": 0.1}),
        ("oscillating", {"learning_rate": 0.7, "batch_size": 16}),
        ("dead", {"learning_rate": 2.0}),
    ],
)
def test_states_are_read_from_real_runs(trainer, state, knobs):
    assert Counter(diagnostics.state_of(trainer.run(seeds=7, **knobs))).most_common(1)[0][0] == state


def test_divergence_and_over_fitting_are_read_from_real_runs():
    line = Trainer(models.mlp, datasets.line(features=64)).run(learning_rate=1.0, depth=0, seeds=5)
    assert diagnostics.state_of(line) == ["diverging"] * 5
    moons = Trainer(models.mlp, datasets.moons(200, noise=0.35), optimizer="adam", batch_size=16)
    states = diagnostics.state_of(moons.run(learning_rate=0.01, width=256, seeds=7))
    assert Counter(states).most_common(1)[0][0] == "over-fitting"


def test_a_state_needs_some_epochs():
    with pytest.raises(ValueError, match="at least 4"):
        diagnostics.state_of(curves([2.0, 1.0, 0.5]))
