"""Confidence: calibration, temperature and coverage on answers that are known."""

import numpy as np
import pytest

from course_utils.chapters.softmax import calibration
from course_utils.predictions import softmax


@pytest.fixture
def honest():
    """Logits of two classes, and labels drawn from their very probabilities."""
    random = np.random.default_rng(0)
    table = np.stack([np.zeros(20000), random.normal(0, 3, 20000)], axis=-1)
    return table, (random.random(20000) < softmax(table)[:, 1]).astype(int)


def test_an_honest_network_is_right_as_often_as_it_says(honest):
    table, labels = honest
    assert calibration.calibration_error(softmax(table), labels) < 0.01
    assert calibration.best_temperature(table, labels) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_the_best_temperature_undoes_logits_that_are_too_large_or_too_small(honest, factor):
    table, labels = honest
    wrong = calibration.calibration_error(softmax(factor * table), labels)
    best = calibration.best_temperature(factor * table, labels)
    assert best == pytest.approx(factor, rel=0.06)
    assert wrong > 0.05 > 5 * calibration.calibration_error(softmax(factor * table, best), labels)


def test_reliability_by_hand():
    table = np.array([[0.95, 0.05], [0.93, 0.07], [0.38, 0.62], [0.5, 0.5]])
    mean, share, weight = calibration.reliability(table, np.array([0, 1, 1, 0]))
    np.testing.assert_allclose(weight[[5, 6, 9]], [0.25, 0.25, 0.5])
    np.testing.assert_allclose(share[[5, 6, 9]], [1, 1, 0.5])
    np.testing.assert_allclose(mean[[5, 6, 9]], [0.5, 0.62, 0.94])
    assert np.isnan(share[0])
    error = 0.25 * 0.5 + 0.25 * 0.38 + 0.5 * 0.44
    assert calibration.calibration_error(table, np.array([0, 1, 1, 0])) == pytest.approx(error)


def test_answers_above_a_threshold():
    table = np.array([[[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]])
    coverage, right = calibration.answered(table, np.array([0, 0, 1]), np.array([0, 0.7, 0.95]))
    np.testing.assert_allclose(coverage, [1, 2 / 3, 0])
    np.testing.assert_allclose(right, [2 / 3, 1, np.nan])


def test_the_experiment_filters(honest):
    table, labels = honest
    experiment = calibration.Confidence({"honest": table[None]}, labels)
    all_, some = (experiment.run(network="honest", threshold=t) for t in (0, 0.9))
    assert all_.kept[0] == 1
    assert some.kept[0] < 1
    assert some.kept[1] > all_.kept[1]
    assert some.summary().startswith(f"{some.kept[0]:.0%} answered")


@pytest.mark.parametrize(
    "knobs", [{"network": "none"}, {"network": "a", "threshold": 1}, {"network": "a", "temperature": 0}]
)
def test_mistakes_are_named(knobs):
    with pytest.raises(ValueError, match="cannot be used"):
        calibration.Confidence({"a": np.zeros((1, 2, 2))}, np.zeros(2)).stream(**knobs)
