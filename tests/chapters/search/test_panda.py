"""Panda: a run that goes on while its rate is turned, and that can be repeated from the list of changes."""

import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.search import panda
from course_utils.lab.frames import Animation
from course_utils.schedules import Position
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def trainer():
    return Trainer(models.mlp, datasets.digits())


@pytest.fixture
def watched(trainer):
    waits = []
    made = panda.Panda(trainer, epochs=20, wait=waits.append, width=16, depth=1)
    made.waits = waits
    return made


def until(stream, epoch):
    """Reads a stream up to an epoch, as a lab does that is interrupted there."""
    for result in stream:
        if result.runs.epochs_done == epoch:
            return result
    raise AssertionError(epoch)


def test_a_hand_gives_its_rates_and_forgets_what_has_not_begun():
    hand = panda.Hand([(0, 0.5), (2, 0.1)])
    np.testing.assert_allclose(hand(Position(np.arange(8), 2, 4)), [0.5] * 4 + [0.1] * 4)
    hand.turn(2, 0.2)
    assert hand.changes == [(0, 0.5), (2, 0.2)]
    hand.turn(3, 0.2)
    hand.turn(4, 0.3)
    assert hand.changes == [(0, 0.5), (2, 0.2), (4, 0.3)]


@pytest.mark.parametrize("changes", [[], [(1, 0.1)], [(0, 0.1), (5, 0.2), (3, 0.1)], [(0, -1.0)]])
def test_changes_that_cannot_be_are_named(changes):
    with pytest.raises(ValueError, match="cannot be used"):
        panda.Hand(changes)


def test_a_new_run_takes_a_few_epochs_and_waits(watched):
    *_, last = watched.stream(learning_rate=0.5)
    assert last.runs.epochs_done == panda.FIRST
    assert last.progress == 1
    assert watched.waits == []
    assert "waiting: choose a speed" in last.summary()


def test_a_turn_goes_on_with_the_same_run_and_its_list_repeats_it(watched):
    list(watched.stream(learning_rate=0.5))
    until(watched.stream(learning_rate=0.5, speed="fast"), 9)
    until(watched.stream(learning_rate=0.05, speed="fast"), 14)
    *_, last = watched.stream(learning_rate=0.1, speed="slow")
    assert last.changes == ((0, 0.5), (9, 0.05), (14, 0.1))
    assert last.runs.epochs_done == 20
    assert watched.waits == [1 / 16] * 9 + [1 / 4] * 6
    steps = last.runs.steps_per_epoch[0]
    np.testing.assert_allclose(last.runs.learning_rates[0][::steps], [0.5] * 9 + [0.05] * 5 + [0.1] * 6, rtol=1e-6)
    again = watched.run(changes=last.changes)
    np.testing.assert_allclose(again.runs.history["val_loss"], last.runs.history["val_loss"], rtol=1e-6)
    nobody = watched.run(learning_rate=0.5)
    np.testing.assert_allclose(nobody.runs.history["val_loss"][0, :9], last.runs.history["val_loss"][0, :9], rtol=1e-6)
    assert nobody.runs.history["val_loss"][0, 10] != last.runs.history["val_loss"][0, 10]


def test_what_was_shown_before_does_not_change_while_the_run_goes_on(watched):
    early = until(watched.stream(learning_rate=0.5, speed="fast"), 7)
    list(watched.stream(learning_rate=0.01, speed="fast"))
    assert early.changes == ((0, 0.5),)
    assert early.runs.epochs_done == 7


def test_another_seed_begins_another_run_and_the_end_is_the_end(watched):
    *_, first = watched.stream(learning_rate=0.5, speed="fast")
    *_, still = watched.stream(learning_rate=0.01, speed="fast")
    assert still.changes == first.changes == ((0, 0.5),)
    *_, other = watched.stream(learning_rate=0.01, seed=1)
    assert (other.runs.epochs_done, other.seed) == (panda.FIRST, 1)


def test_a_turn_while_it_waits_is_told_and_drawn_at_once(watched):
    *_, before = watched.stream(learning_rate=0.5)
    *_, turned = watched.stream(learning_rate=0.05)
    assert turned.runs.epochs_done == before.runs.epochs_done
    assert turned.changes == ((0, 0.5), (panda.FIRST, 0.05))
    assert turned.summary() != before.summary()
    animation = Animation(panda.PandaPicture())
    assert animation.png(before) != animation.png(turned)


def test_a_lost_network_is_told(watched):
    *_, lost = watched.stream(learning_rate=1000.0)
    assert "the network is lost" in lost.summary()


def test_it_is_drawn_without_the_moment_before(watched):
    early = until(watched.stream(learning_rate=0.5, speed="fast"), 8)
    late = until(watched.stream(learning_rate=0.05, speed="fast"), 16)
    animation = Animation(panda.PandaPicture())
    plain = animation.png(late)
    assert animation.png(late, {"before": early}) == plain


@pytest.mark.parametrize(
    "knobs", [{"learning_rate": 0}, {"learning_rate": 0.1, "speed": "warp"}, {"learning_rate": 0.1, "seed": -1}]
)
def test_mistakes_are_named(watched, knobs):
    with pytest.raises(ValueError, match="cannot be used"):
        watched.stream(**knobs)
