"""Choices, numbers and curves: what can be entered, how it is said, and what counts as close."""

import numpy as np
import pytest

from course_utils.guess.axis import Axis, number
from course_utils.guess.kinds import CLOSE, OFF, RIGHT, Choice, Curve, Number

RATES = Number(Axis(0.001, 10, "log"), "a step")
SHARES = Number(Axis(0, 1))
VALLEY = Curve(Axis(0.01, 1, "log"), Axis(0, 2), ("rate", "loss"), 5)


def entered(guess, low=None, high=None):
    return {"guess": guess, "from": low, "to": high}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.25, "0.25"),
        (0.123456, "0.12"),
        (12.345, "12.3"),
        (345.678, "346"),
        (1e4, "10⁴"),
        (-1e-5, "-10⁻⁵"),
        (2.5e6, "2.5 × 10⁶"),
        (0, "0"),
        (1000, "1000"),
        (1234, "1230"),
    ],
)
def test_numbers_have_two_or_three_digits(value, words):
    assert number(value) == words


def test_an_axis_measures_differences_or_factors():
    assert Axis(0, 10).place([0, 2.5, 10]) == pytest.approx([0, 0.25, 1])
    assert Axis(0.01, 1, "log").place([0.01, 0.1, 1]) == pytest.approx([0, 0.5, 1])
    for axis in (Axis(-3, 5), Axis(0.1, 40, "log")):
        assert axis.value(axis.place([0.2, 3.0])) == pytest.approx([0.2, 3.0])


@pytest.mark.parametrize(
    ("axis", "labels"),
    [
        (Axis(0, 2.5), ["0", "0.5", "1", "1.5", "2", "2.5"]),
        (Axis(0.001, 4, "log"), ["0.001", "0.01", "0.1", "1"]),
        (Axis(0, 20), ["0", "5", "10", "15", "20"]),
        (Axis(-1, 1), ["-1", "-0.5", "0", "0.5", "1"]),
    ],
)
def test_ticks_are_round_and_few(axis, labels):
    assert [label for _, label in axis.ticks()] == labels
    assert all(-1e-9 <= place <= 1 + 1e-9 for place, _ in axis.ticks())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 1), r"low and high=\(1, 1\) cannot be used: choose two finite numbers that rise"),
        ((0, 1, "log", "x"), r"x=\(0, 1\) cannot be used: choose two finite numbers above 0 that rise"),
        ((0, np.inf), "cannot be used"),
        ((0, 1, "squared", "y"), "yscale='squared' cannot be used: choose 'linear' or 'log'"),
    ],
)
def test_an_axis_that_is_none_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Axis(*arguments)


@pytest.mark.parametrize("options", [(), ("one",), ("one", "one"), ("one", ""), ("one", 2), "ab"])
def test_a_choice_needs_different_texts(options):
    with pytest.raises(ValueError, match=r"options=.* cannot be used: choose two or more different texts"):
        Choice(options)


def test_a_choice_is_right_or_not():
    asked = Choice(("falls", "stays", "explodes"))
    assert asked.compare("falls", "falls") == (RIGHT, "Right.")
    assert asked.compare("falls", "stays")[0] == OFF
    assert [asked.sure(value) for value in (90, 0, None, 42, "90")] == [90, 33, None, None, None]
    with pytest.raises(ValueError, match="came_out='flies' cannot be used: choose among 'falls', 'stays', 'explodes'"):
        asked.came_out("flies")
    with pytest.raises(ValueError, match="guess=None cannot be used"):
        asked.entered(None)


def test_a_number_is_read_as_people_write_it():
    assert SHARES.entered(entered(" 0,5 ", "", "")) == entered(0.5)
    assert RATES.entered(entered("1e-2", "0.005", ".1")) == entered(0.01, 0.005, 0.1)
    assert RATES.entered(RATES.entered(entered("1", "0.5", "2"))) == entered(1, 0.5, 2), "what was kept is read again"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (entered("many"), "guess='many' cannot be used: choose a number from 0 to 1"),
        (entered("1.5"), "guess='1.5' cannot be used: choose a number from 0 to 1"),
        (entered("nan"), "guess='nan' cannot be used"),
        (entered("0.5", "0.2", ""), "to='' cannot be used: choose a number from 0 to 1"),
        (entered("0.5", "0.6", "0.9"), "range=0.6 … 0.9 cannot be used: choose one with your guess, 0.5, inside it"),
        (None, "guess='' cannot be used"),
    ],
)
def test_a_number_that_cannot_be_used_is_named(value, message):
    with pytest.raises(ValueError, match=message):
        SHARES.entered(value)


def test_numbers_are_compared_by_factors_or_differences():
    verdict, words = RATES.compare(entered(0.5, 0.2, 0.8), RATES.came_out([0.2, 0.25, 0.3]))
    assert (verdict, words) == (CLOSE, "Close. Too large by a factor of 2. It lies inside your range.")
    verdict, words = SHARES.compare(entered(0.5, 0.4, 0.6), SHARES.came_out(0.9))
    assert (verdict, words) == (OFF, "Too small by 0.4. It lies outside your range.")
    assert SHARES.compare(entered(0.5), [0.501, 0.4, 0.6]) == (CLOSE, "Right, to two digits.")
    assert SHARES.compare(entered(0.5), SHARES.came_out(0.59))[0] == CLOSE
    assert SHARES.compare(entered(0.5), SHARES.came_out(0.62))[0] == OFF


def test_a_guess_is_said_with_its_range_if_it_has_one():
    assert RATES.said(entered(0.5)) == "0.5 a step"
    assert RATES.said(entered(0.5, 0.2, 0.8)) == "0.5 a step, 90 % sure between 0.2 and 0.8"


def test_what_came_out_has_a_spread_where_there_are_seeds():
    assert RATES.said(RATES.came_out([0.3, 0.2, np.nan, 0.25])) == "0.25 a step (seeds from 0.2 to 0.3)"
    assert RATES.said(RATES.came_out(0.25)) == "0.25 a step"
    with pytest.raises(ValueError, match=r"came_out=.* cannot be used: give at least one finite number"):
        RATES.came_out([np.nan])


def test_a_curve_is_compared_by_its_mean_distance():
    outcome = VALLEY.came_out((np.array([0.01, 0.1, 1]), np.array([2, 0, 2])))
    assert outcome == pytest.approx([1, 0.5, 0, 0.5, 1])
    assert VALLEY.compare([1, 0.5, 0, 0.5, 1], outcome)[0] == CLOSE
    verdict, words = VALLEY.compare([0.5] * 5, outcome)
    assert verdict == OFF
    assert "lies 30 % of the picture's height away" in words
    assert VALLEY.said(outcome) == "loss 2 at 0.01, lowest near 0.1 (0), 2 at 1"


def test_what_leaves_the_picture_lies_at_its_edge():
    x, y = np.array([0.01, 0.1, 1]), np.array([1, np.nan, np.inf])
    assert VALLEY.came_out((x, y)) == pytest.approx([0.5, 0.75, 1, 1, 1])


@pytest.mark.parametrize("value", [None, [0.5] * 4, [0.5] * 4 + [1.1], [np.nan] * 5])
def test_a_curve_that_cannot_be_used_is_refused(value):
    with pytest.raises(ValueError, match="cannot be used: choose a height for each of the 5 points"):
        VALLEY.entered(value)


@pytest.mark.parametrize("value", [(1, 2), ([1, 2], [1]), ([1], [1]), [1, 2, 3]])
def test_an_outcome_that_is_no_curve_is_refused(value):
    with pytest.raises(ValueError, match="choose a pair"):
        VALLEY.came_out(value)
