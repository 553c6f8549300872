"""Searches taken out of a contest, for a lab."""

import numpy as np
import pytest

from course_utils.chapters.search_in_practice.contest import Contest
from course_utils.chapters.search_in_practice.contest_picture import DrawnSearches, SearchesPicture


@pytest.fixture(scope="module")
def drawn():
    """Ten searches of four trials: "clever" is better in odd searches, and equal in even ones."""
    random = np.linspace(0.5, 0.9, 10)[:, None] + np.linspace(0, 0.05, 4)
    clever = random + np.where(np.arange(10) % 2, 0.02, 0)[:, None]
    curves = {"random": random, "clever": clever}
    return DrawnSearches(Contest(curves, curves, np.ones(10), 20))


def test_it_counts_who_is_better(drawn):
    assert drawn.run(method="clever", trials=4, searches=10).wins == (5, 5, 0)
    one = drawn.run(method="clever", trials=4, searches=1, draw=1)
    assert one.wins == (1, 0, 0)
    assert one.summary().endswith("clever better in 1, equal in 0, worse in 0")
    assert one.scores() == {"better": "1", "equal": "0", "worse": "0"}


def test_a_draw_takes_other_searches_and_fewer_trials_an_earlier_score(drawn):
    all_of_them = drawn.run(method="clever", trials=4, searches=10)
    some = [drawn.run(method="clever", trials=4, searches=5, draw=draw).ends["random"] for draw in (0, 1, 2)]
    np.testing.assert_array_equal(np.concatenate(some[:2]), all_of_them.ends["random"])
    np.testing.assert_array_equal(some[2], some[0])
    early = drawn.run(method="clever", trials=2, searches=10)
    assert (early.ends["random"] < all_of_them.ends["random"]).all()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "best"}, "method='best' cannot be used: choose random or clever"),
        ({"method": "clever", "trials": 5}, "trials=5 cannot be used: choose a whole number from 1 to 4"),
        (
            {"method": "clever", "trials": 4, "searches": 11},
            "searches=11 cannot be used: choose a whole number from",
        ),
    ],
)
def test_what_the_contest_lacks_is_told(drawn, asked, message):
    with pytest.raises(ValueError, match=message):
        drawn.stream(**asked)


def test_the_picture_has_a_line_for_both_and_a_dot_for_each_search(drawn):
    picture = SearchesPicture()
    (result,) = drawn.stream(method="clever", trials=3, searches=5)
    figure = picture.axes(result)
    artists = picture.artists(figure, result)
    assert sorted(a.get_text() for a in artists if hasattr(a, "get_text")) == ["clever", "random"]
    lines = [a for a in artists if hasattr(a, "get_xdata")]
    assert [len(line.get_xdata()) for line in lines] == [3, 3, 5]
    assert picture.artists(figure, result, ghost="kept")[-1].get_text() == "dotted: kept"
