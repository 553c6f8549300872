"""Where the trials of a search are kept, so that it can go on after it was cut off."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, Trial, TrialState

from course_utils.search.trials import Job, Outcome

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells of every study and trial on stderr, which is red

#: Seconds after which a lock of a journal file counts as left behind; one is held for the milliseconds of a write.
_LOCK = 5

#: Seconds that a writer waits for the other writers of an SQLite file.
_SQLITE = 60


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
    # A function stands elsewhere in memory each time, and keywords may come in another order.
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


def _database(url: str) -> BaseStorage:
    from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

    options = {"connect_args": {"timeout": _SQLITE}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    for last in (False, False, False, True):
        try:
            return _quick(RDBStorage(url, engine_kwargs=options))
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            # Of several processes that come to an empty database at once, only one can make its tables.
            if last or not re.search("exist|unique|duplicate|locked", str(error), re.IGNORECASE):
                raise _unusable(url, error) from error
        except (SQLAlchemyError, ImportError, ValueError) as error:
            raise _unusable(url, error) from error
    raise AssertionError


def _quick(storage: RDBStorage) -> RDBStorage:
    """Spares SQLite the wait for the disk at each write; what a process has written is safe even so when it is killed.

    Only a power failure may undo the last trials, and readers need not wait for writers.
    """
    from sqlalchemy import event

    def begin(connection: Any, _: object) -> None:
        with suppress(sqlite3.OperationalError):  # somebody else is at it, and one suffices: the file remembers
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

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
        "in, and write its URL as in 'sqlite:///search.db' or 'postgresql+psycopg://user:password@host/name' (which "
        "needs the package psycopg)."
    )


def note(trial: Trial, outcome: Outcome, epochs: int) -> None:
    """Writes down what came out of a trial, before its state is told.

    Args:
        trial: The trial.
        outcome: What came out.
        epochs: Epochs trained for it so far, seeds counted one by one.
    """
    curve = dict(enumerate(outcome.curve, start=1))
    if not in_memory(trial.storage):  # a transaction for each epoch would take longer than to train it
        curve = {epoch: value for epoch, value in curve.items() if epoch == len(curve)}
    try:
        trial.set_user_attr("outcome", {"epochs": epochs, "why": outcome.failed, "by seed": list(outcome.by_seed)})
        for epoch, value in curve.items():
            trial.storage.set_trial_intermediate_value(trial._trial_id, epoch, value)  # noqa: SLF001 - not public
    except UpdateFinishedTrialError:
        return


def noted(trial: FrozenTrial, what: str, default: Any) -> Any:
    """Reads what was written down of a trial: its "epochs", "why" it failed, or its values "by seed"."""
    return trial.user_attrs.get("outcome", {}).get(what, default)


def tell(trial: Trial, state: TrialState, value: float | None = None) -> None:
    """Ends a trial, unless another process has done so, which took this one for dead: the first result counts."""
    values = None if value is None else [value]
    try:
        # `Study.tell` would not take a trial that waits for somebody else, since this process was taken for dead.
        trial.storage.set_trial_state_values(trial._trial_id, state, values)  # noqa: SLF001 - not public
    except UpdateFinishedTrialError:
        return


def in_memory(storage: BaseStorage) -> bool:
    """Tells whether no other process can see a storage."""
    return isinstance(storage, InMemoryStorage)
