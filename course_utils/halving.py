"""Successive halving and Hyperband: poor trials are stopped early, so that good ones get the epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import numpy as np
import optuna
from optuna.trial import Trial, TrialState

from course_utils.evaluation import Job, outcomes, shorter
from course_utils.proposing import sign
from course_utils.storing import latest, note, tell
from course_utils.training import Trainer

#: One trial in so many goes on to the next stage, for so many times as many epochs.
ETA = 3

#: Trials that compete with one another: those numbered from a multiple of it on.
BLOCK = 27


def brackets(method: str, epochs: int) -> list[list[int]]:
    """Lists the stages, in epochs, of every bracket that a method divides its trials among.

    Halving has one bracket, such as 2, 6 and 20 epochs. Hyperband hedges: it has others that begin later (6 and 20;
    20 only). Other methods train everything to the end.

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

    What a trial learned in one stage is trained again in the next: the same seed gives the same curve, so that
    nothing changes but the time. A trial that was cut off begins with the first stage that it has no value of.

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
            yield from _stage(alive, stage, trainer, job, executor)
            if stage < job.epochs:
                best = _best(study, group, bracketed, stage)
                for number in alive.keys() - best:
                    tell(alive.pop(number), TrialState.PRUNED)


def _group(number: int, bracketed: Sequence[Sequence[int]]) -> tuple[int, int]:
    if all(len(stages) == 1 for stages in bracketed):
        return 0, 0  # nobody competes
    return number // BLOCK, number % BLOCK % len(bracketed)


def _stage(
    alive: dict[int, Trial], stage: int, trainer: Trainer, job: Job, executor: Executor | None
) -> Iterator[None]:
    """Sees to it that all have a value after so many epochs; takes away those that fail and those that are done."""
    values = {number: latest(trial).intermediate_values for number, trial in alive.items()}
    for number in [number for number in alive if stage in values[number]]:
        _after(alive, number, values[number][stage], final=stage == job.epochs)
        yield
    todo = [trial for number, trial in alive.items() if stage not in values[number]]
    for row, outcome in outcomes(trainer, [t.params for t in todo], shorter(job, stage), executor):
        note(todo[row], outcome, stage * job.seeds)
        value = np.nan if outcome.failed else outcome.curve[-1]
        _after(alive, todo[row].number, value, final=stage == job.epochs)
        yield


def _after(alive: dict[int, Trial], number: int, value: float, *, final: bool) -> None:
    if not np.isfinite(value):
        tell(alive.pop(number), TrialState.FAIL)
    elif final:
        tell(alive.pop(number), TrialState.COMPLETE, value)


def _best(study: optuna.Study, group: tuple[int, int], bracketed: Sequence[Sequence[int]], stage: int) -> set[int]:
    """The numbers that go on, among all of the group that have a value, also those that another process trained."""
    members = [t for t in study.get_trials(deepcopy=False) if _group(t.number, bracketed) == group]
    values = {t.number: sign(study) * t.intermediate_values.get(stage, np.nan) for t in members}
    ranked = sorted((n for n, value in values.items() if np.isfinite(value)), key=lambda n: (-values[n], n))
    return set(ranked[: -(-len(ranked) // ETA)])
