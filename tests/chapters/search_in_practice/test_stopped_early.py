"""Successive halving on the table: who is stopped, what it costs, and what it loses."""

import numpy as np
import pytest

from course_utils.chapters.search_in_practice.stopped_early import (
    FIELDS,
    TRIALS,
    StoppedEarly,
    StoppedPicture,
    _allowed,
)
from course_utils.chapters.search_in_practice.tabular_benchmark import Tabled


@pytest.fixture(scope="module")
def stopper():
    return StoppedEarly(Tabled())


def test_the_best_go_on_and_the_others_stop_at_each_look():
    early, late = np.linspace(0, 1, 9), np.linspace(1, 0, 9)
    curves = np.stack([early, early, late, late], axis=1)
    assert _allowed(curves, 2, 3).tolist() == [2] * 6 + [4] * 3
    assert _allowed(curves, 1, 3).tolist() == [1] * 6 + [4, 3, 3], "after 3 epochs the order is another one"
    assert _allowed(curves, 2, 1).tolist() == [4] * 9
    assert _allowed(curves, 4, 3).tolist() == [4] * 9


def test_what_was_spent_found_and_lost_is_counted(stopper):
    for field in FIELDS:
        runs = [stopper.run(field=field, draw=draw) for draw in range(10)]
        assert {one.spent for one in runs} == {18 * 2 + 6 * 6 + 2 * 18 + 20}
        for one in runs:
            assert one.curves.shape == (TRIALS, 20)
            assert one.allowed[one.kept] == 20
            assert one.loss == pytest.approx(one.curves[:, -1].max() - one.curves[one.kept, -1])
            assert ("nothing lost" in one.summary()) == (one.loss == 0)
    assert any(one.loss > 0 for one in runs)
    assert all(stopper.run(keep=1, field=field, draw=draw).loss == 0 for draw in range(5))


def test_slow_starters_have_the_knobs_of_their_field(stopper):
    table, field = Tabled(), FIELDS["slow starters"]
    slow = stopper.run(field="slow starters", draw=3)
    at = tuple(values.index(field[knob]) if knob in field else slice(None) for knob, values in table.choices.items())
    curves = table.accuracy[at][..., 0, :].reshape(-1, 20).astype(float)
    known = {tuple(np.round(curve, 4)) for curve in curves}
    assert {tuple(np.round(curve, 4)) for curve in slow.curves} <= known


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"first": 0}, "first=0"),
        ({"keep": 0}, "keep=0 cannot be used"),
        ({"field": "fast"}, "field='fast' cannot be used: choose everything or"),
    ],
)
def test_what_cannot_be_used_is_told(stopper, asked, message):
    with pytest.raises(ValueError, match=message):
        stopper.stream(**asked)


def test_the_picture_shows_a_line_for_each_trial_and_what_was_missed(stopper):
    picture = StoppedPicture()
    missed, clean = stopper.run(field="slow starters", draw=6), stopper.run(keep=1)
    figure = picture.axes(missed)
    texts = [a.get_text() for a in picture.artists(figure, missed) if hasattr(a, "get_text")]
    assert texts == ["found", "the best of all"]
    figure = picture.axes(clean)
    drawn = picture.artists(figure, clean)
    assert [a.get_text() for a in drawn if hasattr(a, "get_text")] == ["found"]
    assert len([a for a in drawn if hasattr(a, "get_xdata") and len(a.get_xdata()) == 20]) == TRIALS
    assert picture.artists(figure, clean, ghost="kept")[-1].get_text() == "dotted: kept"
