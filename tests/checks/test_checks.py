"""Feedback on exercises: right, nearly, wrong and unanswered are told apart, whatever a learner types."""

# ruff: noqa: ARG001 - the functions of imagined learners take what the exercise gives them

import numpy as np
import pytest

from course_utils import checks
from course_utils.checks.answers import NEARLY, NOT_ANSWERED, NOT_YET, RIGHT

WHY = {"a": "It overshoots.", "b": "It is 1/λ.", "c": "Close, but that is the limit."}


class Scalar:
    """A number of another library."""

    def __float__(self):
        return 0.5


def step(weight, gradient, rate=0.1):
    return weight - rate * gradient


CASES = [((1.0, 2.0), 0.8), ((0.0, 1.0), -0.1), ((np.ones(2), np.zeros(2)), np.ones(2))]


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (..., NOT_ANSWERED, "Replace the dots"),
        ("...", NOT_ANSWERED, "Replace the dots"),
        (0.5, RIGHT, "0.5 it is"),
        (np.float32(0.5), RIGHT, "0.5 it is"),
        (Scalar(), RIGHT, "0.5 it is"),
        (0.503, RIGHT, "0.503"),
        (0.55, NEARLY, "a little too large"),
        (0.45, NEARLY, "a little too small"),
        (0.9, NOT_YET, "too large"),
        (0, NOT_YET, "too small"),
        (-0.5, NOT_YET, "wrong sign"),
        (50, NOT_YET, "100 times too large"),
        (0.05, NOT_YET, "10 times too small"),
        (0.25, NOT_YET, "that is half"),
        (0.6, NEARLY, "rounded"),
        (float("nan"), NOT_YET, "this is nan"),
        (float("-inf"), NOT_YET, "this is -inf"),
        (10**400, NOT_YET, "finite number"),
        ("0.5", NOT_YET, "this is '0.5'"),
        (True, NOT_YET, "this is True"),
        (None, NOT_YET, "this is None"),
        ([0.5, 1], NOT_YET, "this is [0.5, 1]"),
    ],
)
def test_a_number(answer, verdict, words):
    feedback = checks.number(answer, 0.5, hints={0.25: "that is half", 0.6: "rounded"}, why="Well done.")
    assert feedback.verdict == verdict
    assert words in feedback.text


def test_a_number_that_should_be_zero_is_compared_as_it_stands():
    assert checks.number(0.005, 0).verdict == RIGHT
    assert checks.number(0.2, 0).verdict == NEARLY
    assert checks.number(-3, 0).text == "-3 is too small."


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (..., NOT_ANSWERED, "Replace the dots"),
        ("", NOT_ANSWERED, "Replace the dots"),
        (" B ", RIGHT, "It is 1/λ."),
        ("c", NEARLY, "Close"),
        ("a", NOT_YET, "It overshoots."),
        ("d", NOT_YET, 'one of "a", "b", "c", and this is \'d\''),
        (2, NOT_YET, "this is 2"),
    ],
)
def test_a_choice(answer, verdict, words):
    feedback = checks.choice(answer, "b", WHY, near="c")
    assert feedback.verdict == verdict
    assert words in feedback.text


def test_a_choice_needs_a_reason_for_what_is_right():
    with pytest.raises(ValueError, match=r"why=\{.*\} cannot be used: give a reason for e, too"):
        checks.choice("a", "e", WHY)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [(..., NOT_ANSWERED), (0.95, RIGHT), (0.97, RIGHT), (0.93, NEARLY), (0.92, NOT_YET), (float("nan"), NOT_YET)],
)
def test_a_goal_where_more_is_better(measured, verdict):
    feedback = checks.goal(measured, at_least=0.95, near=0.02)
    assert feedback.verdict == verdict
    assert "validation accuracy" in feedback.text or verdict == NOT_ANSWERED


def test_a_goal_where_less_is_better():
    assert checks.goal(0.3, at_most=0.3, near=0.1, what="loss").verdict == RIGHT
    assert checks.goal(0.4, at_most=0.3, near=0.1, what="loss").verdict == NEARLY
    assert checks.goal(0.5, at_most=0.3, near=0.1).text == "The validation accuracy is 0.5; the goal is at most 0.3."


def test_a_goal_is_measured_only_when_every_answer_is_given():
    def never():
        pytest.fail("measured too early")

    assert checks.goal(never, at_least=1, near=0, answers=[0.1, ...]).verdict == NOT_ANSWERED
    assert checks.goal(lambda: 1.0, at_least=1, near=0, answers=[0.1]).verdict == RIGHT
    feedback = checks.goal(lambda: 1 + "x", at_least=1, near=0, answers=["x"])
    assert feedback.verdict == NOT_YET
    assert "TypeError" in feedback.text


def test_a_goal_has_one_direction():
    for both in ({}, {"at_least": 1, "at_most": 2}):
        with pytest.raises(ValueError, match=r"at_least=.* with at_most=.* cannot be used: choose one"):
            checks.goal(1, near=0, **both)


def test_a_right_function():
    feedback = checks.code(step, CASES, why="That is LR1.")
    assert feedback.verdict == RIGHT
    assert feedback.text == "All 3 cases give what they should. That is LR1."


def stub(weight, gradient): ...


def documented_stub(weight, gradient):
    """Gives the new weight."""


def stub_with_result(weight, gradient):
    return ...


def stub_within(weight, gradient):
    return weight - ... * gradient


def stub_with_variable(weight, gradient):
    result = ...
    return result  # noqa: RET504 - the form that an exercise has


@pytest.mark.parametrize(
    "function",
    [..., stub, documented_stub, stub_with_result, stub_within, stub_with_variable],
    ids=lambda function: getattr(function, "__name__", "dots"),
)
def test_a_function_that_is_still_dots_is_not_answered(function):
    assert checks.code(function, CASES).verdict == NOT_ANSWERED


def no_return(weight, gradient):
    weight - 0.1 * gradient


def wrong_sign(weight, gradient):
    return -(weight - 0.1 * gradient)


def misspelt(weight, gradient):
    return wieght - 0.1 * gradient  # noqa: F821 - on purpose


def fails_inside(weight, gradient):
    return np.linalg.inv(gradient)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_return, ["0 of 3", "no_return(1, 2) gives None; expected is 0.8.", "return?"]),
        (wrong_sign, ["gives -0.8; expected is 0.8. The sign is the other way round."]),
        (misspelt, [f"line {misspelt.__code__.co_firstlineno + 1}", "not defined before", "wieght"]),
        (fails_inside, [f"line {fails_inside.__code__.co_firstlineno + 1}", "LinAlgError"]),
        (lambda weight: weight, ["TypeError", "positional argument"]),
        (lambda *_: "text", ["gives 'text'"]),
        (lambda *_: [1, 2], ["Its shape is (2,), and should be ()."]),
        (3, ["The answer is a function, and this is 3."]),
    ],
)
def test_a_wrong_function_is_told_how(function, words):
    feedback = checks.code(function, CASES)
    assert feedback.verdict == NOT_YET
    for word in words:
        assert word in feedback.text


def test_a_function_that_is_mostly_right_is_nearly_right():
    feedback = checks.code(lambda w, g: np.maximum(0, step(w, g)), CASES)
    assert feedback.verdict == NEARLY
    assert feedback.text == "2 of 3 cases are right. <lambda>(0, 1) gives 0; expected is -0.1."


def test_a_function_may_change_its_arguments():
    def in_place(weight, gradient):
        weight -= 0.1 * gradient
        return weight

    assert checks.code(in_place, CASES * 2).verdict == RIGHT


def test_results_that_are_not_numbers_are_compared_exactly():
    cases = [(("x",), "diverged"), ((1,), ["a", "b"])]
    assert checks.code(lambda x: "diverged" if x == "x" else ["a", "b"], cases).verdict == RIGHT
    assert checks.code(lambda _: 3, cases).verdict == NOT_YET


def test_feedback_is_read_without_colour_and_cannot_inject_markup():
    feedback = checks.number("<b>", 1)
    assert repr(feedback) == "Not yet. The answer is a finite number, and this is '<b>'."
    html = feedback._repr_html_()
    assert "<strong>Not yet.</strong>" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
