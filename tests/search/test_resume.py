"""Searches whose process was killed: called again, they go on; and two processes that search in one storage at once."""

import os
import signal

import pytest
from optuna.trial import TrialState

from course_utils.search import search
from course_utils.search.storage import open_study
from tests import elsewhere
from tests.formula import SPACE, Formula

STORAGES = {"sqlite": "sqlite:///{}/search.db", "journal": "{}/search.log"}
OPTIONS = {"trials": 96, "progress": False}


def same_trials(one, other):
    return [(t.params, t.value) for t in one.study.trials] == [
        (t.params, pytest.approx(t.value)) for t in other.study.trials
    ]


@pytest.mark.parametrize(
    ("method", "kind", "done", "at_work"),
    [("random", "sqlite", 32, 32), ("random", "journal", 32, 32), ("tpe", "journal", 40, 4)],
)
def test_a_search_whose_process_was_killed_goes_on(tmp_path, method, kind, done, at_work):
    storage, noted = STORAGES[kind].format(tmp_path), tmp_path / "trained"
    options = {**OPTIONS, "method": method}
    straight = search(Formula(), SPACE, **options)
    with elsewhere.told(lambda pid: os.kill(pid, signal.SIGKILL)) as address:
        victim = elsewhere.Telling(address, straight.study.trials[41].params, noted)
        process = elsewhere.context().Process(
            target=search, args=(victim, SPACE), kwargs={**options, "storage": storage}
        )
        process.start()
        process.join()
    assert process.exitcode == -signal.SIGKILL
    left = [t.state for t in open_study(storage, "search", {}, maximize=False).trials]
    assert left == [TrialState.COMPLETE] * done + [TrialState.RUNNING] * at_work
    found = search(elsewhere.Telling(None, None, noted), SPACE, storage=storage, **options)
    assert same_trials(found, straight)
    assert found.epochs_spent == straight.epochs_spent
    rest = OPTIONS["trials"] - done - at_work
    assert elsewhere.trained(found, noted) == [1] * done + [2] * at_work + [1] * rest


class Disturbed(Formula):
    """While it trains for the first time, another one does the same search in the same storage."""

    def __init__(self, storage):
        super().__init__()
        self.storage = storage

    def run(self, **options):
        storage, self.storage = self.storage, None
        if storage:
            search(Formula(), SPACE, storage=storage, **OPTIONS)
        return super().run(**options)


@pytest.mark.parametrize("kind", STORAGES)
def test_a_second_process_in_a_storage_is_an_error_and_spoils_no_trial(tmp_path, kind):
    storage = STORAGES[kind].format(tmp_path)
    with pytest.raises(
        RuntimeError, match="another process has trained a trial of this search, too: let one at a time"
    ):
        search(Disturbed(storage), SPACE, storage=storage, **OPTIONS)
    found = search(Formula(), SPACE, storage=storage, **OPTIONS)
    straight = search(Formula(), SPACE, **OPTIONS)
    assert same_trials(found, straight)
    assert found.epochs_spent == straight.epochs_spent
