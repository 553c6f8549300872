"""Start here: the direction of every claim, over five seeds, on the variables that the chapter computes."""

import numpy as np
import pytest

from course_utils import diagnostics
from tests.chapter import run_chapter


@pytest.fixture(scope="module")
def chapter():
    return run_chapter("00_start_here")


def test_st1_a_rate_that_is_best_for_one_data_set_ruins_another(chapter):
    best = chapter["best_on_digits"]
    digits = chapter["on_digits"].select(learning_rate=best)
    line = chapter["on_line"].select(learning_rate=best)
    assert len(digits) == len(line) == 5
    assert (digits.final("val_accuracy") > 0.9).all()
    assert (line.diverged_at > 0).all()
    assert np.isfinite(chapter["on_line"].select(learning_rate=0.003).final("val_loss")).all()


def test_st2_knobs_alone_make_the_difference(chapter):
    presets = chapter["presets"]
    good, bad = (presets.select(learning_rate=rate) for rate in (0.1, 0.001))
    assert len(good) == len(bad) == 5
    assert good.final("val_accuracy").min() > bad.final("val_accuracy").max() + 0.1


@pytest.mark.parametrize("state", ["too slow", "healthy", "oscillating", "dead", "diverging", "over-fitting"])
def test_st3_most_seeds_show_the_state_they_stand_for(chapter, state):
    found = diagnostics.state_of(chapter["six"][state])
    assert len(found) == 5
    assert found.count(state) >= 3, found


def test_st3_the_run_without_a_label_over_fits(chapter):
    found = diagnostics.state_of(chapter["mystery_runs"])
    assert found.count("over-fitting") >= 3, found
