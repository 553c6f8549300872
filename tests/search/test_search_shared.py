"""Several processes at one search: through a journal file, SQLite and a PostgreSQL server."""

import multiprocessing
import threading
from contextlib import contextmanager

import optuna
import pytest
from optuna.trial import TrialState

from course_utils.search import METHODS, search, sharing
from course_utils.search.spaces import distributions
from course_utils.search.storage import note, noted, open_study, tell
from course_utils.search.trials import Outcome
from tests import postgres
from tests.formula import SPACE, Formula
from tests.search_process import CHUNK, TRIALS, serve

WAIT = 120


class Process:
    """Another process that searches."""

    def __init__(self, context):
        self.connection, end = context.Pipe()
        self._process = context.Process(target=serve, args=(end,), daemon=True)
        self._process.start()
        end.close()

    def begin(self, **options):
        self.connection.send(options)

    def answer(self):
        assert self.connection.poll(WAIT), "the other process is silent"
        answer = self.connection.recv()
        assert answer == "paused" or isinstance(answer, list), f"the other process failed: {answer}"
        return answer

    def kill(self):
        self._process.kill()
        self._process.join()


@pytest.fixture(scope="module")
def context():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["search_process"])
    return context


@pytest.fixture(scope="module")
def processes(context):
    both = Process(context), Process(context)
    yield both
    for process in both:
        process.kill()


@pytest.fixture(scope="module")
def alone():
    return search(Formula(), SPACE, trials=TRIALS, progress=False)


@contextmanager
def storage_of(kind, folder):
    if kind == "postgresql":
        with postgres.server() as url:
            yield url
    else:
        yield f"sqlite:///{folder}/search.db" if kind == "sqlite" else str(folder / "search.log")


@pytest.fixture(scope="module", params=["journal", "sqlite", "postgresql"])
def storage(request, tmp_path_factory):
    with storage_of(request.param, tmp_path_factory.mktemp("storage")) as place:
        yield place


def trials_in(storage, name):
    trials = open_study(storage, name, {}, maximize=False).trials
    assert all(t.state == TrialState.WAITING for t in trials[TRIALS:]), "one too many may be made, but is not trained"
    return trials[:TRIALS]


def owners(trials):
    return {t.user_attrs["owner"] for t in trials}


def assert_each_once(trials, alone):
    """Every setting of the search that one process would do, each trained once, with the same value."""
    assert [t.number for t in trials] == list(range(TRIALS))
    assert {t.state for t in trials} == {TrialState.COMPLETE}
    assert [t.params for t in trials] == [t.params for t in alone.study.trials]
    assert [t.value for t in trials] == [pytest.approx(t.value) for t in alone.study.trials]
    assert {noted(t, "epochs", 0) for t in trials} == {9}


def test_processes_that_begin_at_once_share_the_trials(storage, processes, alone):
    for process in processes:
        process.begin(trials=TRIALS, storage=storage, name="both", pause=1)
    assert [process.answer() for process in processes] == ["paused"] * 2, "each has claimed some trials"
    for process in processes:
        process.connection.send("go on")
    seen = [process.answer() for process in processes]
    trials = trials_in(storage, "both")
    assert_each_once(trials, alone)
    assert len(owners(trials)) == 2, "both did some"
    assert seen[0][:TRIALS] == seen[1][:TRIALS], "both end with all trials, whoever trained them"


def test_the_trials_of_a_process_that_is_killed_are_taken_over(storage, processes, context, alone):
    victim = Process(context)
    victim.begin(trials=TRIALS, storage=storage, name="killed", pause=2)
    assert victim.answer() == "paused"
    (lost,) = owners(t for t in trials_in(storage, "killed") if t.state == TrialState.RUNNING)
    processes[0].begin(trials=TRIALS, storage=storage, name="killed")
    victim.kill()
    assert len(processes[0].answer()) >= TRIALS
    trials = trials_in(storage, "killed")
    assert_each_once(trials, alone)
    done = [t for t in trials if t.user_attrs["owner"] == lost]
    assert len(done) == CHUNK, "what the dead process finished stays its own"


ELSEWHERE = "elsewhere:1:abc"


def left_behind(storage, owner, number=3):
    """A study in which somebody claimed some trials."""
    study = open_study(storage, "search", {}, maximize=False)
    study.sampler = METHODS["random"][0](distributions(SPACE), 0)
    for _ in range(number):
        trial = study.ask(distributions(SPACE))
        if owner:
            trial.set_user_attr("owner", owner)
    return study


@pytest.mark.parametrize("owner", [ELSEWHERE, None], ids=["another machine", "died before it wrote its name"])
def test_the_trials_of_a_machine_that_is_silent_are_taken_over(tmp_path, alone, monkeypatch, owner):
    monkeypatch.setattr(sharing, "LEASE", 0.3)
    left_behind(tmp_path / "search.log", owner)
    found = search(Formula(), SPACE, progress=False, trials=8, storage=tmp_path / "search.log")
    assert [t.params for t in found.study.trials] == [t.params for t in alone.study.trials[:8]]
    assert (found.to_frame()["state"] == "complete").all()


def test_the_trials_of_a_machine_whose_heart_beats_are_left_to_it(tmp_path, monkeypatch):
    """It beats, and finishes its trials only when this process has long been waiting for them."""
    monkeypatch.setattr(sharing, "LEASE", 0.3)
    study = left_behind(tmp_path / "search.log", ELSEWHERE)
    looks = []

    def pause(_):
        looks.append(study.set_user_attr("beats of " + ELSEWHERE, len(looks)))
        if threading.Event().wait(0.1) or len(looks) < 8:
            return
        for number in range(3):
            study.tell(number, 0.5)

    monkeypatch.setattr("course_utils.search.sleep", pause)
    found = search(Formula(), SPACE, progress=False, trials=8, storage=tmp_path / "search.log")
    assert [t.value for t in found.study.trials[:3]] == [0.5] * 3
    assert len(found.to_frame()) == 8


def test_a_late_result_of_one_taken_for_dead_counts_if_it_is_the_first():
    study = optuna.create_study()
    ranges = distributions(SPACE)
    for first in (True, False):
        with sharing.Share(study, 8, None, 1) as slow:
            (trial,) = slow.claim(ranges)
            slow._put_back(trial)
            if not first:
                with sharing.Share(study, 8, None, 1) as other:
                    (same,) = other.claim(ranges)
                    assert same.number == trial.number
                    tell(same, TrialState.COMPLETE, 2.0)
            note(trial, Outcome((3.0, 4.0), (4.0,)), 2)
            tell(trial, TrialState.COMPLETE, 4.0)
    assert [t.value for t in study.trials] == [4.0, 2.0]


def test_searches_in_two_threads_of_one_process_do_not_take_from_each_other():
    study = optuna.create_study()
    with sharing.Share(study, 8, None, 3) as one, sharing.Share(study, 8, None, 8) as other:
        numbers = [[t.number for t in share.claim(distributions(SPACE))] for share in (one, other)]
    assert numbers == [[0, 1, 2], [3, 4, 5, 6, 7]]
    assert {t.state for t in study.trials} == {TrialState.WAITING}, "what they left is there for the next"


def test_claims_get_smaller_where_others_want_some_too(tmp_path):
    ranges = distributions(SPACE)
    studies = [open_study(tmp_path / "search.log", "search", {}, maximize=False) for _ in range(2)]
    with sharing.Share(studies[0], 64, None, 32) as one:
        assert len(one.claim(ranges)) == 32
        with sharing.Share(studies[1], 64, None, 32) as other:
            sizes = [len(share.claim(ranges)) for share in (one, other) * 4]
    assert sizes == [8, 6, 5, 4, 4, 4, 1, 0]
    with sharing.Share(studies[0], 64, None, 32) as one:
        assert len(one.claim(ranges)) == 32, "who has ended wants none"


def test_a_block_is_claimed_whole_and_not_mixed_with_the_next(tmp_path):
    ranges = distributions(SPACE)
    study = open_study(tmp_path / "search.log", "search", {}, maximize=False)

    def numbers(trials):
        with sharing.Share(study, trials, 8, 64) as share:
            claimed = share.claim(ranges)
            for trial in claimed[2:]:
                tell(trial, TrialState.COMPLETE, 1.0)
            return [t.number for t in claimed]

    assert numbers(5) == [0, 1, 2, 3, 4], "no more than the search wants"
    assert numbers(20) == [0, 1, 5, 6, 7], "the rest of the block, and not the next"
    assert numbers(1) == [0]
