"""Which engine trains: the kernel where it knows all parts, and else XLA, and in words."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import datasets, models
from course_utils.training import Trainer
from course_utils.training.kernel.machine import choose


@pytest.fixture(scope="module")
def words():
    return datasets.from_arrays(np.arange(120).reshape(40, 3) % 7, np.arange(40) % 2, name="words")


def test_the_kernel_trains_what_it_knows_and_says_how_it_runs(digits):
    trainer = Trainer(models.mlp, digits, epochs=1)
    assert trainer.engine == f"kernel, {choose().name}, since {choose().reason}"
    assert trainer.run(learning_rate=0.1).engine == trainer.engine


def test_xla_trains_the_rest_and_names_the_layer(words, sequential):
    model = sequential((3,), layers.UnitNormalization(name="of_words"), layers.Dense(2))
    trainer = Trainer(model, words, batch_size=4, epochs=1)
    assert trainer.engine.startswith(
        "XLA, since layer 'of_words' is a UnitNormalization, which the kernel does not know"
    )
    runs = trainer.run(learning_rate=0.1)
    assert runs.engine == trainer.engine
    assert np.isfinite(runs.final("val_loss")).all()


def test_xla_can_be_asked_for(digits):
    assert Trainer(models.mlp, digits, engine="xla").engine == "XLA, since engine='xla' asks for it"


def test_one_training_may_need_both(digits):
    def builder(input_shape, outputs, *, reshaped=False):
        middle = [layers.Dense(8, "relu"), *([layers.Reshape((8,))] if reshaped else [])]
        return keras.Sequential([keras.Input(input_shape), *middle, layers.Dense(outputs)])

    runs = Trainer(builder, digits, epochs=2).run(learning_rate=0.05, reshaped=[False, True])
    first, second = runs.engine.split("; ")
    assert first.startswith("kernel, ")
    assert second.startswith("XLA, since ")
    np.testing.assert_allclose(*runs.history["val_loss"], rtol=1e-4)


def test_what_no_engine_can_train_is_told_when_the_trainer_is_made(digits, sequential):
    model = sequential(digits.input_shape, layers.GaussianNoise(0.1), layers.Dense(10))
    with pytest.raises(ValueError, match="draws random numbers that cannot be repeated"):
        Trainer(model, digits)


def test_recurrent_layers_need_no_compiler_unless_xla_is_asked_for(sequential):
    heard = datasets.from_arrays(np.sin(np.arange(720.0)).reshape(60, 6, 2), np.arange(60) % 2, name="heard")
    model = sequential((6, 2), layers.GRU(3, name="ear"), layers.Dense(2))
    ours, compiled = (Trainer(model, heard, batch_size=8, epochs=2, engine=name) for name in ("auto", "xla"))
    assert ours.engine == "TensorFlow, since layer 'ear' is a GRU, which the kernel does not know"
    assert compiled.engine.startswith("XLA, ")
    np.testing.assert_allclose(*(one.run(learning_rate=0.1).batch_loss[0] for one in (ours, compiled)), rtol=1e-4)
