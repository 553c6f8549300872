"""What is compiled ahead: where one move of a control can lead, once, and nothing when the learner has moved on."""

import threading

import pytest

from course_utils.lab.compile_ahead import CompileAhead
from course_utils.lab.controls import choice, int_slider, log_slider, slider

WAIT = 20


class Trainer:
    """Notes what it is asked to compile, and can be held up."""

    def __init__(self):
        self.asked, self.go_on, self.begun = [], threading.Event(), threading.Event()
        self.go_on.set()

    def signature(self, *, learning_rate=0, l2=0, epochs=0, **values):
        del learning_rate, l2, epochs
        return frozenset(values.items())

    def compile(self, **values):
        self.asked.append(values)
        self.begun.set()
        assert self.go_on.wait(WAIT)


@pytest.fixture
def trainer():
    return Trainer()


@pytest.fixture
def start(trainer):
    opened = []

    def make(**controls):
        opened.append(CompileAhead(trainer, controls))
        return opened[-1]

    yield make
    trainer.go_on.set()
    for ahead in opened:
        ahead.close()


def test_every_option_and_the_next_whole_numbers_are_compiled(trainer, start):
    ahead = start(
        width=choice({"a": 8, "b": 64, "c": 128}, "b"),
        depth=int_slider(1, 4, 4),
        learning_rate=log_slider(0.001, 1, 0.1),
        l2=slider(0, 1, 0.5),
    )
    ahead.start({"width": 64, "depth": 4, "learning_rate": 0.1, "l2": 0.5, "seeds": 3})
    assert ahead.wait(WAIT)
    same = {"learning_rate": 0.1, "l2": 0.5, "seeds": 3}
    assert trainer.asked == [
        {"width": 8, "depth": 4, **same},
        {"width": 128, "depth": 4, **same},
        {"width": 64, "depth": 3, **same},
    ]


def test_what_is_compiled_is_not_asked_for_again(trainer, start):
    ahead = start(width=choice({"a": 8, "b": 64}, "b"))
    for rate in (0.1, 0.2):
        ahead.start({"width": 64, "learning_rate": rate})
        assert ahead.wait(WAIT)
    assert len(trainer.asked) == 1


def test_a_move_that_needs_no_compiling_is_left_alone(trainer, start):
    ahead = start(epochs=int_slider(1, 9, 4), width=choice({"a": 8, "b": 64}, "b"))
    ahead.start({"epochs": 4, "width": 64})
    assert ahead.wait(WAIT)
    assert trainer.asked == [{"epochs": 4, "width": 8}]


def test_a_learner_who_has_moved_on_is_followed(trainer, start):
    trainer.go_on.clear()
    width = choice({"a": 8, "b": 64, "c": 128}, "a")
    ahead = start(width=width)
    ahead.start({"width": 8, "batch_size": 32})
    assert trainer.begun.wait(WAIT)
    ahead.start({"width": 8, "batch_size": 64})
    trainer.go_on.set()
    assert ahead.wait(WAIT)
    assert [(values["width"], values["batch_size"]) for values in trainer.asked] == [(64, 32), (64, 64), (128, 64)]


def test_a_setting_that_cannot_be_compiled_leaves_the_thread_alive(trainer, start):
    ahead = start(width=choice({"a": 8, "b": 64}, "b"))
    compile_, trainer.compile = trainer.compile, None
    ahead.start({"width": 64})
    assert ahead.wait(WAIT)
    trainer.compile = compile_
    ahead.start({"width": 64})
    assert ahead.wait(WAIT)
    assert len(trainer.asked) == 1


@pytest.fixture
def two(trainer, start):
    """Two labs; the first compiles and the second waits for its turn."""
    trainer.go_on.clear()
    first = start(width=choice({"small": 8, "large": 64}, "small"))
    first.start({"width": 8})
    assert trainer.begun.wait(WAIT)
    second = start(depth=choice({"one": 1, "two": 2}, "one"))
    second.start({"depth": 1})
    return first, second


def test_labs_take_turns(trainer, two):
    first, second = two
    assert not second.wait(0.3)
    assert trainer.asked == [{"width": 64}]
    trainer.go_on.set()
    assert first.wait(WAIT)
    assert second.wait(WAIT)
    assert trainer.asked == [{"width": 64}, {"depth": 2}]


def test_a_lab_that_is_closed_before_its_turn_compiles_nothing(trainer, two):
    first, second = two
    closing = threading.Thread(target=second.close)
    closing.start()
    trainer.go_on.set()
    assert first.wait(WAIT)
    closing.join(WAIT)
    assert trainer.asked == [{"width": 64}]
