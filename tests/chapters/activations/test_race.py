"""The race: rules that are the same or not, and epochs counted."""

import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.activations.race import OWN, SAME, ActivationRace, epochs_to
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def race():
    trainers = {"moons": Trainer(models.mlp, datasets.moons(rows=200), epochs=3)}
    return ActivationRace(trainers, {"tanh": {"learning_rate": 0.5}, "relu": {"learning_rate": 0.1}})


FIXED = {"inputs": "moons", "width": 4, "depth": 1, "seeds": 2}


@pytest.fixture(scope="module")
def runs(race):
    return race.run(rules=OWN, **FIXED)


def test_with_the_same_rules_all_have_one_rate_and_otherwise_each_its_own(race, runs):
    same = race.run(rules=SAME, learning_rate=0.2, **FIXED)
    assert same.values("learning_rate") == [0.2]
    assert runs.select(activation="tanh").values("learning_rate") == [0.5]
    assert runs.select(activation="relu").values("learning_rate") == [0.1]
    ignored = race.run(rules=OWN, learning_rate=0.2, **FIXED)
    np.testing.assert_array_equal(ignored.final("loss"), runs.final("loss"))


def test_it_streams_like_a_trainer(race, runs):
    last = list(race.stream(rules=OWN, **FIXED))[-1]
    np.testing.assert_array_equal(last.final("loss"), runs.final("loss"))


def test_epochs_are_counted_from_one_and_infinite_where_never_reached(runs):
    assert set(epochs_to(runs, 0.0)) == {"tanh", "relu"}
    assert epochs_to(runs, 0.0)["tanh"].tolist() == [1, 1]
    assert np.isinf(epochs_to(runs, 1.1)["relu"]).all()


@pytest.mark.parametrize("knobs", [{"rules": "fair"}, {"inputs": "stars"}])
def test_bad_values_are_refused_by_name(race, knobs):
    ((name, value),) = knobs.items()
    with pytest.raises(ValueError, match=f"{name}='{value}' cannot be used: choose"):
        race.stream(**{**FIXED, **knobs})
