"""The race: what an epoch costs on each watch, who won, and what is trained only once."""

import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.mini_batch.race import YARDSTICKS, BatchSizeRace, RacePicture, RaceResult
from course_utils.training import Trainer


def result(yardstick="epochs", rows_at_once=1.0):
    accuracy = {
        1: np.array([[0.5, 0.95, 0.96], [0.6, 0.85, 0.95]]),
        8: np.array([[0.2, 0.3, 0.4, 0.9], [0.2, 0.3, 0.4, 0.5]]),
        64: np.array([[0.1, 0.1], [0.1, 0.1]]),
    }
    return RaceResult(accuracy, dict.fromkeys(accuracy, 0.1), 64, 0.9, (1, 8, 64), yardstick, rows_at_once)


def test_the_goal_is_reached_between_two_epochs():
    cost = result().cost()
    assert cost[0] == pytest.approx([1 + 0.4 / 0.45, 2.5])
    assert cost[1, 0] == pytest.approx(4)
    assert np.isnan(cost[1, 1])
    assert np.isnan(cost[2]).all()


def test_an_epoch_costs_one_or_its_steps_or_its_time():
    race = result(rows_at_once=9.0)
    assert [race.epoch_cost(size, "epochs") for size in (1, 8, 64)] == [1, 1, 1]
    assert [race.epoch_cost(size, "steps") for size in (1, 8, 64)] == [64, 8, 1]
    assert [race.epoch_cost(size, "time") for size in (1, 8, 64)] == pytest.approx([64, 8 * 1.7, 7.3])


def test_time_lies_between_epochs_and_steps():
    slow, parallel = result(rows_at_once=1e-6), result(rows_at_once=1e9)
    for size in (1, 8, 64):
        assert slow.epoch_cost(size, "time") == pytest.approx(64, rel=1e-4)
        assert parallel.epoch_cost(size, "time") == pytest.approx(parallel.epoch_cost(size, "steps"), rel=1e-4)


def test_a_seed_that_never_arrives_counts_as_infinitely_slow():
    assert result().typical()[1:].tolist() == [np.inf, np.inf]
    assert result().ranking() == [1, 8, 64]
    assert result().scores() == {"first": "batch 1 (2.2 epochs)", "last": "8, 64 never"}


def test_time_has_a_unit_of_its_own():
    assert result("steps").scores()["first"] == "batch 1 (140 steps)"
    assert result("time").scores()["first"] == "batch 1 (140 steps of one row)"


@pytest.fixture(scope="module")
def race():
    trainer = Trainer(models.mlp, datasets.moons(rows=80, noise=0.05))
    return BatchSizeRace(trainer, (4, 16), goal=0.8, reference=4, most=40)


def test_networks_are_trained_until_they_arrive_and_then_known(race):
    *before, last = race.stream(learning_rate=0.3, seeds=2)
    assert list(last.accuracy) == [4, 16]
    assert (np.array([curves[:, -1].max() for curves in last.accuracy.values()]) >= 0.8).all()
    again = list(race.stream(learning_rate=0.3, seeds=2, yardstick="steps"))
    assert len(again) == 1
    assert again[0].accuracy is last.accuracy
    assert "to accuracy 0.8" in again[0].summary()
    assert "on its way" in before[-1].summary()


def test_rates_follow_the_batch(race):
    for scaling, factor in {"same": 1, "square root": 2, "linear": 4}.items():
        first = next(race.stream(learning_rate=0.1, scaling=scaling, seeds=2))
        assert first.rates == pytest.approx({4: 0.1, 16: 0.1 * factor})


@pytest.mark.parametrize("knobs", [{"scaling": "cubic"}, {"yardstick": "miles"}, {"rows_at_once": 0}])
def test_bad_values_are_refused_by_name(race, knobs):
    ((name, value),) = knobs.items()
    with pytest.raises(ValueError, match=f"{name}={value!r} cannot be used"):
        race.stream(learning_rate=0.1, **knobs)


@pytest.mark.parametrize("yardstick", YARDSTICKS)
def test_the_axes_are_those_of_the_yardstick(yardstick):
    figure = RacePicture().axes(result(yardstick))
    assert figure.axes[0].get_xlabel() == YARDSTICKS[yardstick]
