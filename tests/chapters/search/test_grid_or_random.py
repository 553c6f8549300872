"""Grid and random in a square: what each tries, that one knob does not matter."""

import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.search import grid_or_random
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def trainer():
    return Trainer(models.mlp, datasets.digits(), optimizer="momentum")


@pytest.mark.parametrize("second", grid_or_random.SECOND)
def test_both_ways_stay_in_the_square_and_random_tries_more_rates(second):
    low, high = grid_or_random.SECOND[second][0][:2]
    for draw in range(5):
        filled = grid_or_random.fill(16, second, draw)
        for points in filled.values():
            assert points.shape == (16, 2)
            assert ((points[:, 0] >= 1e-4) & (points[:, 0] <= 10)).all()
            assert ((points[:, 1] >= low) & (points[:, 1] <= high)).all()
        assert [len(np.unique(filled["grid"][:, knob])) for knob in (0, 1)] == [4, 4]
        assert [len(np.unique(filled["random"][:, knob])) for knob in (0, 1)] == [16, 16]


def test_a_draw_is_the_same_twice_and_shifts_the_grid():
    first, again, other = (grid_or_random.fill(9, "l2", draw) for draw in (0, 0, 1))
    for way in grid_or_random.WAYS:
        np.testing.assert_array_equal(first[way], again[way])
        assert (first[way] != other[way]).all()


def test_the_l2_strength_does_not_matter_here_and_the_momentum_does(trainer):
    fixed = {"learning_rate": [0.003, 0.03, 0.3], "epochs": 5, "progress": False}
    ends = [trainer.run(l2=l2, momentum=0.0, **fixed).final("val_accuracy") for l2 in (1e-8, 1e-5)]
    np.testing.assert_allclose(*ends, atol=0.02)
    momenta = [trainer.run(l2=0.0, momentum=m, **fixed).final("val_accuracy") for m in (0.0, 0.95)]
    assert np.abs(momenta[0] - momenta[1]).max() > 0.2


def test_the_experiment_trains_both_ways(trainer):
    experiment = grid_or_random.GridOrRandom(trainer, epochs=3)
    *_, last = experiment.stream(trials=4, draw=1)
    alone = trainer.run(learning_rate=float(last.points["random"][2, 0]), momentum=0.0, epochs=3, progress=False)
    assert last.accuracy["random"][2] == pytest.approx(alone.final("val_accuracy")[0], abs=0.02)
    assert last.rates == {"grid": 2, "random": 4}
    assert f"grid: 2 learning rates, best {last.accuracy['grid'].max():.2f}" in last.summary()


def test_several_searches_at_once_are_those_one_by_one(trainer):
    experiment = grid_or_random.GridOrRandom(trainer, epochs=3)
    together = experiment.several(3, trials=4)
    for draw in range(3):
        one = experiment.run(trials=4, draw=draw)
        for way in grid_or_random.WAYS:
            assert together[way][draw] == pytest.approx(one.best[way], abs=0.02)


@pytest.mark.parametrize("knobs", [{"trials": 8}, {"trials": 0}, {"second": "width"}])
def test_mistakes_are_named(trainer, knobs):
    with pytest.raises(ValueError, match="cannot be used: choose"):
        grid_or_random.GridOrRandom(trainer).stream(**knobs)
