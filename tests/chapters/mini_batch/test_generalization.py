"""Protocols: which rate and how many epochs each batch size gets."""

import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.mini_batch import generalization
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def protocols():
    trainer = Trainer(models.mlp, datasets.moons(rows=80, noise=0.05))  # 64 to train
    return generalization.Protocols(trainer, {4: 0.2, 16: 0.5}, reference=4)


def test_equal_epochs_and_equal_steps(protocols):
    assert protocols.run(length="20 epochs", seeds=2).epochs_taken == {4: 20, 16: 20}
    steps = protocols.run(length="320 steps", seeds=2)
    assert steps.epochs_taken == {4: 20, 16: 80}
    assert steps.table().shape == (2, 2)
    assert np.isfinite(steps.table()).all()


def test_training_to_a_loss_ends_when_it_is_reached(protocols):
    *before, last = protocols.stream(rates=generalization.OWN, length="to training loss 0.05", seeds=2)
    assert last.rates == {4: 0.2, 16: 0.5}
    assert (np.median(last.table("training_loss"), axis=1) <= 0.05).all()
    assert max(last.epochs_taken.values()) < 240
    assert np.isnan(before[1].table()[1]).all()
    assert "is being trained" in before[-1].summary()
    assert "at rate 0.2" in last.summary()


def test_rates_follow_the_batch(protocols):
    for rates, factor in {"same": 1, "square root": 2, "linear": 4}.items():
        first = next(protocols.stream(rates=rates, learning_rate=0.01, seeds=2))
        assert first.rates == pytest.approx({4: 0.01, 16: 0.01 * factor})


@pytest.mark.parametrize("knobs", [{"rates": "any"}, {"length": "long"}, {"learning_rate": 0}])
def test_bad_values_are_refused_by_name(protocols, knobs):
    ((name, value),) = knobs.items()
    with pytest.raises(ValueError, match=f"{name}={value!r} cannot be used"):
        protocols.stream(**knobs)
