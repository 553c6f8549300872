"""Live pictures: what is drawn changes with the result, and nothing piles up."""

import pytest

from course_utils import datasets, models
from course_utils.lab import pictures
from course_utils.lab.frames import Animation
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def trainer():
    return Trainer(models.mlp, datasets.digits(), epochs=3)


def test_the_axes_follow_the_number_of_epochs(trainer):
    animation = Animation(pictures.LearningCurves())
    sizes = []
    for epochs in (2, 4):
        animation.png(trainer.run(epochs=epochs))
        sizes.append(animation._canvas.figure.axes[0].get_xlim()[1])
    assert sizes == [2, 4]


def test_an_axis_of_few_epochs_has_ticks_at_whole_numbers_only(trainer):
    runs = trainer.run()
    for ax in pictures.LearningCurves(loss_scale="log", loss_limits=(0.01, 10)).axes(runs).axes:
        assert {0, 1, 2, 3} == {tick for tick in ax.get_xticks() if 0 <= tick <= 3}


def test_runs_without_any_finite_value_are_drawn_as_nothing():
    line = Trainer(models.mlp, datasets.line(features=64), epochs=3)
    lost = line.run(learning_rate=1.0, seeds=2)
    assert (lost.diverged_at > 0).all()
    picture = pictures.LearningCurves(accuracy_limits=None)
    assert Animation(picture).png(lost)
