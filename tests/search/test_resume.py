"""Searches whose process was killed: called again, they go on; and two processes that search in one storage at once."""

import os
import signal

import pytest
from optuna.trial import TrialState

from course_utils.search import METHODS, distributions, search
from course_utils.search.storage import StorageInUseError, open_study
from tests import elsewhere
from tests.formula import SPACE, Formula

STORAGES = {"sqlite": "sqlite:///{}/search.db", "journal": "{}/search.log"}
OPTIONS = {"trials": 96, "progress": False}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="starts and kills processes as POSIX does")


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
    trials = found.study.trials[:96]  # one too many may be made, but is not trained
    assert [(t.params, t.value) for t in trials] == [(t.params, pytest.approx(t.value)) for t in straight.study.trials]
    assert found.epochs_spent == straight.epochs_spent
    rest = OPTIONS["trials"] - done - at_work
    assert elsewhere.trained(found, noted) == [1] * done + [2] * at_work + [1] * rest


class Disturbed(Formula):
    """While it trains for the first time, somebody else is at the same storage."""

    def __init__(self, disturb, storage):
        super().__init__()
        self.disturb, self.storage = disturb, storage

    def run(self, **options):
        disturb, self.disturb = self.disturb, lambda _: None
        disturb(self.storage)
        return super().run(**options)


def does_the_same_search(storage):
    search(Formula(), SPACE, storage=storage, **OPTIONS)


def takes_the_next_trial(storage):
    study = open_study(storage, "search", {}, maximize=False)
    study.sampler = METHODS["random"][0](distributions(SPACE), 0)
    assert study.ask(distributions(SPACE)).number == 32


@pytest.mark.parametrize("kind", STORAGES)
@pytest.mark.parametrize("disturb", [does_the_same_search, takes_the_next_trial])
def test_a_second_process_in_a_storage_is_an_error_and_spoils_no_trial(tmp_path, kind, disturb):
    storage = STORAGES[kind].format(tmp_path)
    with pytest.raises(StorageInUseError, match="another process is at this search, too: let one process at a time"):
        search(Disturbed(disturb, storage), SPACE, storage=storage, **OPTIONS)
    found = search(Formula(), SPACE, storage=storage, **OPTIONS)
    straight = search(Formula(), SPACE, **OPTIONS)
    trials = found.study.trials[:96]  # one too many may be made, but is not trained
    assert [(t.params, t.value) for t in trials] == [(t.params, pytest.approx(t.value)) for t in straight.study.trials]
    assert found.epochs_spent == straight.epochs_spent
