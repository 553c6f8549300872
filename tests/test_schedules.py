"""Schedules: multipliers of the learning rate at known places."""

import numpy as np
import pytest

from course_utils import schedules
from course_utils.schedules import Position


def at(*epochs, of=10, steps=20, val_loss=()):
    return Position(np.array(epochs, float) * steps, steps, of, val_loss)


def everywhere(of=10, steps=20):
    return Position(np.arange(of * steps), steps, of)


@pytest.mark.parametrize(
    ("schedule", "epochs", "expected"),
    [
        (schedules.Constant(), [0, 3.5, 9], [1, 1, 1]),
        (schedules.Step(0.5, 5), [0, 4.95, 5, 9.95], [1, 1, 0.5, 0.5]),
        (schedules.Step(0.1, 2), [1.95, 2, 4, 9], [1, 0.1, 0.01, 1e-4]),
        (schedules.Exponential(0.1, 8), [0, 4, 8], [1, 0.1**0.5, 0.1]),
        (schedules.Exponential(0.9, per_step=True), [0, 0.05, 1], [1, 0.9, 0.9**20]),
        (schedules.Linear(), [0, 2.5, 5, 10], [1, 0.75, 0.5, 0]),
        (schedules.Linear(0.2), [0, 5, 10], [1, 0.6, 0.2]),
        (schedules.Cosine(), [0, 10 / 3, 5, 20 / 3, 10], [1, 0.75, 0.5, 0.25, 0]),
        (schedules.Cosine(0.2), [0, 5, 10], [1, 0.6, 0.2]),
        (schedules.WarmUp(2), [0, 0.95, 1.95, 2, 9], [1 / 40, 0.5, 1, 1, 1]),
        (schedules.WarmUp(1, schedules.Linear()), [0, 0.45, 0.95, 5], [1 / 20, 0.955 / 2, 0.905, 0.5]),
        (schedules.Triangular(0.1, 4), [0, 1, 2, 3, 4, 6], [0.1, 0.55, 1, 0.55, 0.1, 1]),
        (schedules.OneCycle(0.3, 0.04, 0.0), [0, 1.5, 3, 6.5, 10], [0.04, 0.52, 1, 0.5, 0]),
        (schedules.OneCycle(0.5, 0.2, 0.1), [0, 5, 7.5, 10], [0.2, 1, 0.55, 0.1]),
    ],
    ids=repr,
)
def test_known_places(schedule, epochs, expected):
    np.testing.assert_allclose(schedule(at(*epochs)), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.Step(),
        schedules.Exponential(),
        schedules.Exponential(0.99, per_step=True),
        schedules.Linear(),
        schedules.Cosine(),
    ],
    ids=repr,
)
def test_decay_starts_at_one_and_never_rises(schedule):
    rates = schedule(everywhere())
    assert rates[0] == 1
    assert (np.diff(rates) <= 0).all()
    assert (rates > 0).all()
    assert rates[-1] < 0.6


def test_a_shorter_run_decays_faster_where_the_schedule_spans_the_run():
    for schedule in (schedules.Linear(), schedules.Cosine()):
        assert schedule(at(4, of=5)) < schedule(at(4, of=10))


def test_warm_up_rises_by_equal_amounts_then_hands_over():
    rates = schedules.WarmUp(3, schedules.Constant())(everywhere())
    np.testing.assert_allclose(np.diff(rates[:60]), 1 / 60)
    assert (rates[59:] == 1).all()


def test_triangular_repeats_after_its_period():
    rates = schedules.Triangular(0.2, 2.5)(everywhere())
    np.testing.assert_allclose(rates[50:], rates[:-50], rtol=1e-9)
    assert rates.min() == pytest.approx(0.2)
    assert rates.max() == pytest.approx(1)
    assert rates.argmax() == 25


def test_one_cycle_has_one_peak_where_the_rise_ends():
    rates = schedules.OneCycle(0.4)(everywhere())
    assert rates.argmax() == 80
    assert rates[80] == 1
    assert (np.diff(rates[:81]) > 0).all()
    assert (np.diff(rates[80:]) < 0).all()


@pytest.mark.parametrize("schedule", [schedules.Cosine(), schedules.WarmUp(), schedules.ReduceOnPlateau()], ids=repr)
def test_there_is_one_multiplier_for_each_step(schedule):
    assert schedule(everywhere(of=3, steps=7)).shape == (21,)


LOSSES = {
    "falling": [3.0, 2.0, 1.0, 0.5, 0.4, 0.3],
    "flat": [1.0] * 12,
    "by less than min_delta": [1 - 0.00005 * i for i in range(8)],
    "up and down": [1.0, 1.2, 0.9, 1.1, 1.1, 1.1, 0.8, 0.9, 0.9, 0.9, 0.9, 0.7],
    "not finite": [1.0, float("nan"), float("inf"), float("nan"), 0.5, float("nan")],
    "no epoch": [],
}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("losses", LOSSES.values(), ids=LOSSES.keys())
@pytest.mark.parametrize(("factor", "patience"), [(0.3, 3), (0.5, 1)])
def test_reduce_on_plateau_does_what_the_callback_of_keras_does(losses, factor, patience):
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    callback = keras.callbacks.ReduceLROnPlateau(factor=factor, patience=patience)
    callback.set_model(model)
    callback.on_train_begin()
    schedule = schedules.ReduceOnPlateau(factor, patience)
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        ours = schedule(at(epoch + 1, val_loss=losses[: epoch + 1]))
        assert ours == pytest.approx(model.optimizer.learning_rate.numpy(), rel=1e-6)
    assert (schedule(at(0, 0.5)) == 1).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.Step(factor=0), "factor=0 "),
        (lambda: schedules.Step(every=-1), "every=-1 "),
        (lambda: schedules.Exponential(every=0), "every=0 "),
        (lambda: schedules.WarmUp(epochs=0), "epochs=0 "),
        (lambda: schedules.Triangular(period=float("nan")), "period=nan "),
        (lambda: schedules.ReduceOnPlateau(patience=0), "patience=0 "),
        (lambda: schedules.OneCycle(rise=1.0), "rise=1.0 "),
    ],
)
def test_values_that_make_no_schedule_are_refused(make, message):
    with pytest.raises(ValueError, match=message) as refusal:
        make()
    assert "choose" in str(refusal.value)
