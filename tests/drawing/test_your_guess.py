"""A guess in a picture: drawn whole, with a name that touches nothing and limits that stay."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from course_utils.drawing import style

X, FALLS = np.linspace(0, 1, 20), np.linspace(1, 0, 20)


def picture(*lines):
    figure, (ax,) = style.new_figure()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    for line in lines:
        ax.plot(X, line)
    return figure, ax


@pytest.mark.parametrize(
    "place",
    [{"x": X[::4], "y": X[::4] ** 2}, {"x": X[::4], "y": FALLS[::4]}, {"x": 0.5}, {"y": 0.5}, {"x": 0.0}, {"y": 1.0}],
    ids=["curve", "curve on the line", "upright", "level", "at the left end", "at the upper end"],
)
def test_its_name_lies_in_the_frame_and_touches_no_line(place):
    figure, ax = picture(FALLS, np.full(20, 0.9))
    style.your_guess(ax, **place)
    assert len(ax.lines) == 3
    FigureCanvasAgg(figure).draw()
    (name,) = ax.texts
    box = name.get_window_extent()
    assert name.get_text() == "your guess"
    frame = ax.get_window_extent()
    assert frame.contains(box.x0, box.y0)
    assert frame.contains(box.x1, box.y1)
    for line in ax.lines:
        corners = line.get_transform().transform(line.get_xydata())
        dense = np.concatenate([np.linspace(a, b, 500) for a, b in pairwise(corners)])
        assert not any(box.contains(*point) for point in dense)


def test_the_limits_stay_even_where_the_guess_leaves_them():
    _, ax = picture(FALLS)
    style.your_guess(ax, X, 3 * X)
    assert ax.get_xlim() == (0, 1)
    assert ax.get_ylim() == (0, 1)


def test_it_differs_from_other_lines_by_more_than_colour():
    _, ax = picture(FALLS)
    style.your_guess(ax, X, X)
    line, guess = ax.lines
    assert guess.get_linestyle() != line.get_linestyle()
    assert guess.get_marker() != line.get_marker()
