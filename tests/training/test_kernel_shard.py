"""The trainer on the kernel: it gives what the compiled engine gives, and the same bits however it is cut up."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import datasets, models, schedules
from course_utils.training import Trainer, engines, loop
from course_utils.training.kernel.placed import Unavailable
from course_utils.training.optimizers import OPTIMIZERS

RATES = {"adagrad": 0.01, "adadelta": 1.0, "rmsprop": 0.001, "adam": 0.001, "adamw": 0.001}


def both(dataset, **options):
    return [Trainer(models.mlp, dataset, engine=name, **options) for name in ("xla", "kernel")]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains_as_the_compiled_engine_does(digits, optimizer):
    compiled, kernel = (
        trainer.run(learning_rate=RATES.get(optimizer, 0.05), l2=[0, 0.01], seeds=2, schedule=schedules.Cosine())
        for trainer in both(digits, optimizer=optimizer, epochs=1, track_norms=True)
    )
    for name in ("batch_loss", "update_norm", "gradient_norm"):
        ours, theirs = np.array(getattr(kernel, name)), np.array(getattr(compiled, name))
        np.testing.assert_allclose(ours[:, :10], theirs[:, :10], rtol=1e-4, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(kernel.final("val_loss"), compiled.final("val_loss"), rtol=1e-3)
    np.testing.assert_array_equal(kernel.learning_rates, compiled.learning_rates)


def test_a_regression_diverges_at_the_same_step_and_its_neighbour_goes_on():
    compiled, kernel = (
        trainer.run(learning_rate=[0.01, 30.0], depth=0) for trainer in both(datasets.line(features=2), epochs=3)
    )
    assert kernel.diverged_at[1] > 0
    np.testing.assert_array_equal(kernel.diverged_at, compiled.diverged_at)
    np.testing.assert_allclose(kernel.final("val_loss")[0], compiled.final("val_loss")[0], rtol=1e-4)


def test_weighted_rows_count_as_in_the_compiled_engine(digits):
    from course_utils.chapters.softmax.imbalance import weigh

    rare = weigh(digits, {8: 5.0})
    compiled, kernel = (trainer.run(learning_rate=0.05) for trainer in both(rare, epochs=2))
    np.testing.assert_allclose(kernel.batch_loss, compiled.batch_loss, rtol=1e-3)


def test_models_of_runs_have_the_trained_weights(digits):
    runs = Trainer(models.mlp, digits, engine="kernel", epochs=3).run(learning_rate=0.1, seeds=2)
    for number, model in enumerate(runs.models()):
        right = model(digits.x_validation).numpy().argmax(axis=1) == digits.y_validation
        assert right.mean() == pytest.approx(runs.final("val_accuracy")[number], abs=0.006)


def test_a_plateau_is_seen_in_the_validation_loss_of_each_member(digits):
    plan = schedules.ReduceOnPlateau(factor=0.1, patience=1)
    runs = Trainer(models.mlp, digits, engine="kernel", epochs=8).run(learning_rate=[1e-7, 0.05], schedule=plan)
    assert runs.learning_rates[0][-1] < 1e-8
    assert runs.learning_rates[1][-1] == np.float32(0.05)


def test_the_bits_are_the_same_however_the_work_is_cut_and_shared(digits, monkeypatch):
    def trained():
        return Trainer(models.mlp, digits, engine="kernel", epochs=2).run(learning_rate=[0.1, 0.3], seeds=2)

    whole = trained()
    monkeypatch.setattr(loop, "_SLICE", 0.0)
    monkeypatch.setattr(engines, "cores", lambda: 1)
    pieces = trained()
    for name in whole.history:
        np.testing.assert_array_equal(whole.history[name], pieces.history[name])
    np.testing.assert_array_equal(whole.batch_loss, pieces.batch_loss)


def test_a_stream_can_be_closed_within_an_epoch(digits, monkeypatch):
    monkeypatch.setattr(loop, "_SLICE", 0.0)
    stream = Trainer(models.mlp, digits, engine="kernel").stream(learning_rate=0.1, batch_size=1, seeds=3)
    runs = next(stream)
    assert 0 < len(runs.batch_loss[0]) < runs.steps_per_epoch[0]
    assert np.isfinite(runs.batch_loss[0]).all()
    stream.close()


def test_what_the_kernel_does_not_know_is_refused_with_a_cure(sequential):
    words = datasets.from_arrays(np.arange(60).reshape(20, 3) % 7, np.arange(20) % 2, name="words")
    model = sequential((3,), layers.UnitNormalization(name="words"), layers.Dense(2))
    with pytest.raises(ValueError, match=r"engine='kernel' cannot be used: .*words.*choose 'xla'"):
        Trainer(model, words, engine="kernel", batch_size=4).run()


@pytest.mark.parametrize(
    ("pooling", "optimizer"),
    [
        (layers.Flatten(), "sgd"),
        (layers.GlobalAveragePooling1D(), "adam"),
        (layers.GlobalMaxPooling1D(), "sgd"),
    ],
)
def test_embeddings_train_as_in_the_compiled_engine_and_in_keras(sequential, keras_loop, pooling, optimizer):
    words = datasets.from_arrays(np.arange(900).reshape(300, 3) ** 2 % 11, np.arange(300) % 3, name="words")
    model = sequential((3,), layers.Embedding(11, 5), pooling, layers.Dense(3))
    compiled, kernel = (
        Trainer(model, words, optimizer=optimizer, batch_size=20, epochs=3, engine=name) for name in ("xla", "kernel")
    )
    ours, theirs = (one.run(learning_rate=0.05, l2=0.001, init_scale=2.0).batch_loss[0] for one in (kernel, compiled))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    if optimizer == "sgd":  # Keras' Adam leaves rows alone that no word of the batch looks up
        plain = kernel.run(learning_rate=0.05).batch_loss[0]
        np.testing.assert_allclose(plain, keras_loop(kernel, model, keras.optimizers.SGD(0.05)), rtol=1e-4)


def test_a_mask_that_all_rows_share_is_the_same_on_both_engines(digits):
    from course_utils.chapters.batch_normalization.networks import noisy_mlp

    compiled, kernel = (Trainer(noisy_mlp, digits, epochs=2, engine=name) for name in ("xla", "kernel"))
    ours, theirs = (one.run(learning_rate=0.01, dropout=0.3, width=8, depth=1) for one in (kernel, compiled))
    np.testing.assert_allclose(ours.batch_loss[0], theirs.batch_loss[0], rtol=1e-4)


def test_words_that_an_embedding_lacks_are_refused(sequential):
    words = datasets.from_arrays(np.arange(60).reshape(20, 3) % 7, np.arange(20) % 2, name="words")
    model = sequential((3,), layers.Embedding(6, 2), layers.Flatten(), layers.Dense(2))
    with pytest.raises(ValueError, match="from 0 to 6 do not fit an embedding of 6 words: choose numbers from 0 to 5"):
        Trainer(model, words, batch_size=4).run()


def test_a_dropout_rate_without_a_layer_is_refused(digits):
    with pytest.raises(ValueError, match=r"dropout=0\.5 has nothing to act on"):
        Trainer(models.mlp, digits, engine="kernel").run(dropout=0.5)


def test_without_a_machine_for_it_the_kernel_is_refused_with_the_reason(digits, monkeypatch):
    def choose():
        raise Unavailable("wasmtime does not load")

    monkeypatch.setattr("course_utils.training.engines.choose", choose)
    with pytest.raises(ValueError, match=r"engine='kernel' cannot be used: wasmtime does not load; choose 'xla'"):
        Trainer(models.mlp, digits, engine="kernel").run()


def test_dropout_is_trained_and_a_seed_of_any_size_will_do(digits):
    trainer = Trainer(models.mlp, digits, engine="kernel", epochs=4)
    runs = trainer.run(learning_rate=0.1, dropout_layers=True, dropout=[0.0, 0.3], seeds=[2**40 + 1])
    assert not np.allclose(runs.batch_loss[0], runs.batch_loss[1])
    assert (runs.final("val_accuracy") > 0.8).all()


def plain(input_shape, outputs):
    return models.mlp(input_shape, outputs, dropout_layers=True)


def branches(input_shape, outputs):
    """A network whose dropout layers do not stand in a row."""
    first = keras.Input(input_shape)
    rows = layers.Flatten()(first)
    one, other = layers.Dense(24, "relu")(rows), layers.Dense(24, "tanh")(rows)
    other = layers.Dropout(0.3)(layers.Dense(24, "relu")(other))
    joined = layers.Dropout(0.2)(layers.Add()([layers.Dropout(0.1)(one), other]))
    return keras.Model(first, layers.Dense(outputs)(joined))


def pictures(input_shape, outputs):
    stack = [layers.Conv2D(3, 3, activation="relu"), layers.Dropout(0.4), layers.Flatten(), layers.Dense(outputs)]
    return keras.Sequential([keras.Input(input_shape), *stack])


@pytest.mark.parametrize(("builder", "rate"), [(plain, 0.3), (branches, None), (branches, 0.5), (pictures, None)])
def test_dropout_leaves_out_the_same_units_as_in_the_compiled_engine(images, builder, rate):
    asked = {"learning_rate": 0.05, "seeds": [0, 2**40 + 1], **({} if rate is None else {"dropout": rate})}
    compiled, kernel = (Trainer(builder, images, engine=name, epochs=2).run(**asked) for name in ("xla", "kernel"))
    for member in range(2):
        for ours, theirs in zip(*(np.array(runs.batch_loss[member]).reshape(2, -1) for runs in (kernel, compiled))):
            np.testing.assert_allclose(ours[:8], theirs[:8], rtol=2e-4)  # other masks would differ by some 10 %
    np.testing.assert_allclose(kernel.final("val_loss"), compiled.final("val_loss"), rtol=1e-3)


def test_an_unknown_engine_is_refused(digits):
    with pytest.raises(ValueError, match=r"engine='torch' cannot be used: choose auto or kernel or xla"):
        Trainer(models.mlp, digits, engine="torch")
