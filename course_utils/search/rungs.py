"""Successive halving and Hyperband: poor trials are stopped early, so that good ones get the epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import numpy as np
import optuna
from optuna.trial import Trial, TrialState

from course_utils.search.samplers import sign
from course_utils.search.storage import note, noted, tell
from course_utils.search.trials import Job, outcomes, shorter
from course_utils.training import Trainer

#: One trial in so many goes on to the next stage, for so many times as many epochs.
ETA = 3

#: Trials that compete with one another: those numbered from a multiple of it on.
BLOCK = 27


def brackets(method: str, epochs: int) -> list[list[int]]:
    """Lists the stages, in epochs, of every bracket that a method divides its trials among.

    Halving has one bracket, such as 2, 6 and 20 epochs. Hyperband hedges: it has others that begin later (6 and 20;
    20 only). Other methods train everything to the end.

    Args:
        method: A key of `search.METHODS`.
        epochs: Epochs of the last stage.

    Returns:
        For each bracket its stages, in epochs, the shortest first.

    Source: Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, 2018.
    """
    stages = [epochs]
    while method in ("halving", "hyperband") and len(stages) < ETA and stages[0] // ETA >= 1:
        stages.insert(0, stages[0] // ETA)
    if method == "hyperband":
        return [stages[start:] for start in range(len(stages))]
    return [stages]


def train(
    study: optuna.Study,
    trials: Sequence[Trial],
    bracketed: Sequence[Sequence[int]],
    trainer: Trainer,
    job: Job,
    executor: Executor | None,
) -> Iterator[None]:
    """Trains trials in stages, prunes between them, and tells the study; yields after each outcome.

    Every stage trains from the start. With the same seed and a schedule that does not look at the end, the curve of the
    stage before comes out again, longer, so that nothing is lost but time; a schedule such as cosine comes to its own
    end in every stage. A trial that was cut off begins with the first stage that it has no value of.

    Args:
        study: The study.
        trials: What to train.
        bracketed: The stages, in epochs, of each bracket; the trials of a block take them in turn.
        trainer: What trains.
        job: How, with the epochs of the last stage.
        executor: Where; None trains in this process.
    """
    groups: dict[tuple[int, int], dict[int, Trial]] = {}
    for trial in trials:
        groups.setdefault(_group(trial.number, bracketed), {})[trial.number] = trial
    for group, alive in groups.items():
        for stage in bracketed[group[1]]:
            yield from _stage(study, alive, stage, trainer, job, executor)
            if not alive:
                break
            values = _values(study, group, bracketed, stage)
            best_first = sorted(values, key=lambda number: (-sign(study) * values[number], number))
            for number in alive.keys() - best_first[: -(-len(best_first) // ETA)]:
                tell(alive.pop(number), TrialState.PRUNED, values[number])


def _group(number: int, bracketed: Sequence[Sequence[int]]) -> tuple[int, int]:
    if all(len(stages) == 1 for stages in bracketed):
        return 0, 0  # nobody competes
    return number // BLOCK, number % BLOCK % len(bracketed)


def _stage(
    study: optuna.Study, alive: dict[int, Trial], stage: int, trainer: Trainer, job: Job, executor: Executor | None
) -> Iterator[None]:
    """Sees to it that all have a value after so many epochs; takes away those that fail and those that are done."""
    known = {t.number: t for t in study.get_trials(deepcopy=False) if t.number in alive}
    todo = []
    for number, trial in list(alive.items()):
        if stage in known[number].intermediate_values:
            _after(alive, number, known[number].intermediate_values[stage], final=stage == job.epochs)
            yield
        else:
            todo.append(trial)
    for row, outcome in outcomes(trainer, [t.params for t in todo], shorter(job, stage), executor):
        number = todo[row].number
        note(todo[row], outcome, noted(known[number], "epochs", 0) + stage * job.seeds)
        _after(alive, number, np.nan if outcome.failed else outcome.curve[-1], final=stage == job.epochs)
        yield


def _after(alive: dict[int, Trial], number: int, value: float, *, final: bool) -> None:
    if not np.isfinite(value):
        tell(alive.pop(number), TrialState.FAIL)
    elif final:
        tell(alive.pop(number), TrialState.COMPLETE, value)


def _values(
    study: optuna.Study, group: tuple[int, int], bracketed: Sequence[Sequence[int]], stage: int
) -> dict[int, float]:
    """Values after so many epochs of all that compete, also of those that another process trains."""
    members = [t for t in study.get_trials(deepcopy=False) if _group(t.number, bracketed) == group]
    values = {t.number: t.intermediate_values.get(stage, np.nan) for t in members}
    return {number: value for number, value in values.items() if np.isfinite(value)}
