"""Searches over other processes: a pool, a Dask cluster on loopback, and what becomes of them when a part dies."""

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor

import pytest

from course_utils import datasets, models
from course_utils.search import search
from course_utils.training import Trainer

SPACE = {"learning_rate": (1e-3, 1.0, "log"), "momentum": (0.0, 0.9)}
OPTIONS = {"trials": 96, "optimizer": "momentum", "epochs": 2, "progress": False}


@pytest.fixture(scope="module")
def trainer():
    return Trainer(models.mlp, datasets.digits())


@pytest.fixture(scope="module")
def here(trainer):
    return search(trainer, SPACE, **OPTIONS)


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield cluster, client


def same_trials(one, other):
    return [(t.params, t.value) for t in one.study.trials] == [
        (t.params, pytest.approx(t.value)) for t in other.study.trials
    ]


def test_a_process_pool_gives_the_same_trials(trainer, here):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert same_trials(here, search(trainer, SPACE, executor=pool, **OPTIONS))


def test_a_dask_cluster_gives_the_same_trials(trainer, here, cluster):
    _, client = cluster
    assert same_trials(here, search(trainer, SPACE, executor=client.get_executor(), **OPTIONS))


def test_a_worker_that_is_killed_loses_no_trial(trainer, here, cluster):
    _, client = cluster
    killed = []

    class Killing:
        """Kills a worker as soon as work has been handed out."""

        def __init__(self, executor):
            self._executor = executor

        def submit(self, *args):
            future = self._executor.submit(*args)
            if not killed:
                killed.append(next(iter(client.run(os.getpid).values())))
                os.kill(killed[0], signal.SIGKILL)
            return future

    found = search(trainer, SPACE, executor=Killing(client.get_executor()), **OPTIONS)
    assert killed
    assert same_trials(here, found)


def test_a_scheduler_that_is_gone_is_told_and_what_is_done_is_kept(trainer, cluster, tmp_path):
    parts, client = cluster
    executor = client.get_executor()
    options = OPTIONS | {"storage": tmp_path / "search.log"}
    search(trainer, SPACE, executor=executor, **(options | {"trials": 32}))
    parts.close()
    with pytest.raises(RuntimeError, match="the executor broke down"):
        search(trainer, SPACE, executor=executor, **options)
    assert len(search(trainer, SPACE, **options).to_frame().query("state == 'complete'")) == 96
