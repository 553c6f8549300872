"""Training: what the history means, what decides a curve, what a stream yields, and how divergence shows."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import datasets, models, schedules
from course_utils.training import Trainer, loop
from course_utils.training.kernel_shard import KernelShard
from course_utils.training.xla import program

STEPS = 44  # batches of 32 among 1,437 rows


@pytest.fixture(scope="module")
def trainer(digits):
    return Trainer(models.mlp(digits.input_shape, 10, width=16, depth=1, dropout_layers=True), digits, epochs=3)


@pytest.fixture(scope="module")
def line():
    return datasets.line(200, features=3)


@pytest.mark.parametrize("engine", ["kernel", "xla"])
def test_history_means_what_the_history_of_keras_means(digits, engine, monkeypatch):
    monkeypatch.setattr(program, "_PIECE", 100)  # the validation rows then take two pieces, the last of them shorter
    model = models.mlp(digits.input_shape, 10, width=16, depth=1, dropout_layers=True, batch_normalization=True)
    runs = Trainer(model, digits, epochs=2, engine=engine).run(learning_rate=[0.01, 0.1, 0.3], dropout=0.2)
    assert list(runs.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    for member in range(3):
        losses = runs.batch_loss[member].reshape(2, STEPS)
        np.testing.assert_allclose(runs.history["loss"][member], losses.mean(axis=1, dtype="float64"), rtol=1e-12)
        trained = runs.model(member)
        trained.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        loss, accuracy = trained.evaluate(digits.x_validation, digits.y_validation, verbose=0)
        assert runs.final("val_loss")[member] == pytest.approx(loss, rel=1e-5)
        assert runs.final("val_accuracy")[member] == pytest.approx(accuracy, abs=1e-6)


def test_accuracy_counts_the_right_answers_of_all_batches(digits, sequential, start):
    model = sequential(digits.input_shape, layers.Dense(10))
    trainer = Trainer(model, digits, batch_size=30, epochs=1)
    runs = trainer.run(learning_rate=1e-12)
    start(trainer, model)
    rows = trainer.batches().ravel()
    right = model.predict(digits.x_train[rows], verbose=0).argmax(axis=1) == digits.y_train[rows]
    assert 0 < right.sum() < len(rows)
    assert runs.final("accuracy")[0] == right.sum() / len(rows)


def test_a_model_of_a_run_is_new_and_the_learners_own_stays_as_it_was(digits, sequential):
    model = sequential(digits.input_shape, layers.Dense(10))
    before = model.get_weights()
    runs = Trainer(model, digits, epochs=1).run(learning_rate=0.5, seeds=2)
    first, second = runs.model(0).get_weights()[0], runs.model(1).get_weights()[0]
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert not np.allclose(first, before[0])
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(runs.take([1]).model().get_weights()[0], second)


def assert_identical(one, two):
    for name, curve in one.history.items():
        np.testing.assert_array_equal(curve, two.history[name])
    for mine, other in zip(one.batch_loss, two.batch_loss, strict=True):
        np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(one.diverged_at, two.diverged_at)


def test_the_same_seed_gives_the_same_curve_twice(digits, trainer):
    knobs = {"learning_rate": 0.2, "dropout": 0.3, "seeds": [5]}
    first = trainer.run(**knobs)
    assert_identical(first, trainer.run(**knobs))
    model = models.mlp(digits.input_shape, 10, width=16, depth=1, dropout_layers=True)
    assert_identical(first, Trainer(model, digits, epochs=3).run(**knobs))
    assert not np.allclose(first.batch_loss[0], trainer.run(**knobs | {"seeds": [6]}).batch_loss[0], rtol=1e-2)


def test_a_curve_does_not_depend_on_the_neighbours(trainer):
    wanted = {"learning_rate": 0.2, "dropout": 0.3}
    alone = trainer.run(**wanted, seeds=[5])
    others = [{"learning_rate": 0.5, "l2": 0.01, "dropout": 0.1}, {"learning_rate": 1000.0}]
    for size in (3, 8, 17):
        settings = [others[i % 2] for i in range(size - 1)]
        settings.insert(size // 2, wanted)
        among = trainer.run(settings=settings, seeds=[5]).take([size // 2])
        assert among.settings[0]["learning_rate"] == 0.2
        assert_identical(among, alone)


def test_a_knob_changes_neither_the_first_weights_nor_the_order_of_the_data(digits, trainer, start):
    model = models.mlp(digits.input_shape, 10, width=16, depth=1)
    start(trainer, model, seed=4)
    rows = trainer.batches(seed=4)[0]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = float(loss(digits.y_train[rows], model(digits.x_train[rows])))
    settings = [{}, {"learning_rate": 1.0}, {"l2": 0.1}, {"l1": 0.1}, {"weight_decay": 0.5}, {"dropout": 0.0}]
    settings += [{"schedule": schedules.WarmUp()}, {"optimizer": "adam", "beta_1": 0.5}]
    runs = trainer.run(settings=settings, seeds=[4], epochs=1)
    np.testing.assert_allclose([losses[0] for losses in runs.batch_loss], expected, rtol=1e-5)
    assert len({losses[-1] for losses in runs.batch_loss}) == len(settings) - 1  # a rate of no dropout changes nothing


def test_init_scale_multiplies_what_is_drawn_and_nothing_else(digits, sequential):
    first = layers.Dense(4, bias_initializer="ones")
    trainer = Trainer(sequential(digits.input_shape, first, layers.BatchNormalization(), layers.Dense(10)), digits)
    plain, scaled = trainer.initial_weights(3), trainer.initial_weights(3, init_scale=0.5)
    factors = [0.5, 1, 1, 1, 0.5, 1, 1, 1]  # kernel, bias, gamma, beta, kernel, bias, moving mean and variance
    for weights, half, factor in zip(plain, scaled, factors, strict=True):
        np.testing.assert_allclose(half, factor * weights)
    assert plain[1].tolist() == [1] * 4


def test_first_weights_follow_the_initializer_and_the_seed(digits, sequential):
    kernel = keras.initializers.RandomNormal(stddev=0.2, seed=1)
    trainer = Trainer(
        sequential(digits.input_shape, layers.Dense(200, kernel_initializer=kernel), layers.Dense(10)), digits
    )
    one, same, other = (trainer.initial_weights(seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert one.std() == pytest.approx(0.2, rel=0.05)
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05


def test_layers_of_one_shape_start_from_different_weights(digits, sequential):
    model = sequential(digits.input_shape, layers.Dense(64), layers.Dense(64), layers.Dense(10))
    first, _, second, *_ = Trainer(model, digits).initial_weights()
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1


def test_batches_shuffle_every_epoch_and_never_repeat_a_row(trainer):
    first, second, other = trainer.batches(0, 0), trainer.batches(0, 1), trainer.batches(1, 0)
    assert first.shape == (STEPS, 32)
    for order in (first, second, other):
        assert len(np.unique(order)) == order.size
        assert not (np.diff(order.ravel()) > 0).all()
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert trainer.batches(batch_size=100).shape == (14, 100)


def test_members_of_several_signatures_come_back_in_the_order_asked_for(line):
    trainer = Trainer(models.mlp, line, epochs=2)
    knobs = {"optimizer": ["sgd", "adam"], "batch_size": [16, 40], "depth": [0]}
    runs = trainer.run(learning_rate=0.01, seeds=[3, 1], **knobs)
    asked = [(o, b, s) for o in knobs["optimizer"] for b in knobs["batch_size"] for s in (3, 1)]
    assert [(s["optimizer"], s["batch_size"], s["seed"]) for s in runs.settings] == asked
    assert list(runs.steps_per_epoch) == [10, 10, 4, 4] * 2
    assert [len(losses) for losses in runs.batch_loss] == [20, 20, 8, 8] * 2
    for member, (optimizer, size, seed) in enumerate(asked):
        alone = trainer.run(learning_rate=0.01, optimizer=optimizer, batch_size=size, depth=0, seeds=[seed])
        np.testing.assert_allclose(runs.batch_loss[member], alone.batch_loss[0], rtol=1e-5)
        np.testing.assert_allclose(runs.history["val_loss"][member], alone.history["val_loss"][0], rtol=1e-5)


def test_lengths_of_updates_and_gradients_are_those_of_the_weights(line, sequential):
    model = sequential((3,), layers.Dense(4, "tanh"), layers.Dense(1))
    trainer = Trainer(model, line, batch_size=len(line.x_train), epochs=4, track_norms=True)
    *_, runs = stream = list(trainer.stream(learning_rate=0.2, seeds=2))
    for member in range(2):
        weights = [trainer.initial_weights(member)]
        weights += [one.model(member).get_weights() for one in stream if one.epochs_done]
        flat = np.array([np.concatenate([w.ravel() for w in step]) for step in weights])
        moved = np.linalg.norm(np.diff(flat, axis=0), axis=1)
        np.testing.assert_allclose(runs.update_norm[member], moved, rtol=1e-4)
        np.testing.assert_allclose(runs.gradient_norm[member], moved / 0.2, rtol=1e-4)
    assert Trainer(model, line, epochs=1).run(learning_rate=0.1).update_norm is None


def test_a_stream_yields_after_every_epoch(trainer, monkeypatch):
    monkeypatch.setattr(loop, "_SLICE", 1000)
    trainer.run(learning_rate=0.1)
    seen = list(trainer.stream(learning_rate=0.1))
    assert [runs.epochs_done for runs in seen] == [1, 2, 3]
    assert [runs.progress for runs in seen] == [1 / 3, 2 / 3, 1]
    assert [len(runs.batch_loss[0]) for runs in seen] == [STEPS, 2 * STEPS, 3 * STEPS]
    assert_identical(seen[-1], trainer.run(learning_rate=0.1))


def test_a_stream_yields_between_the_steps_of_long_epochs(trainer, monkeypatch):
    whole = trainer.run(learning_rate=0.1, batch_size=30)
    monkeypatch.setattr(loop, "_SLICE", 0)
    seen = list(trainer.stream(learning_rate=0.1, batch_size=30))
    steps = [len(runs.batch_loss[0]) for runs in seen]
    assert np.diff(steps).max() == 1
    assert all(runs.epochs_done == done // 47 for runs, done in zip(seen, steps) if done % 47)
    assert_identical(seen[-1], whole)


def test_runs_that_were_yielded_do_not_change_afterwards(trainer):
    stream = (runs for runs in trainer.stream(learning_rate=0.3) if runs.epochs_done)
    first = next(stream)
    loss, weights = first.history["loss"].copy(), first.model().get_weights()[0]
    *_, last = stream
    np.testing.assert_array_equal(first.history["loss"], loss)
    np.testing.assert_array_equal(first.model().get_weights()[0], weights)
    assert not np.allclose(last.model().get_weights()[0], weights)


def test_closing_a_stream_stops_the_training(trainer, monkeypatch):
    advance, taken = KernelShard.advance, []
    monkeypatch.setattr(KernelShard, "advance", lambda shard, seconds: taken.append(1) or advance(shard, seconds))
    monkeypatch.setattr(loop, "_SLICE", 0)
    stream = trainer.stream(learning_rate=0.1, seeds=2)
    next(runs for runs in stream if len(runs.batch_loss[0]) > 3)
    done = len(taken)
    stream.close()
    assert next(stream, None) is None
    assert 0 < len(taken) == done < 2 * STEPS


def test_divergence_is_marked_with_its_step_and_the_neighbour_goes_on(line, sequential):
    trainer = Trainer(sequential((3,), layers.Dense(1)), line, batch_size=20, epochs=12)
    alone = trainer.run(learning_rate=0.05)
    runs = trainer.run(learning_rate=[0.05, 1.5, 50.0])
    assert not alone.diverged_at.any()
    assert runs.diverged_at[0] == 0
    np.testing.assert_allclose(runs.batch_loss[0], alone.batch_loss[0], rtol=1e-5)
    for losses, step in zip(runs.batch_loss[1:], runs.diverged_at[1:]):
        gone = ~np.isfinite(losses) | (losses > 1000 * losses[0])
        assert step == gone.argmax() + 1 > 1
    assert runs.diverged_at[1] > runs.diverged_at[2]
    assert not np.isfinite(runs.batch_loss[2]).all()
    assert runs.final("val_loss")[0] < 0.1
    assert runs.progress == 1


def test_reduce_on_plateau_sees_the_validation_loss_of_its_own_member(trainer):
    schedule = schedules.ReduceOnPlateau(factor=0.5, patience=1, min_delta=0.01)
    runs = trainer.run(learning_rate=[1e-9, 0.1], schedule=schedule, epochs=4)
    assert (np.diff(runs.history["val_loss"][1]) < -0.01).all()
    rates = np.array([np.array(one).reshape(4, STEPS) for one in runs.learning_rates])
    assert (rates == rates[:, :, :1]).all()
    np.testing.assert_allclose(rates[0, :, 0], [1e-9, 1e-9, 5e-10, 2.5e-10], rtol=1e-6)
    np.testing.assert_allclose(rates[1], 0.1, rtol=1e-6)
