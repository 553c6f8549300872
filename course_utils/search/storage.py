"""Where the trials of a search are kept, what is noted about them, and how an interrupted search is continued."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from course_utils.search.jobs import Job, Outcome

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells of every study and trial on stderr, which is red

#: Seconds after which a lock of a journal file counts as left behind; one is held for the milliseconds of a write.
_LOCK = 5


class StorageInUseError(RuntimeError):
    """Another process searches in the same storage."""

    def __init__(self) -> None:
        super().__init__(
            "another process is at this search, too: let one process at a time search in a storage (its executor may "
            "have many workers), or give each search a name of its own."
        )


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
        ValueError: If the storage cannot be opened, or holds a study of this name that is about something else.
    """
    if not isinstance(name, str) or not name:
        raise ValueError(f"name={name!r} cannot be used: give words, by which the storage finds the search again.")
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


def about(job: Job, ranges: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """Describes what a search is about, in words that a storage can hold.

    Args:
        job: What is done with each setting.
        ranges: The search space.

    Returns:
        The words, for `open_study` to keep and compare.
    """
    # A function has another address in memory each time, and keywords may come in another order.
    fixed = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(dict(sorted(job.fixed.items()))))
    space = {knob: distribution_to_json(kind) for knob, kind in ranges.items()}
    return {"metric": job.metric, "epochs": job.epochs, "seeds": job.seeds, "fixed": fixed, "space": space}


def _storage(storage: Any) -> Any:
    if storage is None or isinstance(storage, BaseStorage):
        return storage
    if isinstance(storage, str) and "://" in storage:
        return _database(storage)
    if isinstance(storage, str | Path):
        return _journal(Path(storage))
    raise ValueError(f"storage={storage!r} cannot be used: give a path, a database's URL or an Optuna storage.")


def _journal(path: Path) -> JournalStorage:
    path = path.absolute()  # the notebook may change its folder
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError(f"storage='{path}' cannot be used: give the path of a file in a folder that exists.")
    if path.exists():
        with path.open("rb") as file:
            if file.read(6) == b"SQLite":
                raise ValueError(f"storage='{path}' is an SQLite database: write 'sqlite:///{path}'.")
    # Of Optuna's two locks, this one works on Windows too, and its age is that of the lock and not of the journal.
    return JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path), grace_period=_LOCK)))


def _database(url: str) -> RDBStorage:
    from sqlalchemy import event
    from sqlalchemy.exc import SQLAlchemyError

    def begin(connection: Any, _: object) -> None:
        # Spares the wait for the disk at each write. What a process has written is safe even so when it is killed; only
        # a power failure may undo the last trials.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    try:
        storage = RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise _unusable(url, error) from error
    if storage.engine.dialect.name == "sqlite":
        event.listen(storage.engine, "connect", begin)
        storage.engine.dispose()  # the connections that are open already have not been told
    return storage


def _unusable(url: str, error: Exception) -> ValueError:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        shown = url.partition("://")[0] + "://…"  # whatever follows may hold a password
    return ValueError(
        f"storage={shown!r} cannot be opened ({type(error).__name__}): check that the database is there and lets you "
        "in, and that its driver is installed; SQLite needs none, as in 'sqlite:///search.db'."
    )


def note(trial: Trial, outcome: Outcome, epochs: int) -> None:
    """Notes what came out of a trial, before `tell` ends it.

    Args:
        trial: The trial.
        outcome: What came out.
        epochs: Epochs trained for it so far, seeds counted one by one.
    """
    curve = dict(enumerate(outcome.curve, start=1))
    if not isinstance(trial.storage, InMemoryStorage):
        # A transaction for each epoch would take longer than to train it.
        curve = dict(list(curve.items())[-1:])
    trial.set_user_attr("outcome", {"epochs": epochs, "why": outcome.failed})
    for epoch, value in curve.items():  # `Trial.report` would not write an epoch again, which each rung does
        trial.storage.set_trial_intermediate_value(trial._trial_id, epoch, value)  # noqa: SLF001 - not public


def noted(trial: FrozenTrial, what: str, default: Any) -> Any:
    """Reads what `note` wrote about a trial.

    Args:
        trial: The trial.
        what: "epochs", those trained for it, seeds counted one by one; or "why", the reason it failed or "".
        default: What to return if nothing was noted.

    Returns:
        What was noted, or the default.
    """
    return trial.user_attrs.get("outcome", {}).get(what, default)


def tell(trial: Trial, state: TrialState, value: float | None = None) -> None:
    """Ends a trial.

    Args:
        trial: The trial.
        state: How it ended: complete, pruned or failed.
        value: Its value; None if it has none.

    Raises:
        UpdateFinishedTrialError: If the trial has already ended, as when another process searches in the same storage.
    """
    # `Study.tell` copies the whole trial, which takes longer than to look a setting up.
    trial.storage.set_trial_state_values(trial._trial_id, state, None if value is None else [value])  # noqa: SLF001


def release(study: optuna.Study) -> None:
    """Makes the trials that began and did not end wait, with their numbers and settings, until they are claimed again.

    Args:
        study: The study.

    Raises:
        UpdateFinishedTrialError: If another process ends one of them at the same moment.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)  # noqa: SLF001 - not public


def unfinished(study: optuna.Study, total: int) -> list[int]:
    """Lists the trials that have not ended, including those that do not exist yet.

    Args:
        study: The study.
        total: How many trials the search has.

    Returns:
        Their numbers, from 0 to `total` - 1, in order.
    """
    over = {t.number for t in study.get_trials(deepcopy=False) if t.state.is_finished()}
    return [number for number in range(total) if number not in over]


def scores(study: optuna.Study, epochs: int | None = None) -> dict[int, float]:
    """Reads how good trials are; only here does it matter whether a search maximises or minimises.

    Args:
        study: The study.
        epochs: After how many epochs; None for the values of the trials that were trained to the end.

    Returns:
        A score by the number of each trial that has one, larger is better: the value, or minus the value.
    """
    sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
    trials = study.get_trials(deepcopy=False)
    if epochs is None:
        return {t.number: sign * t.value for t in trials if t.state == TrialState.COMPLETE}
    values = {t.number: t.intermediate_values.get(epochs, np.nan) for t in trials}
    return {number: sign * value for number, value in values.items() if np.isfinite(value)}
