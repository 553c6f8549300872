"""Searches over other processes: a pool, a Dask cluster on loopback, and what becomes of them when a part dies."""

import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from types import SimpleNamespace

import pytest
from optuna.storages import InMemoryStorage

from course_utils import datasets, models
from course_utils.search import jobs, search
from course_utils.search.jobs import BrokenExecutorError, Job, outcomes
from course_utils.search.storage import open_study, scores
from course_utils.training import Trainer
from tests import elsewhere
from tests.formula import SPACE, Formula

pytest.importorskip("distributed")

OPTIONS = {"trials": 96, "progress": False}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="starts and kills processes as POSIX does")


@pytest.fixture
def here():
    return search(Formula(), SPACE, **OPTIONS)


def same_trials(one, other):
    return [(t.params, t.value) for t in one.study.trials] == [
        (t.params, pytest.approx(t.value)) for t in other.study.trials
    ]


def test_networks_trained_elsewhere_are_those_trained_here():
    trainer = Trainer(models.mlp, datasets.digits(), optimizer="momentum", epochs=2)
    options = {"trials": 8, "progress": False}
    here = search(trainer, SPACE, **options)
    assert len(here.to_frame().query("state == 'complete'")) == 8
    with elsewhere.cluster() as (client, _):
        assert same_trials(here, search(trainer, SPACE, executor=client.get_executor(), **options))
        busy = [len(events) for events in client.run(lambda dask_worker: list(dask_worker.state.log)).values()]
    assert min(busy) > 0, "both workers trained some"


def test_a_process_pool_gives_the_same_trials(here):
    with ProcessPoolExecutor(2, mp_context=elsewhere.context()) as pool:
        assert same_trials(here, search(Formula(), SPACE, executor=pool, **OPTIONS))


def test_results_arrive_as_they_are_ready():
    """And not in the order in which work was handed out."""

    class Impatient(Future):
        def result(self, timeout=None):
            assert self.done(), "asked for a result that is not ready, while another one is"
            return super().result(timeout)

    class Backwards:
        """Does the second part first, and the first when it is told."""

        def __init__(self):
            self.parts = []

        def submit(self, function, *args):
            self.parts.append((Impatient(), function, args))
            if len(self.parts) == 2:
                self.do(1)
            return self.parts[-1][0]

        def do(self, number):
            future, function, args = self.parts[number]
            future.set_result(function(*args))

    executor = Backwards()
    settings = [{"learning_rate": 0.1, "momentum": number / 100} for number in range(2 * jobs.CHUNK)]
    coming = outcomes(Formula(), settings, Job("val_loss", 3, 1, {}), executor)
    first = [next(coming)[0] for _ in range(jobs.CHUNK)]
    executor.do(0)
    then = [number for number, _ in coming]
    assert sorted(first + then) == list(range(64))
    assert len(then) == jobs.CHUNK


class Counted(InMemoryStorage):
    """Counts how often the end of each trial is told."""

    def __init__(self):
        super().__init__()
        self.told = Counter()

    def set_trial_state_values(self, trial_id, state, values=None):
        self.told[trial_id] += state.is_finished()
        return super().set_trial_state_values(trial_id, state, values)


def test_what_a_killed_worker_was_training_is_trained_once_more_and_nothing_else(here, tmp_path):
    killed, storage = [], Counted()

    def kill(pid):
        killed.append(pid)
        os.kill(pid, signal.SIGKILL)

    with elsewhere.cluster() as (client, _), elsewhere.told(kill) as address:
        trainer = elsewhere.Telling(address, here.study.trials[0].params, tmp_path / "trained")
        found = search(trainer, SPACE, executor=client.get_executor(), storage=storage, **OPTIONS)
        assert len(client.nthreads()) == 1
    assert len(killed) == 1
    assert same_trials(here, found)
    assert set(storage.told.values()) == {1}, "no trial is told twice"
    trained = elsewhere.trained(found, tmp_path / "trained")
    assert trained == [2] * jobs.CHUNK + [1] * (96 - jobs.CHUNK), "the first part is that of the killed worker"


def test_a_result_that_never_comes_from_a_cluster_that_is_gone_is_not_waited_for(monkeypatch):
    """So Dask leaves one that it was fetching when the scheduler died."""
    monkeypatch.setattr(jobs, "_LOOK", 0.05)

    class Silent(Executor):
        _client = SimpleNamespace(status="running", scheduler_comm=object(), nthreads=lambda: {"worker": 1})

        def submit(self, *_):
            future = Future()
            late = threading.Timer(elsewhere.PATIENCE, lambda: future.cancelled() or future.set_result([]))
            late.daemon = True  # a search that waits fails, and does not hang
            late.start()
            self._client.status = "closed"
            return future

    with pytest.raises(BrokenExecutorError, match="the cluster's scheduler is gone"):
        search(Formula(), SPACE, executor=Silent(), **OPTIONS)


@pytest.mark.parametrize("what", ["scheduler", "pool"])
def test_an_executor_that_dies_while_it_trains_is_told_and_what_is_done_is_kept(here, tmp_path, what):
    at, noted = here.study.trials[64].params, tmp_path / "trained"
    options = {**OPTIONS, "storage": tmp_path / "search.log"}
    if what == "pool":
        with ProcessPoolExecutor(2, mp_context=elsewhere.context()) as pool:
            broken(pool, lambda pid: os.kill(pid, signal.SIGKILL), at, noted, options)
    else:
        with elsewhere.cluster() as (client, scheduler):
            broken(client.get_executor(), lambda _: scheduler.kill(), at, noted, options)
    whole = search(elsewhere.Telling(None, None, noted), SPACE, **options)
    assert same_trials(here, whole)
    assert whole.epochs_spent == here.epochs_spent
    assert elsewhere.trained(whole, noted) == [1] * 64 + [2] * 16 + [1] * 16, "only what was cut off is trained again"


def broken(executor, act, at, noted, options):
    def act_later(pid):
        study = open_study(options["storage"], "search", {}, maximize=False)
        while len(scores(study)) < 80:
            time.sleep(0.01)  # until all but what this process trains is told
        act(pid)

    telling = elsewhere.told(act_later)
    with telling as address, pytest.raises(BrokenExecutorError, match="the executor broke down") as caught:
        search(elsewhere.Telling(address, at, noted), SPACE, executor=executor, **options)
    found = caught.value.search
    assert len(found.to_frame().query("state == 'complete'")) == 80
    assert found.best_value < 0.5
    # Nobody waits for a cluster that is gone, and it is told again at once.
    with pytest.raises(BrokenExecutorError, match="the executor broke down"):
        search(Formula(), SPACE, executor=executor, **options)
