"""Rungs of halving and Hyperband: how many, who competes, who goes on, whatever the direction of the metric."""

from types import SimpleNamespace

import pytest

from course_utils.search import BLOCK, METHODS, rungs, search
from tests.formula import SPACE, Formula


@pytest.mark.parametrize(
    ("method", "epochs", "ladders"),
    [
        ("random", 20, [[20]]),
        ("halving", 20, [[2, 6, 20]]),
        ("halving", 2, [[2]]),
        ("halving", 3, [[1, 3]]),
        ("hyperband", 20, [[2, 6, 20], [6, 20], [20]]),
    ],
)
def test_every_method_has_its_ladders(method, epochs, ladders):
    assert rungs.of(method, epochs) == ladders


def test_the_best_third_goes_on_and_of_equal_ones_the_first():
    assert rungs.survivors({4: 1.0, 7: 3.0, 9: 2.0, 2: 3.0}) == {2, 7}
    assert rungs.survivors({5: 1.0, 3: 1.0, 4: 1.0}) == {3}
    assert rungs.survivors({}) == set()


def losses(trials, epochs):
    found = Formula().run(settings=[t.params for t in trials], seeds=1, epochs=epochs).final("val_loss")
    return dict(zip([t.number for t in trials], found))


@pytest.mark.parametrize("method", ["halving", "hyperband"])
def test_trials_end_where_a_plain_calculation_ends_them(method):
    found = search(Formula(), SPACE, method=method, trials=60, epochs=20, progress=False)
    ladders, ends = rungs.of(method, 20), {}
    for start in range(0, 60, BLOCK):
        block = found.study.trials[start : start + BLOCK]
        for number, ladder in enumerate(ladders):
            alive = block[number :: len(ladders)]
            for epochs in ladder:
                at = losses(alive, epochs)
                ends |= {trial.number: (epochs, at[trial.number]) for trial in alive}
                alive = sorted(alive, key=lambda trial: at[trial.number])[: -(-len(alive) // rungs.ETA)]
    assert {t.number: (t.last_step, pytest.approx(t.value)) for t in found.study.trials} == ends
    assert {t.state.name for t in found.study.trials} == {"COMPLETE", "PRUNED"}


class Turned(Formula):
    """Has an accuracy, which is better the larger it is, where `Formula` has a loss."""

    def __init__(self):
        super().__init__()
        self.dataset = SimpleNamespace(classes=3, name="formula")

    def run(self, **options):
        runs = super().run(**options)
        runs.history["val_accuracy"] = -runs.history["val_loss"]
        return runs


@pytest.mark.parametrize("method", METHODS)
def test_to_maximise_or_to_minimise_is_all_one(method):
    space = SPACE if method != "grid" else {"learning_rate": [0.01, 0.1, 0.3], "momentum": [0.0, 0.5, 0.9]}
    losses, accuracies = (
        search(trainer, space, method=method, trials=40, progress=False).study.trials
        for trainer in (Formula(), Turned())
    )
    assert [(t.params, t.state) for t in losses] == [(t.params, t.state) for t in accuracies]
    assert [t.value for t in losses] == [-t.value for t in accuracies]
