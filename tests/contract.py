"""What every picture and every experiment of a lab must do, after the model of scikit-learn's `check_estimator`.

    check_experiment(Quadratic(), {"learning_rate": 0.1})
    check_picture(Parabola(), Quadratic().run(learning_rate=0.1), Quadratic().run(learning_rate=0.9))

Both raise an AssertionError that says what is wrong.
"""

import re

import pytest

from course_utils.lab import WIDTH
from course_utils.lab.frames import Animation


def check_experiment(experiment, knobs):
    """Checks that an experiment keeps the contract of `course_utils.lab.Experiment`.

    Args:
        experiment: What to check.
        knobs: Keywords of its `stream` with values that it can use; those it must refuse by name are made of them.
    """
    _check_mistakes(experiment, knobs)
    results = list(experiment.stream(**knobs))
    known = [result.progress for result in results if result.progress is not None]
    assert known == sorted(known), f"progress falls: {known}"
    assert all(0 <= progress <= 1 for progress in known), known
    assert results[-1].progress == 1, "the last result has another progress than 1"
    for result in results:
        assert not result.progress or result.summary(), "a result that is drawn has no summary"
    scores = results[-1].scores()
    assert scores, "the last result has no scores"
    assert all(isinstance(words, str) for item in scores.items() for words in item), scores
    alone = experiment.run(**knobs)
    assert (alone.summary(), alone.scores()) == (results[-1].summary(), scores), "run gives another result than stream"


def _check_mistakes(experiment, knobs):
    """Checks that `stream` refuses before anybody reads it; with Python's own words where the name is no argument."""
    with pytest.raises((TypeError, ValueError), match="no_such_knob"):
        experiment.stream(**knobs, no_such_knob=1)
    for name in knobs:
        words = _refusal(experiment, {**knobs, name: object()})
        assert f"{name}=" in words, f"{name}=object() is refused too late or never, or with these words: {words}"
        words = _refusal(experiment, {**knobs, name: None})  # which may be a value
        assert not words or f"{name}=" in words, f"{name}=None is refused with these words: {words}"


def _refusal(experiment, knobs):
    try:
        experiment.stream(**knobs)
    except ValueError as error:
        return str(error)
    return ""


def check_picture(picture, first, second):
    """Checks that a picture keeps the contract of `course_utils.lab.Picture`.

    Args:
        picture: What to check.
        first: A result.
        second: Another one, on the same axes, that looks different.
    """
    words = picture.alt()
    assert re.fullmatch(r"[A-Z].*\w\.", words, flags=re.DOTALL), f"no sentence: {words!r}"
    assert "0x" not in words, f"an object without words: {words!r}"
    key = picture.axes_key(first)
    assert hash(key) == hash(picture.axes_key(first)), "the key of the axes is not stable"
    assert key == picture.axes_key(second), "the two results need different axes: choose others to check with"
    figure = picture.axes(first)
    assert figure.get_figwidth() == WIDTH
    for result in (first, second):
        for ghost in ("", "kept"):
            _check_artists(picture, figure, result, ghost)
    _check_frames(picture, first, second)


def _check_artists(picture, figure, result, ghost):
    """Checks that whatever is drawn is returned, so that it goes away again, and that the axes stay as they are."""
    empty, limits = _children(figure), [(*ax.get_xlim(), *ax.get_ylim()) for ax in figure.axes]
    artists = picture.artists(figure, result, ghost=ghost)
    drawn = set(_children(figure)) - set(empty)
    assert drawn == set(artists), f"drawn, but not returned: {drawn - set(artists)}"
    assert len(artists) == len(drawn), "an artist is returned twice"
    assert artists, "nothing is drawn"
    figure.canvas.draw()
    assert [(*ax.get_xlim(), *ax.get_ylim()) for ax in figure.axes] == limits, "the limits follow what is drawn"
    for artist in artists:
        artist.remove()
    assert _children(figure) == empty, "something stays on the axes"


def _children(figure):
    return [*figure.get_children(), *(child for ax in figure.axes for child in ax.get_children())]


def _check_frames(picture, first, second):
    animation = Animation(picture)
    with_ghost = animation.png(first, {"kept": second})
    plain = animation.png(second)
    assert animation.png(first) != plain, "two results look the same"
    assert animation.png(second, {"kept": first}) != plain, "a ghost does not show"
    assert animation.png(first, {"kept": second}) == with_ghost, "the same frame is drawn in another way"
    assert animation.png(second) == plain, "what was drawn before shows"
    assert Animation(picture).png(second) == plain, "the axes remember"
