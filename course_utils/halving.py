"""Successive halving and Hyperband: poor trials are stopped early, so that good ones get the epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import optuna
from optuna.trial import Trial, TrialState

from course_utils.evaluation import Job, outcomes, shorter
from course_utils.proposing import sign
from course_utils.storing import note
from course_utils.training import Trainer

#: One trial in so many goes on to the next stage, for so many times as many epochs.
ETA = 3


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
    stages: Sequence[int],
    trainer: Trainer,
    job: Job,
    executor: Executor | None,
) -> Iterator[None]:
    """Trains trials in stages, prunes between them, and tells the study; yields after each outcome.

    What a trial learned in one stage is trained again in the next: the same seed gives the same curve, so that
    nothing changes but the time.
    """
    alive = {trial.number: trial for trial in trials}
    for stage in stages:
        order, values = list(alive.values()), {}
        for row, outcome in outcomes(trainer, [t.params for t in order], shorter(job, stage), executor):
            trial = order[row]
            note(trial, outcome, stage * job.seeds)
            if outcome.failed:
                study.tell(trial, state=TrialState.FAIL)
            elif stage == stages[-1]:
                study.tell(trial, outcome.curve[-1])
            else:
                values[trial.number] = sign(study) * outcome.curve[-1]
            yield
        best_first = sorted(values, key=values.get, reverse=True)
        keep = -(-len(best_first) // ETA)
        for number in best_first[keep:]:
            study.tell(alive[number], state=TrialState.PRUNED)
        alive = {number: alive[number] for number in best_first[:keep]}
