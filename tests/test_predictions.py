"""Predictions: what trained networks answer, while they train and afterwards, is what Keras computes."""

import numpy as np
import pytest
from keras import layers

from course_utils import datasets, models, predictions
from course_utils.training import Trainer


@pytest.fixture(scope="module")
def runs(digits):
    return Trainer(models.mlp, digits, epochs=3).run(learning_rate=[0.01, 0.3], seeds=2)


def test_outputs_are_those_of_the_keras_models(digits, runs):
    outputs = predictions.outputs(runs, digits.x_validation)
    assert outputs.shape == (4, 180, 10)
    for member in range(4):
        np.testing.assert_allclose(
            outputs[member], runs.model(member).predict(digits.x_validation, verbose=0), atol=1e-5
        )


def test_probabilities_give_the_validation_accuracy_and_loss_of_every_member(digits, runs):
    table = predictions.probabilities(runs, digits.x_validation)
    np.testing.assert_allclose(table.sum(axis=-1), 1)
    np.testing.assert_allclose((table.argmax(axis=-1) == digits.y_validation).mean(axis=1), runs.final("val_accuracy"))
    right = table[:, np.arange(180), digits.y_validation]
    np.testing.assert_allclose(-np.log(right).mean(axis=1), runs.final("val_loss"), rtol=1e-4)


def test_the_members_keep_their_order_through_selections_and_shapes(digits):
    trainer = Trainer(models.mlp, digits, epochs=1)
    both = trainer.run(width=[8, 16], seeds=2)
    table = predictions.probabilities(both, digits.x_validation[:5])
    chosen = predictions.probabilities(both.select(width=16), digits.x_validation[:5])
    np.testing.assert_array_equal(chosen, table[2:])


def test_while_training_they_are_those_of_the_moment(digits):
    streamed = [runs for runs in Trainer(models.mlp, digits, epochs=3).stream(learning_rate=0.1) if runs.progress]
    later = [predictions.probabilities(runs, digits.x_validation) for runs in streamed]  # asked when all is over
    for runs, table in zip(streamed, later, strict=True):
        accuracy = (table[0].argmax(axis=-1) == digits.y_validation).mean()
        assert accuracy == pytest.approx(runs.final("val_accuracy")[0])
    assert (later[0] != later[-1]).any()


def test_models_that_end_in_softmax_give_their_probabilities(digits, sequential):
    model = sequential((64,), layers.Dense(10, activation="softmax"))
    runs = Trainer(model, digits, epochs=1).run(learning_rate=0.1)
    table = predictions.probabilities(runs, digits.x_validation)
    np.testing.assert_allclose(table, predictions.outputs(runs, digits.x_validation), rtol=1e-6)
    np.testing.assert_allclose(table.sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("end", [None, "sigmoid"])
def test_a_single_output_means_two_classes(sequential, end):
    moons = datasets.moons()
    runs = Trainer(sequential((2,), layers.Dense(1, activation=end)), moons, epochs=2).run(learning_rate=0.3)
    table = predictions.probabilities(runs, moons.x_validation)
    assert table.shape == (1, len(moons.x_validation), 2)
    accuracy = (table[0].argmax(axis=-1) == moons.y_validation).mean()
    assert accuracy == pytest.approx(runs.final("val_accuracy")[0])


def test_a_regression_has_outputs_and_no_probabilities():
    line = datasets.line()
    runs = Trainer(models.mlp, line, epochs=1).run(depth=0)
    assert predictions.outputs(runs, line.x_test).shape == (1, len(line.x_test), 1)
    with pytest.raises(ValueError, match=r"use outputs\(runs, x\)"):
        predictions.probabilities(runs, line.x_test)


def test_many_rows_go_in_pieces(runs, digits, monkeypatch):
    whole = predictions.outputs(runs, digits.x_train[:50])
    monkeypatch.setattr(predictions, "_PIECE", 16)
    np.testing.assert_allclose(predictions.outputs(runs, digits.x_train[:50]), whole, atol=1e-5)


def test_softmax_stays_finite_and_temperature_evens_it_out():
    np.testing.assert_allclose(predictions.softmax([1000.0, 1000.0]), [0.5, 0.5])
    np.testing.assert_allclose(predictions.softmax([0.0, np.log(3)]), [0.25, 0.75])
    np.testing.assert_allclose(predictions.softmax([0.0, 2 * np.log(3)], temperature=2), [0.25, 0.75])
