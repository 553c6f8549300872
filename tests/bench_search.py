"""Searches to measure: KerasTuner's and ours on the same space, and ours over other processes.

Space: learning rate and momentum; the same network, on the same rows, for the same epochs. Workers are kept to a core
each, as if they were machines of one core; searches in this process, on one core and on all, stand beside them.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any

SHORT = "--short" in sys.argv
#: KerasTuner does fewer, and is compared per trial.
TRIALS, TUNER_TRIALS = (2, 1) if SHORT else (64, 2)
WORKERS = (1,) if SHORT else (1, 2)

RATES, MOMENTA = (1e-3, 1.0), (0.0, 0.9)


def tuner(data: Any, epochs: int) -> Callable[[], object]:
    """KerasTuner's random search."""
    import keras
    import keras_tuner

    from course_utils import models

    def build(chosen: keras_tuner.HyperParameters) -> keras.Model:
        model = models.mlp(data.input_shape, 10)
        low, high = RATES
        rate = chosen.Float("learning_rate", low, high, sampling="log")
        momentum = chosen.Float("momentum", *MOMENTA)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(rate, momentum), loss, metrics=["accuracy"])
        return model

    class Tuner(keras_tuner.RandomSearch):
        """Without its care for TensorBoard's logs: there are none, and yet each trial fails where it is missing."""

        def _configure_tensorboard_dir(self, *_: object) -> None:
            pass

    def work() -> None:
        # It writes every trial to a folder, and tells of each on stdout.
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            found = Tuner(build, objective="val_accuracy", max_trials=TUNER_TRIALS, directory=folder, overwrite=True)
            validation = (data.x_validation, data.y_validation)
            found.search(
                data.x_train, data.y_train, batch_size=32, epochs=epochs, validation_data=validation, verbose=0
            )
            # It goes on when trials fail, in next to no time.
            if len(found.oracle.get_best_trials(TUNER_TRIALS)) < TUNER_TRIALS:
                raise RuntimeError("KerasTuner did not train all its trials: run its search alone to see why.")

    return work


def ours(data: Any, epochs: int, executor: Executor | None = None, trials: int = TRIALS) -> Callable[[], object]:
    """Our random search, in this process or over an executor."""
    from course_utils import models
    from course_utils.search import search
    from course_utils.training import Trainer

    trainer = Trainer(models.mlp, data, epochs=epochs, optimizer="momentum")
    space = {"learning_rate": (*RATES, "log"), "momentum": MOMENTA}
    return lambda: search(trainer, space, trials=trials, executor=executor, progress=False)


def spread(data: Any, epochs: int) -> dict[str, Callable[[], object]]:
    """Our search over process pools and Dask clusters of several sizes."""
    tasks = {}
    for number in WORKERS:
        tasks[f"pool {number}"] = ours(data, epochs, _pool(number), 2 * TRIALS)
        tasks[f"dask {number}"] = ours(data, epochs, _dask(number), 2 * TRIALS)
    return tasks


def _pool(number: int) -> Executor:
    context = multiprocessing.get_context("spawn")
    free = context.SimpleQueue()
    for core in range(number):
        free.put(core)
    return ProcessPoolExecutor(number, mp_context=context, initializer=_keep_to_one_core, initargs=(free,))


def _keep_to_one_core(free: Any) -> None:
    os.sched_setaffinity(0, {free.get() % os.cpu_count()})


def _dask(number: int) -> Executor:
    import distributed

    cluster = distributed.LocalCluster(
        n_workers=number, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", silence_logs=50
    )
    client = distributed.Client(cluster)
    for core, worker in enumerate(client.nthreads()):
        client.run(os.sched_setaffinity, 0, {core % os.cpu_count()}, workers=[worker])
    return client.get_executor()
