"""The experiment of the rare class: weights raise its recall."""

import numpy as np
import pytest

from course_utils.chapters.softmax import class_weights, imbalance
from course_utils.lab import Lab, log_slider


@pytest.fixture(scope="module")
def experiment(digits):
    return class_weights.RareClass(imbalance.thin(digits, {8: 0.05}), rare=8)


@pytest.fixture(scope="module")
def results(experiment):
    return [experiment.run(weight=weight, depth=0, epochs=10, seeds=3) for weight in (1, 30)]


def test_a_weight_raises_recall_and_costs_precision_and_the_others(results):
    light, heavy = results
    assert (heavy.recall[:, 8] > light.recall[:, 8] + 0.2).all()
    assert (heavy.others < light.others).all()
    assert np.nanmean(heavy.precision[:, 8]) < 1
    assert "recall of 8" in heavy.summary()
    assert list(heavy.scores()) == ["recall of 8", "recall of the others"]


def test_results_come_after_every_epoch(experiment):
    steps = [found for found in experiment.stream(weight=3, depth=0, epochs=4) if found.progress]
    assert [found.runs.epochs_done for found in steps] == [1, 2, 3, 4]
    assert steps[0].recall.shape == (1, 10)


def test_a_lab_trains_with_the_weight_of_its_slider(experiment):
    lab = Lab(
        experiment, class_weights.RecallAndPrecision(), weight=log_slider(0.1, 100, 1), epochs=3, depth=0, name="rare"
    )
    assert lab.wait()
    assert "recall of 8" in lab.status
    lab.close()


def test_mistakes_are_named(experiment):
    with pytest.raises(ValueError, match="weight=-1 cannot"):
        experiment.run(weight=-1)
    with pytest.raises(ValueError, match="no knob"):
        experiment.stream(weight=1, momentun=0.9)
