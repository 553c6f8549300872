"""Feedback on exercises, which tells an answer that is nearly right from one that is wrong, and says why."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from html import escape

from course_utils.checks import explain

RIGHT, NEARLY, NOT_YET, NOT_ANSWERED = "Right", "Nearly", "Not yet", "Not answered"

# The word carries the meaning; mark and colour only repeat it.
_MARKS = {RIGHT: ("✓", "#007A5E"), NEARLY: ("≈", "#B07A00"), NOT_YET: ("✗", "#D55E00"), NOT_ANSWERED: ("…", "#767676")}


class Feedback:
    """What to say about an answer; put it last in a cell to see it.

    Args:
        verdict: `RIGHT`, `NEARLY`, `NOT_YET` or `NOT_ANSWERED`.
        text: Why, or what to try.
    """

    def __init__(self, verdict: str, text: str) -> None:
        self.verdict, self.text = verdict, text

    def _repr_html_(self) -> str:
        mark, color = _MARKS[self.verdict]
        text = escape(self.text).replace("\n", "<br>")
        return (
            f'<div style="border-left: 5px solid {color}; padding: 0.3em 0.8em">'
            f'<span aria-hidden="true">{mark}</span> <strong>{self.verdict}.</strong> {text}</div>'
        )

    def __repr__(self) -> str:
        return f"{self.verdict}. {self.text}"


def _unanswered() -> Feedback:
    return Feedback(NOT_ANSWERED, "Replace the dots ... with your answer, and run the cell again.")


def _is_dots(answer: object) -> bool:
    return answer is ... or (isinstance(answer, str) and answer.strip() in {"", "...", "…"})


def number(
    answer: object,
    expected: float,
    *,
    tolerance: float = 0.01,
    near: float = 0.25,
    hints: Mapping[float, str] | None = None,
    why: str = "",
) -> Feedback:
    """Checks a number.

    Args:
        answer: The learner's number; dots are "not answered".
        expected: The right number.
        tolerance: Largest distance that is right, as a part of `expected` (of 1 where that is 0).
        near: Largest distance that is nearly right, likewise.
        hints: For each wrong number that a known mistake leads to, what that mistake is.
        why: What to add when the answer is right.

    Returns:
        The feedback.
    """
    if _is_dots(answer):
        return _unanswered()
    value = explain.as_number(answer)
    if value is None:
        return Feedback(NOT_YET, f"The answer is a finite number, and this is {explain.short(answer)}.")
    distance = abs(value - expected) / (abs(expected) or 1)
    if distance <= tolerance:
        return Feedback(RIGHT, f"{value:.6g} it is. {why}".strip())
    for wrong, hint in (hints or {}).items():
        if abs(value - wrong) <= tolerance * (abs(wrong) or 1):
            return Feedback(NEARLY if distance <= near else NOT_YET, f"{value:.6g}: {hint}")
    if distance <= near:
        return Feedback(NEARLY, f"{value:.6g} is close, but a little too {'large' if value > expected else 'small'}.")
    return Feedback(NOT_YET, f"{value:.6g} {_way_off(value, expected)}.")


def _way_off(value: float, expected: float) -> str:
    if value and expected and value * expected < 0:
        return "has the wrong sign"
    if value * expected > 0:
        tens = round(math.log10(value / expected))
        if tens and abs(value / expected / 10.0**tens - 1) < 1e-3:
            return f"has the right digits, and is {10 ** abs(tens)} times too {'large' if tens > 0 else 'small'}"
    return f"is too {'large' if value > expected else 'small'}"


def choice(answer: object, right: str, why: Mapping[str, str], *, near: Collection[str] = ()) -> Feedback:
    """Checks which option was chosen.

    Args:
        answer: The learner's option, such as "b"; capital letters are as good.
        right: The right option.
        why: For every option, why it is right or wrong.
        near: Options that are nearly right.

    Returns:
        The feedback.

    Raises:
        ValueError: If an option that is right or nearly right is not explained.
    """
    if unknown := {right, *near} - set(why):
        raise ValueError(f"why={dict(why)} cannot be used: give a reason for {', '.join(sorted(unknown))}, too.")
    if _is_dots(answer):
        return _unanswered()
    options = {option.casefold(): option for option in why}
    chosen = options.get(str(answer).strip().casefold())
    if chosen is None:
        quoted = ", ".join(f'"{option}"' for option in why)
        return Feedback(NOT_YET, f"The answer is one of {quoted}, and this is {explain.short(answer)}.")
    verdict = RIGHT if chosen == right else NEARLY if chosen in near else NOT_YET
    return Feedback(verdict, why[chosen])


def goal(
    measured: object,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    near: float,
    what: str = "validation accuracy",
    answers: Iterable[object] = (),
) -> Feedback:
    """Checks whether a measurement reaches a goal.

    Args:
        measured: The measurement, or a function that makes it. A function is called only when every answer is given,
            and an error in it is explained.
        at_least: The goal, if more is better.
        at_most: The goal, if less is better.
        near: How far short of the goal is nearly there, in the measurement's own unit.
        what: What was measured.
        answers: What the learner filled in.

    Returns:
        The feedback.

    Raises:
        ValueError: If not exactly one of `at_least` and `at_most` is given.
    """
    if (at_least is None) == (at_most is None):
        raise ValueError(f"at_least={at_least} with at_most={at_most} cannot be used: choose one of the two.")
    if any(_is_dots(answer) for answer in (*answers, measured)):
        return _unanswered()
    if callable(measured):
        try:
            measured = measured()
        except Exception as error:  # noqa: BLE001 - a learner's value can fail in any way
            return Feedback(NOT_YET, f"With your answer, the training stopped: {explain.error(error)}.")
    value = explain.as_number(measured)
    if value is None:
        return Feedback(NOT_YET, f"The {what} is {explain.short(measured)}: the run diverged, or nothing was measured.")
    aim = at_most if at_least is None else at_least
    short = value - aim if at_least is None else aim - value
    text = f"The {what} is {value:.4g}; the goal is at {'most' if at_least is None else 'least'} {aim:.4g}."
    # 0.95 − 0.93 is a little more than 0.02 in binary fractions, and must be near enough all the same.
    verdict = RIGHT if short <= 0 else NEARLY if short <= near + 1e-9 else NOT_YET
    return Feedback(verdict, text)


def code(
    function: object, cases: Iterable[tuple[tuple, object]], *, tolerance: float = 1e-6, why: str = ""
) -> Feedback:
    """Checks a function by what it returns.

    Args:
        function: The learner's function; one whose body is still dots is "not answered".
        cases: Pairs of a tuple of arguments and the result expected for them.
        tolerance: Largest distance of a right number, as a part of it (of 1 where it is smaller than 1).
        why: What to add when every result is right.

    Returns:
        The feedback: nearly right if more than half of the cases are; the first that differs is shown.
    """
    if _is_dots(function):
        return _unanswered()
    if not callable(function):
        return Feedback(NOT_YET, f"The answer is a function, and this is {explain.short(function)}.")
    cases, wrong = list(cases), []
    for arguments, expected in cases:
        call = f"{getattr(function, '__name__', 'function')}({', '.join(map(explain.short, arguments))})"
        try:
            result = function(*deepcopy(arguments))
        except Exception as error:  # noqa: BLE001 - a learner's code can fail in any way
            if "ellipsis" in str(error).casefold():
                return _unanswered()
            wrong.append(f"{call} stopped{explain.place(error, function)}: {explain.error(error)}.")
            continue
        if result is ... or (result is None and explain.is_stub(function)):
            return _unanswered()
        if not explain.same(result, expected, tolerance):
            gives = f"{call} gives {explain.short(result)}; expected is {explain.short(expected)}."
            wrong.append(gives + explain.difference(result, expected))
    if not wrong:
        return Feedback(RIGHT, f"All {len(cases)} cases give what they should. {why}".strip())
    passed = len(cases) - len(wrong)
    return Feedback(NEARLY if passed > len(wrong) else NOT_YET, f"{passed} of {len(cases)} cases are right. {wrong[0]}")
