"""Where the trials of a search are kept, and how a search that was cut off finds them again."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import Trial, TrialState

from course_utils.evaluation import Outcome

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells of every study and trial on stderr, which is red

#: Why a trial has no value though nothing is wrong with its setting.
STOPPED = "stopped"


def open_study(storage: Any, name: str, about: Mapping[str, Any], *, maximize: bool) -> optuna.Study:
    """Opens a study, or makes it.

    Args:
        storage: None for memory, the path of a journal file, a database's URL, or an Optuna storage.
        name: The study's name.
        about: What must not change when a search goes on: method, metric and so on.
        maximize: Whether larger values are better.

    Returns:
        The study.

    Raises:
        ValueError: If the storage holds a study of this name that is about something else.
    """
    direction = "maximize" if maximize else "minimize"
    study = optuna.create_study(storage=_storage(storage), study_name=name, direction=direction, load_if_exists=True)
    known = study.user_attrs
    for key, value in about.items():
        if key in known and known[key] != value:
            raise ValueError(
                f"the storage holds a search named {name!r} with {key}={known[key]!r}, and this one has {value!r}: "
                "go on with the former value, or give this search another name."
            )
        if key not in known:
            study.set_user_attr(key, value)
    return study


def _storage(storage: Any) -> Any:
    if storage is None or isinstance(storage, BaseStorage):
        return storage
    if isinstance(storage, str) and "://" in storage:
        return storage
    if isinstance(storage, str | Path):
        return JournalStorage(JournalFileBackend(str(storage)))
    raise ValueError(f"storage={storage!r} cannot be used: give a path, a database's URL or an Optuna storage.")


def ended(study: optuna.Study) -> int:
    """Counts the trials that are over: trained to the end, pruned, or failed for good."""
    trials = study.get_trials(deepcopy=False)
    return sum(t.state.is_finished() and t.user_attrs.get("why") != STOPPED for t in trials)


def mark_owner(trial: Trial) -> None:
    """Notes which process trains a trial, so that it can be taken over when that process is gone."""
    trial.set_user_attr("owner", _me())


def take_back(study: optuna.Study, *, mine: bool = False) -> None:
    """Queues the settings of trials that nobody trains any more, to be trained after all.

    Args:
        study: The study.
        mine: Whether also those of this process.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        owner = trial.user_attrs.get("owner")
        if owner is None or ((owner != _me() or not mine) and _lives(owner)):
            continue
        study._storage.set_trial_user_attr(trial._trial_id, "why", STOPPED)  # noqa: SLF001 - Optuna has no public way
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def note(trial: Trial, outcome: Outcome, epochs: int) -> None:
    """Writes down what came out of a trial, before its state is told.

    Args:
        trial: The trial.
        outcome: What came out.
        epochs: Epochs just trained, seeds counted one by one.
    """
    trial.set_user_attr("epochs", trial.user_attrs.get("epochs", 0) + epochs)
    trial.set_user_attr("by seed", json.dumps(outcome.by_seed))
    if outcome.failed:
        trial.set_user_attr("why", outcome.failed)
    reported = set(trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values)
    for epoch, value in enumerate(outcome.curve, start=1):
        if epoch not in reported:
            trial.report(value, epoch)


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _lives(owner: str) -> bool:
    """Tells whether a process may still be there; of other machines that cannot be known."""
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
