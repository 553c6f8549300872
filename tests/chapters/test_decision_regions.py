"""Decision regions: the colour of a point is the class that the network gives to it, and no picture hangs on colour."""

import numpy as np
import pytest

from course_utils import datasets, models, predictions
from course_utils.chapters import decision_regions
from course_utils.drawing import style
from course_utils.lab import Lab, log_slider
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def moons():
    return datasets.moons()


@pytest.fixture(scope="module")
def trainer(moons):
    return Trainer(models.mlp, moons, epochs=3)


@pytest.fixture(scope="module")
def runs(trainer):
    return trainer.run(learning_rate=[0.01, 0.5])


def left_right(points):
    """Probabilities of a class on the left of 0.25, a class above that, and a rest."""
    right, up = points[:, 0] > 0.25, points[:, 1] > 0
    return np.stack([~right, right & up, right & ~up], axis=1).astype(float)


@pytest.fixture
def thirds():
    _, (ax,) = style.new_figure()
    ax.set(xlim=(-1, 1), ylim=(-1, 1))
    return ax, decision_regions.on_grid(left_right, ((-1, 1), (-1, 1)))


def test_the_grid_asks_at_the_places_that_it_names(thirds):
    _, grid = thirds
    assert grid.probabilities.shape == (len(grid.upward), len(grid.across), 3)
    for row, column in ((0, 0), (5, 70), (60, 90)):
        point = np.array([[grid.across[column], grid.upward[row]]])
        np.testing.assert_array_equal(grid.probabilities[row, column], left_right(point)[0])


def test_every_region_has_its_colour_and_its_marker(thirds):
    ax, grid = thirds
    image, *markers = decision_regions.draw_regions(ax, grid)
    assert tuple(image.get_extent()) == (-1, 1, -1, 1)
    assert image.origin == "lower"
    assert [line.get_marker() for line in markers] == list(decision_regions.MARKERS[:3])
    for index, line in enumerate(markers):
        points = line.get_xydata()
        assert len(points) > 5
        assert (left_right(points).argmax(axis=1) == index).all()
    assert len(np.unique(image.get_array()[..., :3].reshape(-1, 3), axis=0)) == 3


def test_colour_is_deeper_where_the_network_is_surer(thirds):
    ax, _ = thirds
    unsure = decision_regions.on_grid(lambda points: np.tile([0.5, 0.3, 0.2], (len(points), 1)), ((-1, 1), (-1, 1)))
    sure = decision_regions.on_grid(lambda points: np.tile([0.9, 0.1, 0.0], (len(points), 1)), ((-1, 1), (-1, 1)))
    depths = [decision_regions.draw_regions(ax, grid)[0].get_array()[0, 0, 3] for grid in (unsure, sure)]
    assert depths[0] < depths[1]


def test_borders_lie_where_the_class_changes(thirds):
    ax, grid = thirds
    vertices = np.concatenate(
        [path.vertices for lines in decision_regions.draw_borders(ax, grid) for path in lines.get_paths()]
    )
    distance = np.minimum(np.abs(vertices[:, 0] - 0.25), np.where(vertices[:, 0] > 0.2, np.abs(vertices[:, 1]), 9))
    assert len(vertices) > 50
    assert (distance < 0.03).all()


def test_a_network_that_lost_its_numbers_leaves_the_plane_white(thirds):
    ax, _ = thirds
    lost = decision_regions.on_grid(lambda points: np.full((len(points), 2), np.nan), ((-1, 1), (-1, 1)))
    image, *markers = decision_regions.draw_regions(ax, lost)
    assert (image.get_array()[..., 3] == 0).all()
    assert not any(len(line.get_xydata()) for line in markers)
    assert decision_regions.draw_borders(ax, lost) == []


def test_a_network_s_own_answers_colour_the_plane(moons, runs):
    predict = decision_regions.predict_of(runs, 1)
    np.testing.assert_array_equal(predict(moons.x_test), predictions.probabilities(runs, moons.x_test)[1])
    grid = decision_regions.on_grid(predict, decision_regions.limits_of(moons.x_train))
    cells = [np.abs(axis[:, None] - at).argmin(axis=0) for axis, at in zip(grid[:2], moons.x_validation.T)]
    given = grid.probabilities[cells[1], cells[0]].argmax(axis=-1)
    assert (given == moons.y_validation).mean() == pytest.approx(runs.final("val_accuracy")[1], abs=0.04)


def test_words_name_the_shapes(moons, runs):
    assert "discs and squares" in decision_regions.DecisionRegions(moons).alt()
    display = decision_regions.RegionsDisplay(
        decision_regions.predict_of(runs), moons.x_train, moons.y_train, "A border"
    )
    bundle = display._repr_mimebundle_()
    assert bundle["text/plain"].startswith("A border. second feature against first feature.")
    assert "discs and squares" in bundle["text/plain"]
    assert display.plot().ax_.get_xlim() == pytest.approx(decision_regions.limits_of(moons.x_train)[0])


def test_a_lab_draws_regions(moons, trainer):
    lab = Lab(trainer, decision_regions.DecisionRegions(moons), learning_rate=log_slider(0.01, 1, 0.3), name="regions")
    assert lab.wait()
    assert "3 of 3 epochs" in lab.status
    lab.close()


@pytest.mark.parametrize(("make", "words"), [(datasets.digits, "need two features"), (datasets.line, "need two")])
def test_other_data_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        decision_regions.DecisionRegions(make())


def test_a_regression_of_two_features_has_no_regions():
    with pytest.raises(ValueError, match="has 0 classes"):
        decision_regions.DecisionRegions(datasets.line(features=2))
