"""One trial after another: proposals by what is believed, nothing tried twice, steps kept."""

from itertools import pairwise

import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.search import next_trial
from course_utils.lab.frames import Animation
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def experiment():
    return next_trial.NextTrial(Trainer(models.mlp, datasets.digits()), epochs=2)


@pytest.mark.parametrize("look", next_trial.LOOKS)
def test_each_trial_is_the_one_proposed_before_and_none_comes_twice(experiment, look):
    steps = list(experiment.stream(trials=7, look=look))
    assert [len(step.tried) for step in steps] == [3, 4, 5, 6, 7]
    for before, after in pairwise(steps):
        assert after.tried[-1] == before.proposal
        np.testing.assert_array_equal(after.tried[:-1], before.tried)
    assert len(np.unique(np.round(np.log(steps[-1].tried), 3))) == 7


def test_looks_choose_by_what_they_say(experiment):
    step = experiment.run(trials=5, look="the uncertainty alone")
    tried = np.isnan(step.acquisition)
    assert tried.any()
    assert step.posterior.deviation[step.places == step.proposal] == step.posterior.deviation[~tried].max()
    greedy = experiment.run(trials=5, look="the mean alone")
    assert (
        greedy.posterior.mean[greedy.places == greedy.proposal]
        == greedy.posterior.mean[~np.isnan(greedy.acquisition)].max()
    )


def test_steps_are_kept_and_the_start_is_the_same_for_every_look(experiment):
    first, second = (experiment.run(trials=5) for _ in range(2))
    assert first.posterior is second.posterior
    starts = [experiment.run(look=look).tried for look in next_trial.LOOKS]
    for start in starts[1:]:
        np.testing.assert_array_equal(start, starts[0])
    assert (experiment.run(draw=1).tried != starts[0]).all()


def test_the_truth_is_shown_only_when_asked_and_is_what_trials_find(experiment):
    assert experiment.run(trials=5).truth is None
    step = experiment.run(trials=5, truth=True)
    rates, accuracy = step.truth
    found = np.interp(np.log(step.best[1]), np.log(rates), accuracy)
    assert step.best[0] == pytest.approx(found, abs=0.1)


def test_it_is_told(experiment):
    few = experiment.run(trials=3)
    assert few.summary().startswith(f"3 trials · best {few.accuracy.max():.3f}")


def test_the_truth_is_drawn_when_it_is_shown(experiment):
    hidden, shown = (experiment.run(trials=6, truth=truth) for truth in (False, True))
    animation = Animation(next_trial.BeliefPicture())
    assert animation.png(hidden) != animation.png(shown)


@pytest.mark.parametrize("knobs", [{"trials": 2}, {"look": "luck"}])
def test_mistakes_are_named(experiment, knobs):
    with pytest.raises(ValueError, match="cannot be used: choose"):
        experiment.stream(**knobs)
