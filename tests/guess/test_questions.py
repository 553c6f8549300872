"""A question and its answer: what is kept, what binds, and what a notebook stores of both."""

import re
from pathlib import Path

import numpy as np
import pytest

from course_utils import guess
from course_utils.drawing import SweepDisplay
from course_utils.guess import kept, questions

RATES, LOSS = np.array([0.01, 0.1, 1]), np.array([2.0, 0.5, 2.0])
SANITIZE = (Path(__file__).parents[1] / "nbval_sanitize.cfg").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_GUESSES", str(tmp_path / "kept"))
    monkeypatch.setattr(kept, "_in_memory", {})
    monkeypatch.setattr(questions, "_asked", {})
    return tmp_path / "kept"


def ask_choice():
    return guess.choice("loss", "What will the loss do?", ["falls", "stays", "explodes"])


def ask_number():
    return guess.number("limit", "How large is the limit?", 0.001, 10, scale="log")


def ask_curve():
    return guess.curve("valley", "How?", (0.01, 1), (0, 2), xlabel="rate", ylabel="loss", xscale="log", points=5)


ASKED = {
    "choice": (ask_choice, {"guess": "stays", "sure": 70}, lambda: guess.answer("loss", "explodes", "Too large.")),
    "number": (
        ask_number,
        {"guess": {"guess": "0.5", "from": "0.2", "to": "0.8"}},
        lambda: guess.answer("limit", 0.25, "Two over it.", picture=SweepDisplay(RATES, LOSS[:, None], "A valley")),
    ),
    "number without a range": (ask_number, {"guess": {"guess": "3"}}, lambda: guess.answer("limit", 0.25)),
    "curve": (ask_curve, {"guess": [1, 0.5, 0.5, 0.5, 1]}, lambda: guess.answer("valley", (RATES, LOSS), "A valley.")),
}
each_kind = pytest.mark.parametrize(("ask", "entered", "answer"), ASKED.values(), ids=ASKED)


def new_kernel(monkeypatch):
    monkeypatch.setattr(questions, "_asked", {})


def bundle(shown):
    made = shown._repr_mimebundle_()
    data = made[0] if isinstance(made, tuple) else made
    return data["text/plain"], data["text/html"]


def compared(texts):
    """What nbval compares of an output."""
    rules = re.findall(r"^regex: (.*)\nreplace: (.*)$", SANITIZE, re.MULTILINE)
    assert len(rules) == 3
    for regex, replace in rules:
        texts = [re.sub(regex, replace, text) for text in texts]
    return texts


@each_kind
def test_a_guess_is_kept_over_a_restart_and_shown_with_its_answer(ask, entered, answer, monkeypatch):
    question = ask()
    assert question._asks.status == ""
    question.enter(entered)
    assert question._asks.status.startswith("Your guess: ")
    new_kernel(monkeypatch)
    again = ask()
    assert again is not question
    assert again.guess == question.guess is not None
    assert again._asks.kept["guess"] == again.guess
    shown = answer()
    assert again.kind.said(again.guess) in shown.answer
    assert not shown.asks
    assert "after seeing" not in shown.answer


@each_kind
def test_a_guess_made_before_its_answer_is_bound(ask, entered, answer, monkeypatch):
    question = ask()
    question.enter(entered)
    answer()
    before = kept.read(question.key)
    other = {"choice": "falls", "number": {"guess": "4"}, "curve": [0.0] * 5}[question.kind.form()["kind"]]
    for one in (question, (new_kernel(monkeypatch), ask())[1]):
        one.enter({"guess": other})
        assert kept.read(question.key) == before
        assert one._asks.locked
        assert "It stays" in one._asks.status


@each_kind
def test_without_a_guess_the_answer_asks_and_marks_what_comes_then(ask, entered, answer, monkeypatch):
    question, shown = ask(), answer()
    assert shown.asks
    assert "You made no guess" in shown.heading
    assert "none" in shown.answer
    question.enter(entered)
    assert shown.asks, "a guess made after seeing can be changed"
    assert "(made after seeing the result)" in shown.answer
    assert kept.read(question.key)["before"] is False
    new_kernel(monkeypatch)
    ask().enter(entered)
    assert kept.read(question.key)["before"] is False, "it was seen in an earlier session"


@each_kind
def test_what_nbval_compares_is_the_same_with_and_without_a_guess(ask, entered, answer):
    question = ask()
    without = compared([*bundle(question), *bundle(answer())])
    guess.forget()
    question.enter(entered)
    with_guess = [*bundle(ask()), *bundle(answer())]
    assert question.kind.said(question.guess) in with_guess[1]
    assert question.kind.said(question.guess) in with_guess[3]
    assert compared(with_guess) == without


@each_kind
def test_the_picture_of_an_answer_shows_the_guess(ask, entered, answer):
    question = ask()
    without = answer().answer
    question.enter(entered)
    with_guess = questions._asked[question.key]._answers.answer
    pictures = [re.findall(r'src="([^"]+)"', html) for html in (without, with_guess)]
    assert pictures[0] != pictures[1] or pictures == [[], []]


def test_a_cell_that_runs_again_has_the_same_question_and_answer():
    question, shown = ask_choice(), None
    shown = guess.answer("loss", "explodes")
    assert ask_choice() is question
    assert guess.answer("loss", "falls", "Another time.") is shown
    assert "falls" in shown.answer
    assert repr(shown) == "What came out: falls. Another time."


def test_a_question_that_was_reworded_is_another_one_and_a_guess_that_no_longer_fits_is_none():
    question = ask_choice()
    question.enter({"guess": "stays"})
    other = guess.choice("loss", "What will the loss do?", ["rises", "falls"])
    assert other is not question
    assert other.guess is None
    assert other._asks.status == ""


def test_what_cannot_be_kept_is_said_and_the_guess_before_stays():
    question = ask_choice()
    question.enter({"guess": "stays"})
    for wrong in ({"guess": "flies"}, {"guess": ["stays"]}, {}):
        question.enter(wrong)
        assert question._asks.status.startswith("Your guess: stays. Not kept: guess=")
    assert question.guess == "stays"


def test_a_guess_that_only_memory_holds_says_so(place):
    place.write_text("no folder can be made here")
    question = ask_choice()
    question.enter({"guess": "stays"})
    assert question._asks.status.endswith("It lasts until the kernel ends, since no file can be written here.")


def test_wrong_arguments_are_named_with_a_cure():
    with pytest.raises(
        ValueError, match="key='loss' cannot be used: run the cell that asks first, or choose among none"
    ):
        guess.answer("loss", "falls")
    ask_choice()
    with pytest.raises(ValueError, match="axis='z' cannot be used: choose 'x' or 'y'"):
        guess.answer("loss", "falls", axis="z")
    with pytest.raises(ValueError, match="came_out='flies' cannot be used"):
        guess.answer("loss", "flies")
    with pytest.raises(ValueError, match="key='Loss' cannot be used"):
        guess.choice("Loss", "What?", ["a", "b"])
    with pytest.raises(ValueError, match="points=2 cannot be used: choose a whole number from 3 to 30"):
        guess.curve("curve", "How?", (0, 1), (0, 1), xlabel="x", ylabel="y", points=2)


def test_what_a_learner_or_a_chapter_writes_is_text_and_no_html():
    guess.choice("tags", "Is a < b?", ["<b>yes</b>", "no"])
    shown = guess.answer("tags", "<b>yes</b>", "1 & 1")
    html = bundle(shown)[1]
    assert "<b>" not in html
    assert "a &lt; b" in html
    assert "1 &amp; 1" in html
