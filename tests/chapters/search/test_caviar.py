"""Caviar: many networks at once, the best of which leads."""

from types import SimpleNamespace

import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.search import caviar
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def experiment():
    return caviar.Caviar(Trainer(models.mlp, datasets.digits()), epochs=3, width=16, depth=1)


def test_rates_are_drawn_over_the_range_and_the_best_leads(experiment):
    *_, last = experiment.stream(networks=32)
    assert ((last.rates >= 1e-4) & (last.rates <= 10)).all()
    assert [s["learning_rate"] for s in last.runs.settings] == pytest.approx(list(last.rates))
    assert last.losses[last.leader, -1] == last.losses[:, -1].min()
    assert last.summary().startswith("32 networks × 3 epochs = 96 · ")


def test_more_networks_hold_the_fewer_and_find_no_worse(experiment):
    few, more = (experiment.run(networks=n, draw=2) for n in (4, 32))
    np.testing.assert_array_equal(few.rates, more.rates[:4])
    assert more.losses[:, -1].min() <= few.losses[:, -1].min() * 1.05
    assert (experiment.run(networks=4, draw=3).rates != few.rates).all()


def test_a_lost_network_never_leads():
    runs = SimpleNamespace(history={"val_loss": np.array([[np.nan], [0.5], [np.inf]])})
    assert caviar.Shoal(runs, np.array([5.0, 0.1, 9.0])).leader == 1


def test_mistakes_are_named(experiment):
    with pytest.raises(ValueError, match="networks=0 cannot be used"):
        experiment.stream(networks=0)
