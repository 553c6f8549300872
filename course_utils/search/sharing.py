"""Who trains which trial, where several processes share a search, and what becomes of the trials of one that is gone.

A process claims trials by writing its name to them, and a search's name beats: a counter that goes up every few
seconds. Who claims trials and is seen to be gone, or has a counter that stands still for a minute, loses them; they
wait again, under their own numbers and with their own settings, so that nothing is lost or tried twice. Should a
process that was only slow come back, whichever result comes first counts. Counters are compared with the watcher's own
clock, so that clocks of different machines need not agree.

Optuna has heartbeats too, but only for databases and `Study.optimize`, one for each trial, and what is found dead there
is marked as failed and queued as a trial of another number; whoever dies in between loses a setting.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from course_utils.search.storage import in_memory

#: Seconds between two beats.
BEAT = 5.0

#: Seconds of silence after which somebody is taken for dead.
LEASE = 60.0

#: Fewest trials that are claimed at once when others want some too: one compiled call trains as many.
FEWEST = 4

_BEAT, _OVER = "beats of ", -1
_here: set[str] = set()  # owners of searches that go on in this process


class Share:
    """One process's part in a search; leaving it gives back what it claimed and did not finish.

    Args:
        study: The study, which other processes may have too.
        trials: How many trials all of them do together: those numbered below.
        block: How many trials a method wants to see together: those numbered from a multiple of it on; None if it does
            not look at results, so that any number will do.
        most: How many to claim at once if there is no block.
    """

    def __init__(self, study: optuna.Study, trials: int, block: int | None, most: int) -> None:
        self._study, self._trials, self._block, self._most = study, trials, block, most
        self._owner = f"{_place()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._alone = in_memory(study._storage)  # noqa: SLF001 - a study does not tell
        self._seen: dict[str, tuple[Any, float]] = {}
        self._stop = threading.Event()
        self._beats = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        _here.add(self._owner)
        if not self._alone:
            self._study.set_user_attr(_BEAT + self._owner, 0)
            self._beats.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        try:
            for trial in self._running():
                if trial.user_attrs.get("owner") == self._owner:
                    self._put_back(trial)
            if not self._alone:
                self._beats.join()
                self._study.set_user_attr(_BEAT + self._owner, _OVER)
        except Exception:
            if kind is None:  # otherwise what is wrong is told already
                raise
        finally:
            _here.discard(self._owner)

    def left(self) -> int:
        """Counts the trials that are not over yet, whoever trains them."""
        return self._trials - ended(self._study, self._trials)

    def claim(self, ranges: Mapping[str, BaseDistribution]) -> list[Trial]:
        """Takes trials to train: first those that somebody left behind, then new ones.

        Args:
            ranges: The search space.

        Returns:
            Trials with settings, of one block; none if others have all that are left.
        """
        self._take_over()
        claimed = {}
        end = self._end()
        wanted = self._open(end) if self._block else self._fair(self._open(end))
        while len(claimed) < wanted:
            trial = self._study.ask(dict(ranges))
            trial.set_user_attr("owner", self._owner)
            if trial.number >= end:  # others claim too, and were faster; this one waits for its block or more trials
                self._put_back(trial)
                break
            claimed[trial.number] = trial
        if self._alone:
            return list(claimed.values())
        # SQLite may let two processes take one waiting trial; it belongs to the one whose name was written last.
        owners = {t.number: t.user_attrs.get("owner") for t in self._running()}
        return [trial for number, trial in claimed.items() if owners.get(number) == self._owner]

    def _open(self, end: int) -> int:
        """Counts the trials numbered below `end` that nobody has, those that are not yet made included."""
        trials = self._study.get_trials(deepcopy=False)
        return max(0, end - len(trials)) + sum(t.state == TrialState.WAITING and t.number < end for t in trials)

    def _end(self) -> int:
        """Where the block ends of which somebody left trials behind, or which is next."""
        if self._block is None:
            return self._trials
        trials = self._study.get_trials(deepcopy=False)
        first = min((t.number for t in trials if t.state == TrialState.WAITING), default=len(trials))
        return min(first - first % self._block + self._block, self._trials)

    def _fair(self, wanted: int) -> int:
        """Less and less, so that all come to an end at about the same time."""
        others = sum(
            beat != _OVER and key != _BEAT + self._owner and not self._gone(key.removeprefix(_BEAT))
            for key, beat in self._study.user_attrs.items()
            if key.startswith(_BEAT)
        )
        return min(wanted, self._most, max(FEWEST, -(-wanted // (2 * others + 2))) if others else wanted)

    def _take_over(self) -> None:
        for trial in self._running():
            owner = trial.user_attrs.get("owner", "")
            if owner != self._owner and self._gone(owner or f"nobody yet of trial {trial.number}"):
                self._put_back(trial)

    def _gone(self, owner: str) -> bool:
        place, _, rest = owner.partition(":")
        pid = rest.partition(":")[0]
        if place == _place() and pid == str(os.getpid()):
            return owner not in _here
        if place == _place() and not _exists(int(pid)):
            return True
        beat, now = self._study.user_attrs.get(_BEAT + owner), time.monotonic()
        if owner not in self._seen or self._seen[owner][0] != beat:
            self._seen[owner] = beat, now
        return now - self._seen[owner][1] > LEASE

    def _put_back(self, trial: FrozenTrial | Trial) -> None:
        storage, key = self._study._storage, trial._trial_id  # noqa: SLF001 - Optuna has no public way
        with suppress(UpdateFinishedTrialError):
            storage.set_trial_user_attr(key, "owner", "")
            storage.set_trial_state_values(key, TrialState.WAITING)

    def _running(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def _beat(self) -> None:
        count = 0
        while not self._stop.wait(BEAT):
            count += 1
            with suppress(Exception):  # a database that is away for a moment is no reason to stop
                self._study.set_user_attr(_BEAT + self._owner, count)


def ended(study: optuna.Study, trials: int) -> int:
    """Counts the trials numbered below `trials` that are over: trained to the end, pruned, or failed."""
    return sum(t.state.is_finished() and t.number < trials for t in study.get_trials(deepcopy=False))


@cache
def _place() -> str:
    """Names the machine, and on it the container: where a process's number means this process and no other."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # systems other than Linux
        parts += [
            Path("/proc/sys/kernel/random/boot_id").read_text("ascii")[:8],
            str(Path("/proc/self/ns/pid").readlink()),
        ]
    return " ".join(parts).replace(":", "")


def _exists(pid: int) -> bool:
    """Tells whether a process is there; it may be another one of the same number."""
    if os.name == "nt":
        return True  # where signal 0 would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
