"""The picture that sets values of a knob side by side."""

import numpy as np
import pytest

from course_utils import models
from course_utils.chapters.batch_normalization.side_by_side import Comparison
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def streamed(digits):
    trainer = Trainer(models.mlp, digits)
    return list(trainer.stream(depth=0, width=[8, 16], learning_rate=0.1, seeds=2, epochs=2))


@pytest.fixture
def picture():
    return Comparison("width", {8: "narrow", 16: "wide"})


def test_every_value_has_a_curve_in_both_panels_with_its_median(picture, streamed):
    result = streamed[-1]
    figure = picture.axes(result)
    picture.artists(figure, result)
    for ax, metric in zip(figure.axes, ("val_loss", "val_accuracy")):
        assert len(ax.lines) == 2
        for line, width in zip(ax.lines, (8, 16)):
            expected = np.median(result.select(width=width).history[metric], axis=0)
            np.testing.assert_allclose(line.get_ydata(), expected)
    assert [text.get_text() for text in figure.axes[1].texts] != []
    assert {text.get_text() for text in figure.axes[1].texts} == {"narrow", "wide"}


def test_lines_differ_in_more_than_colour(picture, streamed):
    figure = picture.axes(streamed[-1])
    picture.artists(figure, streamed[-1])
    styles = [line.get_linestyle() for line in figure.axes[0].lines]
    assert len(set(styles)) == 2


def test_a_ghost_is_grey_and_named_once(picture, streamed):
    figure = picture.axes(streamed[-1])
    picture.artists(figure, streamed[-1], ghost="kept")
    assert len({line.get_color() for ax in figure.axes for line in ax.lines}) == 1
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["kept"]


def test_it_says_in_words_what_it_shows(picture):
    assert picture.alt() == "Validation loss and validation accuracy after each epoch. Curves: narrow, wide."
