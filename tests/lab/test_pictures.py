"""Live pictures: what is drawn changes with the result, and nothing piles up."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from course_utils import datasets, models, schedules
from course_utils.chapters.learning_rate.landscapes import Quadratic
from course_utils.lab import pictures
from course_utils.lab.frames import Animation
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def trainer():
    return Trainer(models.mlp, datasets.digits(), epochs=3)


@pytest.fixture(scope="module")
def results(trainer):
    """For each picture two different results."""
    curves = [trainer.run(learning_rate=rate, seeds=3) for rate in (0.01, 0.1)]
    sweeps = [trainer.run(learning_rate=[0.01, 0.1, 1.0], seeds=2, epochs=epochs) for epochs in (1, 3)]
    decays = [trainer.run(learning_rate=0.5, schedule=s) for s in (schedules.Constant(), schedules.Cosine())]
    paths = [Quadratic().run(learning_rate=rate) for rate in (0.1, 0.9)]
    return [
        (pictures.LearningCurves(), curves),
        (pictures.LearningCurves(accuracy_limits=None, loss_scale="log", loss_limits=(0.01, 10)), curves),
        (pictures.Sweep(), sweeps),
        (pictures.Schedule(), decays),
        (pictures.Parabola(), paths),
    ]


def pixels(png):
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)


def test_every_picture_shows_the_result_it_is_given(results):
    for picture, (first, second) in results:
        animation = Animation(picture)
        frames = [animation.png(result) for result in (first, second, first)]
        assert (pixels(frames[0]) != pixels(frames[1])).any(), picture
        assert frames[0] == frames[2], picture
        assert picture.alt().endswith(".")


def test_a_ghost_stays_behind_the_new_result(results):
    for picture, (first, second) in results:
        animation = Animation(picture)
        alone, with_ghost = animation.png(second), animation.png(second, {"kept": first})
        assert (pixels(alone) != pixels(with_ghost)).any(), picture
        assert animation.png(second) == alone, picture


def test_drawing_leaves_nothing_on_the_axes(results):
    for picture, (first, _) in results:
        figure = picture.prepare(first)
        before = [len(ax.get_children()) for ax in figure.axes]
        for artist in picture.artists(figure, first):
            artist.remove()
        assert [len(ax.get_children()) for ax in figure.axes] == before, picture


def test_the_axes_follow_the_number_of_epochs(trainer):
    animation = Animation(pictures.LearningCurves())
    sizes = []
    for epochs in (2, 4):
        animation.png(trainer.run(epochs=epochs))
        sizes.append(animation._canvas.figure.axes[0].get_xlim()[1])
    assert sizes == [2, 4]


def test_runs_without_any_finite_value_are_drawn_as_nothing():
    line = Trainer(models.mlp, datasets.line(features=64), epochs=3)
    lost = line.run(learning_rate=1.0, seeds=2)
    assert (lost.diverged_at > 0).all()
    picture = pictures.LearningCurves(accuracy_limits=None)
    assert Animation(picture).png(lost)
