"""Jobs: settings trained many at once, in this process or wherever an executor runs, and what came out of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.training import Runs, Trainer, optimizers
from course_utils.training.knobs import OPTIMIZER

#: Settings that are trained by one call: enough to keep two cores busy, few enough to show progress.
CHUNK = 32

#: Seconds without a result after which the connection to a cluster is checked.
_LOOK = 1.0


class BrokenExecutorError(RuntimeError):
    """An executor broke down during a search, whose trials are in `search`."""

    #: The `Search`, with the trials that ended.
    search: Any = None


@dataclass(frozen=True)
class Job:
    """What to do with each setting.

    Args:
        metric: The curve to judge by, a key of `Runs.history`.
        epochs: Epochs to train.
        seeds: Networks to train for each setting.
        fixed: Knobs that are the same in all settings.
    """

    metric: str
    epochs: int
    seeds: int
    fixed: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came out of one setting.

    Args:
        curve: The metric after each epoch, mean over the seeds; NaN once any of them is not a number.
        diverged_at: The earliest step at which a seed diverged, or 0.
        error: Why it could not be trained, or "".
    """

    curve: tuple[float, ...] = ()
    diverged_at: int = 0
    error: str = ""

    @property
    def failed(self) -> str:
        """Why there is no value, or ""."""
        if self.error:
            return self.error
        if np.isfinite(self.curve[-1]):
            return ""
        return f"diverged at step {self.diverged_at}" if self.diverged_at else f"{self.curve[-1]} after training"


def outcomes(
    trainer: Trainer, settings: Sequence[Mapping[str, Any]], job: Job, executor: Executor | None = None
) -> Iterator[tuple[int, Outcome]]:
    """Trains all settings and yields each one's number and outcome, as they come.

    Args:
        trainer: What trains.
        settings: What to train; their order does not matter.
        job: How.
        executor: Where; None trains in this process.

    Yields:
        Number of a setting, counted from 0, and its outcome.

    Raises:
        BrokenExecutorError: If the executor itself breaks down.
    """
    if executor is None:
        for places in _chunks(len(settings), CHUNK):
            yield from zip(places, train_together(trainer, [settings[place] for place in places], job))
        return
    try:
        yield from _elsewhere(trainer, settings, job, executor)
    except Exception as error:
        raise BrokenExecutorError(
            f"the executor broke down ({type(error).__name__}: {error}). The trials that ended are kept, in the "
            "attribute `search` of this error; given a storage, the same search with a working executor goes on from "
            "there. If it never worked: other processes can use only what they can import, so a function that builds "
            "a model must stand in a module, not in a notebook."
        ) from error


def _elsewhere(
    trainer: Trainer, settings: Sequence[Mapping[str, Any]], job: Job, executor: Executor
) -> Iterator[tuple[int, Outcome]]:
    connection = _connection(executor)
    most = max(1, min(CHUNK, math.ceil(len(settings) / workers(executor))))
    futures: dict[Future, range] = {}
    try:
        for places in _chunks(len(settings), most):
            futures[executor.submit(train_together, trainer, [settings[place] for place in places], job)] = places
        waiting = set(futures)
        while waiting:
            ready, waiting = wait(waiting, timeout=_LOOK, return_when=FIRST_COMPLETED)
            # Finished results are taken first, and only then is a failure reported.
            for future in sorted(ready, key=lambda future: future.cancelled() or future.exception() is not None):
                yield from zip(futures[future], future.result())
            if not ready and _connection(executor) != connection:
                raise ConnectionError("the cluster's scheduler is gone")
    finally:
        for future in futures:
            future.cancel()


def applicable(trainer: Trainer, setting: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves out what the setting's optimizer does not have, so that a space may hold the knobs of several optimizers.

    Args:
        trainer: What would train the setting.
        setting: Knobs.

    Returns:
        Those of them that the trainer takes together.
    """
    has = optimizers.get(setting.get("optimizer", trainer.optimizer)).defaults
    return {knob: value for knob, value in setting.items() if knob not in OPTIMIZER or knob in has}


def train_together(trainer: Trainer, settings: Sequence[Mapping[str, Any]], job: Job) -> list[Outcome]:
    """Trains a few settings in one call; one that cannot be trained does not spoil the others.

    Args:
        trainer: What trains.
        settings: What to train.
        job: How.

    Returns:
        An outcome for each setting.
    """
    try:
        chosen = [applicable(trainer, {**job.fixed, **setting}) for setting in settings]
        runs = trainer.run(settings=chosen, seeds=job.seeds, epochs=job.epochs, progress=False)
    except Exception as error:  # noqa: BLE001 - whatever a setting breaks is told of that setting
        if len(settings) == 1:
            return [Outcome(error=f"{type(error).__name__}: {error}")]
        return [train_together(trainer, [setting], job)[0] for setting in settings]
    return [_outcome(runs, number, job) for number in range(len(settings))]


def _outcome(runs: Runs, number: int, job: Job) -> Outcome:
    places = slice(number * job.seeds, (number + 1) * job.seeds)
    # A network of weights that are not numbers has an accuracy all the same: it takes everything for the same class.
    losses = [runs.history[name][places] for name in ("loss", "val_loss") if name in runs.history]
    curves = np.where(np.isfinite(losses).all(axis=0), runs.history[job.metric][places], np.nan)
    steps = [int(step) for step in runs.diverged_at[places] if step]
    return Outcome(tuple(map(float, curves.mean(axis=0))), min(steps, default=0))


def workers(executor: Executor) -> int:
    """Counts the workers of an executor, so that each gets some of the work; 1 if that cannot be known.

    The protocol does not tell: Python's pools and Dask's executor each do in their own way.
    """
    client = getattr(executor, "_client", None)
    with suppress(Exception):  # a cluster that is gone cannot tell either; handing out work then says what is wrong
        return max(1, len(client.nthreads()) if client else executor._max_workers)  # noqa: SLF001
    return 1


def _connection(executor: Executor) -> Any:
    """Tells one connection to a cluster's scheduler from another; None for other executors.

    When a connection breaks, Dask cancels what it was asked for, but not a result that it was just fetching, which then
    never comes.
    """
    client = getattr(executor, "_client", None)
    return client and (client.status, id(client.scheduler_comm))


def _chunks(count: int, most: int) -> list[range]:
    """Cuts the numbers of settings into pieces."""
    return [range(start, min(start + most, count)) for start in range(0, count, most)]
