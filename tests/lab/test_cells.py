"""What a lab knows of cells: that none has run for a moment, so that the cores are free."""

import threading
import time

import pytest
from IPython.core.events import EventManager, available_events

from course_utils.lab import cells as lab_cells


class Shell:
    """As much of IPython as the events need."""

    def __init__(self):
        self.events = EventManager(self, available_events)

    def begin(self):
        self.events.trigger("pre_run_cell", None)

    def end(self):
        self.events.trigger("post_run_cell", None)


@pytest.fixture
def shell(monkeypatch):
    shell = Shell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    return shell


@pytest.fixture
def cells():
    return lab_cells.Cells()


def always():
    return True


def in_background(work):
    """Starts work in a thread; returns the thread and the list that its answer comes into."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(work()), daemon=True)
    thread.start()
    return thread, answers


def test_outside_a_notebook_there_is_nothing_to_wait_for(cells):
    cells.watch()
    assert cells.wait_for_pause(always)
    assert not cells.wait_for_pause(lambda: False)


def test_a_pause_comes_a_second_after_the_last_of_the_cells(cells, shell, monkeypatch):
    monkeypatch.setattr(lab_cells, "_PAUSE", 0.3)
    cells.watch()
    waiting, answers = in_background(lambda: cells.wait_for_pause(always))
    for _ in range(5):  # as "Run All" does
        shell.end()
        shell.begin()
        waiting.join(0.2)
    assert not answers
    ended = time.monotonic()
    shell.end()
    waiting.join(10)
    assert answers == [True]
    assert time.monotonic() - ended >= 0.3


def test_what_is_no_longer_wanted_is_not_waited_for(cells, shell):
    cells.watch()
    wanted = threading.Event()
    wanted.set()
    waiting, answers = in_background(lambda: cells.wait_for_pause(wanted.is_set))
    waiting.join(0.3)
    assert not answers
    wanted.clear()
    waiting.join(10)
    assert answers == [False]
    assert shell.events.callbacks["pre_run_cell"]


def test_it_listens_once_to_a_notebook_however_many_labs_there_are(cells, shell):
    before = len(shell.events.callbacks["pre_run_cell"])
    for _ in range(3):
        cells.watch()
    assert len(shell.events.callbacks["pre_run_cell"]) == before + 1
