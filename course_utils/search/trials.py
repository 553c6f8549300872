"""Trials of a search: which are next, how each climbs its rungs, and what the study is told about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import Trial, TrialState

from course_utils.search.jobs import Job, Outcome, outcomes
from course_utils.search.rungs import competition, survivors
from course_utils.search.storage import StorageInUseError, note, noted, scores, tell, unfinished
from course_utils.training import Trainer


def claim(study: optuna.Study, ranges: Mapping[str, BaseDistribution], total: int, block: int) -> list[Trial]:
    """Takes the trials to train next: first those that wait because they were interrupted, then new ones.

    Args:
        study: The study.
        ranges: The search space.
        total: How many trials the search has: those numbered below.
        block: How many are trained together: those numbered from a multiple of it on.

    Returns:
        Trials with settings, all of one block; none if the search is done.

    Raises:
        StorageInUseError: If another process has taken some of them.
    """
    left = unfinished(study, total)
    next_ = [number for number in left if number // block == left[0] // block]
    claimed = [study.ask(dict(ranges)) for _ in next_]
    if [trial.number for trial in claimed] != next_:
        raise StorageInUseError
    return claimed


def run(
    study: optuna.Study,
    claimed: Sequence[Trial],
    brackets: Sequence[Sequence[int]],
    trainer: Trainer,
    job: Job,
    executor: Executor | None,
) -> Iterator[Outcome]:
    """Trains trials rung by rung, prunes those that are too poor for the next, and tells the study of each.

    Every rung trains from the start. With the same seed and a schedule that does not look at the end, the curve of the
    rung before comes out again, longer, so that nothing is lost but time; a schedule such as cosine comes to its own
    end on every rung. A trial that was interrupted begins with the first rung for which it has no value.

    Args:
        study: The study.
        claimed: What to train.
        brackets: The rungs of each bracket, in epochs, as `rungs.of` gives them.
        trainer: What trains.
        job: How, with the epochs of the last rung.
        executor: Where; None trains in this process.

    Yields:
        What came out of each trial on each rung, when the study has been told.
    """
    competitions: dict[tuple[int, int], list[Trial]] = {}
    for trial in claimed:
        competitions.setdefault(competition(trial.number, brackets), []).append(trial)
    for place, members in competitions.items():
        alive = members
        for epochs in brackets[place[1]]:
            values = {}
            for trial, outcome in _climb(study, alive, replace(job, epochs=epochs), trainer, executor):
                if outcome.failed:
                    tell(trial, TrialState.FAIL)
                elif epochs == job.epochs:
                    tell(trial, TrialState.COMPLETE, outcome.curve[-1])
                else:
                    values[trial.number] = outcome.curve[-1]
                yield outcome
            # Trials of the block that were stopped before an interruption compete as well.
            known = {n: score for n, score in scores(study, epochs).items() if competition(n, brackets) == place}
            best = survivors(known)
            alive = [trial for trial in alive if trial.number in values]
            for trial in alive:
                if trial.number not in best:
                    tell(trial, TrialState.PRUNED, values[trial.number])
            alive = [trial for trial in alive if trial.number in best]


def _climb(
    study: optuna.Study, alive: Sequence[Trial], job: Job, trainer: Trainer, executor: Executor | None
) -> Iterator[tuple[Trial, Outcome]]:
    """Gives what came out of each trial after so many epochs: what is noted of it, or else what training gives."""
    known = {t.number: t for t in study.get_trials(deepcopy=False)}
    todo = []
    for trial in alive:
        if job.epochs in known[trial.number].intermediate_values:
            yield trial, Outcome((known[trial.number].intermediate_values[job.epochs],))
        else:
            todo.append(trial)
    for place, outcome in outcomes(trainer, [trial.params for trial in todo], job, executor):
        note(todo[place], outcome, noted(known[todo[place].number], "epochs", 0) + job.epochs * job.seeds)
        yield todo[place], outcome
