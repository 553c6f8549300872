"""Rare classes: which rows stay, what weights do to training, and what recall and precision count."""

import keras
import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.chapters.softmax import imbalance
from course_utils.training import Trainer

WEIGHTS = {8: 5.0, 3: 0.25, 0: 0.0}


def test_thin_takes_rows_of_the_named_class_only(digits):
    thin = imbalance.thin(digits, {8: 0.1})
    before, after = np.bincount(digits.y_train), np.bincount(thin.y_train)
    assert after[8] == round(0.1 * before[8])
    np.testing.assert_array_equal(np.delete(after, 8), np.delete(before, 8))
    np.testing.assert_array_equal(thin.y_validation, digits.y_validation)
    np.testing.assert_array_equal(thin.x_train, imbalance.thin(digits, {8: 0.1}).x_train)
    assert (
        thin.x_train[thin.y_train == 8] != imbalance.thin(digits, {8: 0.1}, seed=1).x_train[thin.y_train == 8]
    ).any()
    assert np.bincount(imbalance.thin(digits, {8: 1e-9}).y_train)[8] == 1


def test_weights_train_as_class_weight_does_in_keras(digits):
    """`fit` on the same batches from the same start, one after the other."""
    weighted = imbalance.weigh(digits, WEIGHTS)
    model = models.mlp((64,), 10, width=16, depth=1)
    trainer = Trainer(model, weighted, epochs=2)
    runs = trainer.run(learning_rate=0.3)
    for variable, value in zip(model.trainable_variables, trainer.initial_weights(0)):
        variable.assign(value)
    model.compile(keras.optimizers.SGD(0.3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    class_weight = {label: WEIGHTS.get(label, 1.0) for label in range(10)}
    for epoch in range(2):
        rows = trainer.batches(0, epoch).ravel()
        x, y = digits.x_train[rows], digits.y_train[rows]
        history = model.fit(x, y, batch_size=32, shuffle=False, class_weight=class_weight, verbose=0).history
        assert runs.history["loss"][0, epoch] == pytest.approx(history["loss"][0], rel=1e-4)
    for mine, theirs in zip(runs.model().get_weights(), model.get_weights()):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)
    plain = Trainer(models.mlp, digits, epochs=2).run(learning_rate=0.3, width=16, depth=1)
    assert abs(plain.final("loss")[0] / runs.final("loss")[0] - 1) > 0.01


def test_weights_of_one_change_nothing_and_compile_nothing(digits):
    trainer = Trainer(models.mlp, digits, epochs=1)
    same = Trainer(models.mlp, imbalance.weigh(digits, {4: 1.0}), epochs=1)
    np.testing.assert_array_equal(same.run().batch_loss[0], trainer.run().batch_loss[0])
    assert next(iter(Trainer(models.mlp, imbalance.weigh(digits, {4: 9.0})).stream(epochs=1))).progress is not None


def test_weights_multiply_and_follow_the_rows_that_stay(digits):
    twice = imbalance.weigh(imbalance.weigh(digits, {8: 2.0}), {8: 3.0, 1: 0.5})
    thin = imbalance.thin(twice, {1: 0.5})
    for label, weight in ((8, 6.0), (1, 0.5), (2, 1.0)):
        assert set(thin.sample_weight[thin.y_train == label]) == {np.float32(weight)}


def test_recall_and_precision_count_what_they_say():
    labels = np.array([0, 0, 0, 1, 1, 2])
    guesses = np.array([[0, 0, 1, 1, 0, 0], [2, 2, 2, 1, 1, 2]])
    np.testing.assert_allclose(imbalance.recall(labels, guesses, 4), [[2 / 3, 1 / 2, 0, np.nan], [0, 1, 1, np.nan]])
    expected = [[2 / 4, 1 / 2, np.nan, np.nan], [np.nan, 1, 1 / 4, np.nan]]
    np.testing.assert_allclose(imbalance.precision(labels, guesses, 4), expected)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda d: imbalance.thin(d, {8: 0}), r"keep\[8\]=0 cannot be used"),
        (lambda d: imbalance.thin(d, {11: 0.5}), "names the class 11: choose among 0 … 9"),
        (lambda d: imbalance.weigh(d, {8: -1}), r"class_weight\[8\]=-1 cannot be used"),
        (lambda _: imbalance.weigh(datasets.line(), {0: 2}), "has no classes"),
    ],
)
def test_what_cannot_be_used_is_named(digits, call, words):
    with pytest.raises(ValueError, match=words):
        call(digits)
