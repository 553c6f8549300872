"""Searches: every method, what becomes of trials that fail, and of searches that are cut off."""

import math
import signal
import warnings
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import numpy as np
import optuna
import pytest

from course_utils import datasets, models
from course_utils.search import METHODS, search
from course_utils.training import Trainer
from tests.formula import Formula

SPACE = {"learning_rate": (1e-4, 3.0, "log"), "momentum": (0.0, 0.9)}
QUIET = {"progress": False, "optimizer": "momentum", "epochs": 3}


@pytest.fixture(scope="module")
def trainer():
    return Trainer(models.mlp, datasets.digits())


@pytest.fixture(scope="module")
def regression():
    return Trainer(models.mlp, datasets.line(), epochs=3)


def params(found):
    return [t.params for t in found.study.trials]


@pytest.mark.parametrize("method", [name for name in METHODS if name != "grid"])
def test_every_method_finds_a_setting_that_trains(trainer, method):
    found = search(trainer, SPACE, method=method, trials=18, **QUIET)
    frame = found.to_frame()
    assert len(frame) == 18
    assert found.best_value == frame["val_accuracy"].max()
    assert found.best_value > 0.85
    again = trainer.run(**found.best, epochs=3)
    assert again.final("val_accuracy")[0] == pytest.approx(found.best_value)
    assert repr(found).startswith("Search(")


@pytest.mark.parametrize("method", ["random", "quasi-random", "coarse-to-fine", "gaussian-process", "tpe"])
def test_the_same_seed_gives_the_same_search(regression, method):
    first, second = (
        search(regression, SPACE, method=method, trials=12, progress=False, seed=3, optimizer="momentum")
        for _ in range(2)
    )
    other = search(regression, SPACE, method=method, trials=12, progress=False, seed=4, optimizer="momentum")
    assert params(first) == params(second)
    assert params(first) != params(other)


def test_a_grid_tries_every_combination_once_and_ends():
    space = {"learning_rate": [0.01, 0.1], "momentum": [0.0, 0.5], "depth": (1, 3)}
    found = search(Formula(), space, method="grid", trials=100, progress=False)
    tried = {tuple(sorted(one.items())) for one in params(found)}
    assert len(params(found)) == len(tried) == 12
    with pytest.raises(ValueError, match=r"space\['learning_rate'\] is a range"):
        search(Formula(), {"learning_rate": (1e-4, 3.0, "log")}, method="grid")


def test_a_trial_that_diverges_is_recorded_and_not_fatal(regression):
    found = search(regression, {"learning_rate": [0.01, 50.0]}, method="grid", trials=2, progress=False)
    frame = found.to_frame().set_index("learning_rate")
    assert frame.loc[50.0, "state"] == "failed"
    assert frame.loc[50.0, "why"].startswith("diverged at step")
    assert frame.loc[0.01, "state"] == "complete"
    assert found.best == {"learning_rate": 0.01}
    assert regression.run(**found.best).final("val_loss")[0] == pytest.approx(found.best_value)


def test_a_classifier_that_diverges_has_no_accuracy(trainer):
    found = search(trainer, {"learning_rate": [0.1, 1e30]}, method="grid", trials=2, **QUIET)
    frame = found.to_frame().set_index("learning_rate")
    assert frame["state"].to_dict() == {0.1: "complete", 1e30: "failed"}
    assert frame.loc[1e30, "why"].startswith("diverged at step")


def test_a_trial_that_cannot_be_trained_is_recorded_and_spoils_no_other(regression):
    found = search(regression, {"batch_size": [16, 5000]}, method="grid", trials=2, progress=False)
    frame = found.to_frame().set_index("batch_size")
    assert frame.loc[5000, "state"] == "failed"
    assert "batch_size=5000 cannot be used" in frame.loc[5000, "why"]
    assert math.isfinite(frame.loc[16, "val_loss"])


def test_nothing_but_failures_is_told(regression):
    found = search(regression, {"learning_rate": [50.0]}, method="grid", trials=1, progress=False)
    assert "1 failed" in repr(found)
    with pytest.raises(ValueError, match="no trial was trained to its end"):
        _ = found.best


def test_a_space_may_hold_knobs_that_only_some_optimizers_have(regression):
    space = {"optimizer": ["sgd", "momentum"], "momentum": [0.0, 0.5, 0.9]}
    found = search(regression, space, method="grid", trials=6, learning_rate=0.003, progress=False)
    frame = found.to_frame()
    assert (frame["state"] == "complete").all()
    assert frame.groupby("optimizer")["val_loss"].nunique().to_dict() == {"sgd": 1, "momentum": 3}
    assert regression.run(**found.best).final("val_loss")[0] == pytest.approx(found.best_value)
    slow = search(regression, {**space, "optimizer": ["sgd"]}, method="grid", learning_rate=0.003, progress=False)
    assert slow.best == {"optimizer": "sgd", "learning_rate": 0.003}, "what it does not have is left out"


def test_a_value_is_the_mean_over_seeds(trainer):
    found = search(trainer, {"learning_rate": [0.1]}, method="grid", trials=1, seeds=3, **QUIET)
    runs = trainer.run(learning_rate=0.1, seeds=3, optimizer="momentum", epochs=3)
    assert found.best_value == pytest.approx(runs.final("val_accuracy").mean())
    reported = found.study.trials[0].intermediate_values
    np.testing.assert_allclose([reported[epoch] for epoch in (1, 2, 3)], runs.history["val_accuracy"].mean(axis=0))


def test_halving_spends_fewer_epochs_and_keeps_a_good_setting(trainer):
    options = QUIET | {"epochs": 9, "trials": 27}
    whole, halved = (search(trainer, SPACE, method=method, **options) for method in ("random", "halving"))
    states = halved.to_frame()["state"].value_counts()
    assert states["pruned"] == 24
    assert states["complete"] == 3
    assert whole.epochs_spent == 27 * 9
    assert halved.epochs_spent == 27 * 1 + 9 * 3 + 3 * 9
    assert halved.best_value > whole.best_value - 0.05


class Flaky(Executor):
    """Trains in this thread until it is called too often; then it breaks or is interrupted."""

    def __init__(self, calls, error, most=1):
        self.calls, self.error = calls, error
        self._max_workers = most

    def submit(self, function, *args):
        future = Future()
        self.calls -= 1
        if self.calls < 0:
            future.set_exception(self.error)
        else:
            future.set_result(function(*args))
        return future


def test_an_interrupted_search_gives_what_it_has_and_goes_on(trainer, tmp_path, capsys):
    options = QUIET | {"method": "random", "trials": 80, "storage": tmp_path / "search.log"}
    stopped = search(trainer, SPACE, executor=Flaky(2, KeyboardInterrupt()), **options)
    done = stopped.to_frame()
    assert len(done.query("state == 'complete'")) == 64
    assert len(done) == 64, "what was cut off is neither done nor failed"
    assert "stopped after" in capsys.readouterr().out
    whole = search(trainer, SPACE, **options)
    complete = whole.to_frame().query("state == 'complete'")
    assert len(complete) == 80
    assert not complete.duplicated(["learning_rate", "momentum"]).any(), "no setting is trained twice"
    straight = search(trainer, SPACE, **(options | {"storage": None}))
    tried = {one["learning_rate"] for one in params(straight)}
    assert set(complete["learning_rate"]) == tried, "and the search is the one that it would have been"


def test_an_executor_that_breaks_is_told_and_keeps_what_is_done(trainer, tmp_path):
    options = QUIET | {"trials": 80, "storage": tmp_path / "search.log"}
    with pytest.raises(RuntimeError, match="executor"):
        search(trainer, SPACE, executor=Flaky(2, OSError("gone")), **options)
    found = search(trainer, SPACE, **options)
    assert len(found.to_frame().query("state == 'complete'")) == 80


def test_an_executor_gives_the_same_trials_as_this_process(trainer):
    here = search(trainer, SPACE, trials=40, **QUIET)
    with ThreadPoolExecutor(2) as pool:
        there = search(trainer, SPACE, trials=40, executor=pool, **QUIET)
    assert params(here) == params(there)
    assert [t.value for t in here.study.trials] == [t.value for t in there.study.trials]


@pytest.mark.parametrize("method", ["grid", "coarse-to-fine", "tpe", "gaussian-process", "halving", "hyperband"])
def test_a_search_that_was_interrupted_is_the_one_that_it_would_have_been(tmp_path, method):
    """Whatever trial or stage it was cut off at."""
    space = SPACE if method != "grid" else {"learning_rate": [0.01, 0.1, 0.3], "momentum": [0.0, 0.5, 0.7, 0.8, 0.9]}
    options = {"method": method, "trials": 30, "progress": False}
    straight = search(Formula(), space, **options)
    for _ in range(5):
        breaking = Flaky(1, KeyboardInterrupt(), most=5)
        found = search(Formula(), space, executor=breaking, storage=tmp_path / f"{method}.log", **options)
        assert any(t.state == optuna.trial.TrialState.WAITING for t in found.study.trials)
    found = search(Formula(), space, storage=tmp_path / f"{method}.log", **options)
    assert params(found) == params(straight)
    assert [t.state for t in found.study.trials] == [t.state for t in straight.study.trials]
    assert [t.value for t in found.study.trials] == [pytest.approx(t.value) for t in straight.study.trials]
    assert found.epochs_spent == straight.epochs_spent, "no stage of a trial is trained twice"


def test_halving_goes_on_over_an_executor_where_a_rung_is_done(tmp_path):
    options = {"method": "halving", "trials": 27, "progress": False}
    straight = search(Formula(), SPACE, **options)
    for calls in (1, 9):  # the first call trains all on the first rung
        executor = Flaky(calls, KeyboardInterrupt())
        found = search(Formula(), SPACE, executor=executor, storage=tmp_path / "search.log", **options)
    assert [t.state for t in found.study.trials] == [t.state for t in straight.study.trials]
    assert found.epochs_spent == straight.epochs_spent


class Stopped(Formula):
    """Somebody presses the stop button while the second part is trained."""

    parts = 0

    def run(self, **options):
        self.parts += 1
        if self.parts == 2:
            signal.raise_signal(signal.SIGINT)
        return super().run(**options)


@pytest.fixture
def interruptible():
    """What a shell starts in the background ignores an interrupt; here it does not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("kept", [None, "sqlite:///{}/search.db"])
def test_the_stop_button_gives_what_there_is_and_a_storage_goes_on_from_there(tmp_path, capsys, kept):
    storage = kept and kept.format(tmp_path)
    found = search(Stopped(), SPACE, trials=64, storage=storage, progress=False)
    assert capsys.readouterr().out == "stopped after 32 of 64 trials\n"
    assert len(found.to_frame()) == 32
    assert found.best_value == found.to_frame()["val_loss"].min()
    straight = search(Formula(), SPACE, trials=64, progress=False)
    assert params(found)[:32] == params(straight)[:32]
    if storage:
        whole = search(Formula(), SPACE, trials=64, storage=storage, progress=False)
        assert params(whole) == params(straight)
        assert whole.epochs_spent == straight.epochs_spent


class Diverging(Formula):
    """Rates above a half give no number."""

    def run(self, *, settings, **options):
        runs = super().run(settings=settings, **options)
        for curve in runs.history.values():
            curve[[setting["learning_rate"] > 0.5 for setting in runs.settings]] = np.nan
        return runs


def test_a_search_suits_the_tools_of_optuna():
    """With trials that are complete, pruned and failed."""
    from matplotlib import pyplot as plt
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.visualization import matplotlib as plots

    study = search(Diverging(), SPACE, method="halving", trials=54, progress=False).study
    assert {t.state.name for t in study.trials} == {"COMPLETE", "PRUNED", "FAIL"}
    for evaluator in (None, PedAnovaImportanceEvaluator()):
        found = get_param_importances(study, evaluator=evaluator)
        assert set(found) == set(SPACE)
        assert sum(found.values()) == pytest.approx(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # all of its plots are
        history = plots.plot_optimization_history(study)
        assert max(len(dots.get_offsets()) for dots in history.collections) == len(complete(study))
        curves = plots.plot_intermediate_values(study)
        assert len(curves.lines) == sum(t.state != optuna.trial.TrialState.FAIL for t in study.trials)
        for draw in ("param_importances", "slice", "parallel_coordinate", "contour", "rank", "edf", "timeline"):
            assert getattr(plots, f"plot_{draw}")(study) is not None
    plt.close("all")


def complete(study):
    return study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))


def test_trials_that_somebody_enqueues_are_tried_first(tmp_path):
    """Optuna's own way to propose a setting by hand."""
    options = {"storage": tmp_path / "search.log", "progress": False}
    search(Formula(), SPACE, trials=2, **options).study.enqueue_trial({"learning_rate": 0.2, "momentum": 0.5})
    found = search(Formula(), SPACE, trials=4, **options)
    assert params(found)[2] == {"learning_rate": 0.2, "momentum": 0.5}
    assert len(found.to_frame().query("state == 'complete'")) == 4


def test_a_knob_of_a_single_value_suits_every_method():
    space = {"learning_rate": (0.01, 0.1, "log"), "momentum": [0.5]}
    for method in ("coarse-to-fine", "tpe", "gaussian-process"):
        found = search(Formula(), space, method=method, trials=20, progress=False)
        assert (found.to_frame()["momentum"] == 0.5).all()
        assert found.to_frame()["learning_rate"].nunique() == 20


def test_an_executor_of_many_workers_gives_each_of_them_some():
    breaking = Flaky(100, None)
    breaking._max_workers = 8
    search(Formula(), SPACE, trials=40, executor=breaking, progress=False)
    assert breaking.calls == 92


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "guess"}, "method='guess' cannot be used: choose grid, random"),
        ({"method": ["grid"]}, r"method=\['grid'\] cannot be used: choose grid"),
        ({"trials": 0}, "trials=0 cannot be used: choose a whole number from 1 up"),
        ({"trials": "8"}, "trials='8' cannot be used: choose a whole number from 1 up"),
        ({"epochs": 0}, "epochs=0 cannot be used: choose a whole number from 1 up"),
        ({"executor": 7}, "executor=7 cannot be used: give a concurrent.futures.Executor, such as"),
        ({"space": [0.1, 0.2]}, r"space=\[0.1, 0.2\] holds no knob: give a dictionary"),
        ({"trainer": "mlp"}, r"trainer='mlp' cannot be used: give a Trainer\(model, dataset\)"),
        ({"seeds": 0}, "seeds=0 cannot be used"),
        ({"metric": "val_precision"}, "metric='val_precision'"),
        ({"storage": 7}, "storage=7 cannot be used"),
        ({"storage": "sqlit:///search.db"}, "storage='sqlit:///search.db' cannot be opened .*: check that"),
        ({"storage": "postgresql+psycopg://me:secret@127.0.0.1:1/x"}, r"'postgresql\+psycopg://me:\*\*\*@127"),
        ({"storage": "nowhere/search.log"}, "nowhere/search.log' cannot be used: give the path of a file in a folder"),
        ({"name": ""}, "name='' cannot be used"),
        ({"seed": -1}, "seed=-1 cannot be used"),
        ({"learning_rate": 0.1}, "learning_rate is fixed to 0.1 and also in space: give one of the two"),
        ({"learnin_rate": 0.1}, "learnin_rate is no knob"),
        ({"width": [8, 16]}, r"width=\[8, 16\] is a list, which is a choice: put it into space"),
    ],
)
def test_mistakes_are_named_before_anything_is_trained(regression, options, message):
    with pytest.raises(ValueError, match=message):
        search(**({"trainer": regression, "space": {"learning_rate": (0.01, 0.1)}} | options))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"epochs": 4}, "holds a search named 'search' with epochs=3, and this one has 4"),
        ({"space": {"learning_rate": [0.01, 0.1]}}, "holds a search named 'search' with space="),
        ({"momentum": 0.5}, "holds a search named 'search' with fixed="),
    ],
)
def test_a_storage_does_not_mix_two_searches(regression, tmp_path, other, message):
    options = {"space": {"learning_rate": [0.01]}, "method": "grid", "storage": tmp_path / "search.log"}
    options |= {"optimizer": "momentum", "progress": False}
    search(regression, trials=1, **options)
    with pytest.raises(ValueError, match=message):
        search(regression, **(options | other))


def test_a_function_as_a_knob_does_not_keep_a_search_from_going_on(regression, tmp_path):
    for trials in (1, 2):
        options = {
            "schedule": lambda position: 1.0 + 0 * position.step,
            "storage": tmp_path / "search.log",
            "momentum": 0.5,
        }
        options = dict(reversed(options.items())) if trials == 2 else options
        options["optimizer"] = "momentum"
        found = search(regression, {"learning_rate": (0.01, 0.1)}, trials=trials, progress=False, **options)
    assert len(found.to_frame()) == 2


def test_an_sqlite_file_given_as_a_path_is_told(regression, tmp_path):
    options = {"space": {"learning_rate": (0.01, 0.1)}, "trials": 1, "progress": False}
    search(regression, storage=f"sqlite:///{tmp_path}/search.db", **options)
    with pytest.raises(ValueError, match="is an SQLite database: write 'sqlite:///"):
        search(regression, storage=tmp_path / "search.db", **options)
