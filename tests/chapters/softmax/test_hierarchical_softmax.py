"""Two-level softmax: probabilities are products along the path, and training works on any loss for logits."""

import keras
import numpy as np
import pytest

from course_utils import predictions
from course_utils.chapters.softmax import hierarchical_softmax
from course_utils.training import Trainer

GROUPS = ((3, 0), (1, 4, 2))


def test_the_probability_of_a_class_is_that_of_its_group_times_its_own_within():
    logits = np.random.default_rng(0).normal(0, 3, (4, 7)).astype("float32")
    table = np.exp(hierarchical_softmax.TwoLevel(GROUPS)(logits))
    group, first, second = (predictions.softmax(logits[:, part]) for part in (slice(2), slice(2, 4), slice(4, 7)))
    np.testing.assert_allclose(table[:, 3], group[:, 0] * first[:, 0], rtol=1e-4)
    np.testing.assert_allclose(table[:, 0], group[:, 0] * first[:, 1], rtol=1e-4)
    np.testing.assert_allclose(table[:, 2], group[:, 1] * second[:, 2], rtol=1e-4)
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=1e-5)


def test_it_learns_the_digits_as_well_as_keras_says(digits):
    halves = (tuple(range(5)), tuple(range(5, 10)))
    runs = Trainer(hierarchical_softmax.two_level, digits, epochs=10, optimizer="adam").run(
        learning_rate=0.003, settings=[{"groups": [halves]}], seeds=2, width=32, depth=1
    )
    assert (runs.final("val_accuracy") > 0.9).all()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(loss(digits.y_validation, runs.model(1)(digits.x_validation))) == pytest.approx(
        runs.final("val_loss")[1], rel=1e-4
    )


def test_without_groups_it_is_a_plain_softmax():
    assert [layer.units for layer in hierarchical_softmax.two_level((64,), 10).layers if hasattr(layer, "units")] == [
        64,
        64,
        10,
    ]


def test_groups_must_hold_every_class_once():
    with pytest.raises(ValueError, match="every class"):
        hierarchical_softmax.TwoLevel(((0, 1), (1, 2)))


def test_the_layer_is_saved_with_its_groups():
    layer = hierarchical_softmax.TwoLevel(GROUPS)
    assert hierarchical_softmax.TwoLevel.from_config(layer.get_config()).groups == GROUPS
