"""Narrowing a range: the same first round on both sides, rounds kept, ranges that shrink."""

import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.search import coarse_to_fine
from course_utils.lab.frames import Animation
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def experiment():
    return coarse_to_fine.Narrowing(Trainer(models.mlp, datasets.digits()), epochs=2)


def test_both_sides_begin_with_the_same_round(experiment):
    first = experiment.run(rounds=1)
    hand, rule = first.by_hand[0], first.by_rule[0]
    np.testing.assert_allclose(hand.rates, rule.rates)
    np.testing.assert_allclose(hand.accuracy, rule.accuracy, atol=0.01)
    assert rule.range == pytest.approx(coarse_to_fine.WHOLE)


def test_rates_lie_in_their_ranges_and_the_rule_narrows_around_its_best(experiment):
    result = experiment.run(rounds=3, round_2_from=0.01, round_2_to=1.0, round_3_from=0.1, round_3_to=0.5)
    assert [r.range for r in result.by_hand[1:]] == [(0.01, 1.0), (0.1, 0.5)]
    for side in result.sides.values():
        for one in side:
            assert len(one.rates) == coarse_to_fine.EACH
            assert (one.rates >= one.range[0] * 0.999).all()
            assert (one.rates <= one.range[1] * 1.001).all()
    decades = [np.log10(r.range[1] / r.range[0]) for r in result.by_rule]
    assert decades == pytest.approx([6, 3, 1.5])
    best = result.by_rule[0].rates[result.by_rule[0].accuracy.argmax()]
    assert result.by_rule[1].range[0] < best < result.by_rule[1].range[1]


def test_what_was_trained_is_kept_and_rounds_come_one_by_one(experiment):
    experiment.run(rounds=2, round_2_from=0.01, round_2_to=1.0)
    results = list(experiment.stream(rounds=3, round_2_from=0.01, round_2_to=1.0))
    assert [len(r.by_hand) for r in results] == [len(r.by_rule) for r in results] == [1, 2, 3]
    assert [r.finished for r in results] == [False, False, True]
    again = experiment.run(rounds=2, round_2_from=0.01, round_2_to=1.0)
    assert again.by_hand[1] is results[-1].by_hand[1]
    assert experiment.run(rounds=1, draw=1).by_hand[0].rates[0] != again.by_hand[0].rates[0]


def test_the_best_of_each_side_is_told_and_drawn(experiment):
    result = experiment.run(rounds=2, round_2_from=1e-5, round_2_to=1e-4)
    every = np.concatenate([r.accuracy for r in result.by_hand])
    assert result.best["by hand"][0] == every.max()
    assert result.summary().startswith(f"32 trials each · by hand: best {every.max():.3f}")
    animation = Animation(coarse_to_fine.RoundsPicture())
    other = experiment.run(rounds=2, round_2_from=0.01, round_2_to=1.0)
    assert len({animation.png(result), animation.png(other), animation.png(other, {"kept": result})}) == 3


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"rounds": 4}, "rounds=4 cannot be used"),
        ({"rounds": 2, "round_2_from": 1.0, "round_2_to": 0.1}, "round 2 from 1 to 0.1 holds no rate"),
    ],
)
def test_mistakes_are_named(experiment, knobs, words):
    with pytest.raises(ValueError, match=words):
        experiment.stream(**knobs)
