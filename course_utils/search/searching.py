"""Searches for good hyperparameters: proposed by Optuna, trained many at once, stored so that nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from course_utils.search import rungs
from course_utils.search.gaussian_process import GaussianProcess
from course_utils.search.jobs import CHUNK, BrokenExecutorError, Job, applicable, workers
from course_utils.search.progress import Bar
from course_utils.search.samplers import ROUND, CoarseToFine, Grid, QuasiRandom, Random, TreeParzen
from course_utils.search.spaces import UnitCube, distributions
from course_utils.search.storage import StorageInUseError, about, noted, open_study, release, unfinished
from course_utils.search.trials import claim, run
from course_utils.training import Trainer
from course_utils.training.knobs import COUNT, Rule

#: Each method's sampler, made of the space and a seed, and how many trials it proposes before it looks at results;
#: None if it never does.
METHODS = {
    "grid": (Grid, None),
    "random": (Random, None),
    "quasi-random": (QuasiRandom, None),
    "coarse-to-fine": (CoarseToFine, ROUND),
    "tpe": (TreeParzen, 4),
    "gaussian-process": (GaussianProcess, 4),
    "halving": (Random, rungs.BLOCK),
    "hyperband": (Random, rungs.BLOCK),
}

#: What the arguments of a search must be.
_RULES = {
    "trainer": Rule(lambda v: hasattr(v, "stream") and hasattr(v, "dataset"), "give a Trainer(model, dataset)"),
    "method": Rule(lambda v: isinstance(v, str) and v in METHODS, f"choose {', '.join(METHODS)}"),
    "trials": COUNT,
    "seeds": COUNT,
    "seed": Rule(lambda v: v == 0 or COUNT.accepts(v), "choose a whole number from 0 up"),
    "executor": Rule(
        lambda v: v is None or isinstance(v, Executor),
        "give a concurrent.futures.Executor, such as ProcessPoolExecutor() or a Dask client's get_executor()",
    ),
}


class Search:
    """A search, finished or stopped.

    Args:
        study: The Optuna study that holds its trials; every plot and tool of Optuna takes it.
        metric: The curve that it judges by.
        trainer: What trained them.
        fixed: Knobs that were the same in all trials.
    """

    def __init__(self, study: optuna.Study, metric: str, trainer: Trainer, fixed: Mapping[str, Any]) -> None:
        self.study, self.metric = study, metric
        self._trainer, self._fixed = trainer, fixed

    @property
    def best(self) -> dict[str, Any]:
        """The best setting, ready for `trainer.run(**search.best)`.

        Raises:
            ValueError: If no trial has a value.
        """
        return applicable(self._trainer, {**self._fixed, **self._best_trial().params})

    @property
    def best_value(self) -> float:
        """The metric of the best setting, mean over its seeds."""
        return self._best_trial().value

    @property
    def epochs_spent(self) -> int:
        """Epochs trained in all trials, seeds counted one by one."""
        return sum(noted(t, "epochs", 0) for t in self.study.get_trials(deepcopy=False))

    def to_frame(self) -> Any:
        """Lists the trials that are over.

        Returns:
            A pandas DataFrame with a row for each trial: its number, its state ("complete", "pruned" or "failed"), its
            value under the metric's name, its knobs, the epochs trained for it, and why it failed.
        """
        import pandas as pd

        words = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
        trials = [t for t in self.study.get_trials(deepcopy=False) if t.state in words]
        return pd.DataFrame(
            [
                {"trial": t.number, "state": words[t.state], self.metric: t.value, **t.params}
                | {"epochs": noted(t, "epochs", 0), "why": noted(t, "why", "")}
                for t in trials
            ]
        )

    def __repr__(self) -> str:
        frame = self.to_frame()
        counts = frame["state"].value_counts() if len(frame) else {}
        ended = " · ".join(f"{number} {state}" for state, number in counts.items()) or "no trial"
        if not any(t.state == TrialState.COMPLETE for t in self.study.get_trials(deepcopy=False)):
            return f"Search({ended})"
        return f"Search({ended} · best {self.metric} {self.best_value:.3g} with {self.best})"

    def _best_trial(self) -> optuna.trial.FrozenTrial:
        if not any(t.state == TrialState.COMPLETE for t in self.study.get_trials(deepcopy=False)):
            raise ValueError(
                "the search has no best setting: no trial was trained to its end. See why in its to_frame(), "
                "and try more trials or another space."
            )
        return self.study.best_trial


def search(
    trainer: Trainer,
    space: Mapping[str, Any],
    *,
    method: str = "random",
    trials: int = 64,
    metric: str | None = None,
    epochs: int | None = None,
    seeds: int = 1,
    seed: int = 0,
    executor: Executor | None = None,
    storage: Any = None,
    name: str = "search",
    progress: bool = True,
    **fixed: Any,
) -> Search:
    """Looks for the setting with the best validation score.

    Interrupt it (the ■ button of the notebook) and you get what it has; with a `storage`, calling it again goes on from
    there, even after its process was killed. A setting that diverges or cannot be trained is recorded as failed, and
    the search goes on. To train on several machines, give an `executor`; a storage serves one process at a time.

    Args:
        trainer: What trains a setting.
        space: For each knob its range, as `spaces.distributions` reads it.
        method: "grid", "random", "quasi-random", "coarse-to-fine", "tpe", "gaussian-process", "halving" (trains all
            for a few epochs and a third of them on) or "hyperband" (several of these, more or less strict).
        trials: How many settings to try, those in the storage included.
        metric: The curve to judge by, a key of `Runs.history`; None takes the validation accuracy, or the validation
            loss of a regression.
        epochs: Epochs to train; None takes the trainer's.
        seeds: Networks to train for each setting; their mean is its value.
        seed: Which random proposals.
        executor: Where to train: anything with the protocol of `concurrent.futures.Executor`, such as a process pool or
            a Dask cluster's `client.get_executor()`. None trains in this process.
        storage: Where trials are kept: None in memory, the path of a journal file, a database's URL, such as
            "sqlite:///search.db", or an Optuna storage.
        name: The study's name in the storage.
        progress: Whether to show a progress bar when the search takes more than a second.
        **fixed: Knobs that are the same in all trials.

    Returns:
        The search.

    Raises:
        ValueError: If the method, the space, a knob or a number cannot be used, or the storage holds another search.
        BrokenExecutorError: If the executor breaks down; the error's `search` has the trials that ended.
        StorageInUseError: If another process has taken or ended a trial of this search.

    Example:
        >>> search(trainer, {"learning_rate": (1e-4, 1.0, "log"), "width": [16, 64]}, method="tpe").best
    """
    asked = {"trainer": trainer, "method": method, "trials": trials, "seeds": seeds, "seed": seed, "executor": executor}
    for argument, value in asked.items():
        _RULES[argument].check(argument, value)
    ranges = distributions(space)
    curves = ["val_loss", "loss", *(["val_accuracy", "accuracy"] if trainer.dataset.classes is not None else [])]
    metric = metric or ("val_accuracy" if trainer.dataset.classes is not None else "val_loss")
    Rule(curves.__contains__, f"choose {', '.join(curves)}").check("metric", metric)
    epochs = trainer.epochs if epochs is None else epochs
    _check(trainer, ranges, fixed, seeds, epochs)
    job = Job(metric, int(epochs), int(seeds), fixed)
    sampler, block = METHODS[method]
    same = {"method": method, "seed": int(seed), "data": trainer.dataset.name, "optimizer": trainer.optimizer}
    study = open_study(storage, name, {**about(job, ranges), **same}, maximize="loss" not in metric)
    study.sampler = sampler(ranges, seed)
    if method == "grid":
        trials = min(trials, len(study.sampler.combinations))
    block = block or CHUNK * (1 if executor is None else workers(executor))
    brackets = rungs.of(method, job.epochs)
    found = Search(study, metric, trainer, fixed)
    bar = Bar(study, trials, metric, progress=progress)
    try:
        release(study)  # what a process that was killed has begun
        while claimed := claim(study, ranges, trials, block):
            for _ in run(study, claimed, brackets, trainer, job, executor):
                bar.show()
    except KeyboardInterrupt:
        over = trials - len(unfinished(study, trials))
        print(f"stopped after {over} of {trials} trials")  # noqa: T201 - for the learner who stopped it
    except BrokenExecutorError as error:
        error.search = found
        raise
    except UpdateFinishedTrialError as error:
        raise StorageInUseError from error
    finally:
        bar.close()
        release(study)
    return found


def _check(
    trainer: Trainer, ranges: Mapping[str, BaseDistribution], fixed: Mapping[str, Any], seeds: int, epochs: int
) -> None:
    """Raises what is wrong with the knobs, such as a misspelt one; a single bad value only fails its trial."""
    cube, errors = UnitCube(ranges), []
    if both := ranges.keys() & fixed.keys():
        raise ValueError(f"{min(both)} is fixed to {fixed[min(both)]!r} and also in space: give one of the two.")
    if lists := [name for name, value in fixed.items() if isinstance(value, list)]:
        raise ValueError(f"{lists[0]}={fixed[lists[0]]!r} is a list, which is a choice: put it into space.")
    for fraction in (0.5, 0.0, 1.0):
        try:
            setting = applicable(trainer, {**fixed, **cube.setting([fraction] * len(ranges))})
            trainer.stream(settings=[setting], seeds=seeds, epochs=epochs).close()
        except ValueError as error:
            errors.append(error)
        else:
            return
    raise errors[0]
