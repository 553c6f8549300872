"""What XLA compiles: each computation once, and no change of a number makes it compile again."""

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import models, schedules
from course_utils.training import Trainer, engines
from course_utils.training.xla import program, shard


@pytest.fixture
def programs(monkeypatch):
    """Keeps apart what these tests compile, and lists it."""
    made = []
    program.program_of.cache_clear()
    compile_, init = program.Program, program.Program.__init__

    def listed(self, *arguments, **options):
        init(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(compile_, "__init__", listed)
    return made


@pytest.fixture
def one_core(monkeypatch):
    """Makes all members train in one shard, as they do where there is one core."""
    monkeypatch.setattr(engines, "cores", lambda: 1)


def traces(programs):
    return sum(one.train.experimental_get_tracing_count() for one in programs)


def waits(trainer, **asked):
    """Tells whether a training waits for the compiler before its first step."""
    return next(trainer.stream(**asked)).progress is None


def xla(model, dataset, **options):
    return Trainer(model, dataset, epochs=1, engine="xla", **options)


def test_changing_a_knob_compiles_nothing(digits, programs):
    trainer = xla(models.mlp, digits, optimizer="momentum")
    knobs = {"width": 8, "depth": 1, "dropout_layers": True}
    trainer.run(learning_rate=0.1, **knobs)
    assert traces(programs) == 1
    changes = [
        {"learning_rate": 0.3},
        {"learning_rate": 1},
        {"momentum": 0.5},
        {"schedule": schedules.Cosine()},
        {"dropout": 0.5},
        {"weight_decay": 0.1},
        {"l1": 0.1, "l2": 0.2},
        {"init_scale": 2.0},
        {"seeds": [9]},
        {"epochs": 2},
    ]
    for change in changes:
        assert not waits(trainer, **{"learning_rate": 0.1} | knobs | change), change
        assert traces(programs) == 1, change
    assert waits(trainer, learning_rate=0.1, batch_size=64, **knobs)
    trainer.run(learning_rate=0.1, batch_size=64, **knobs)
    assert traces(programs) == 1, "one trace is compiled for every batch size"
    trainer.run(learning_rate=0.1, **knobs | {"width": 9})
    assert traces(programs) == 2


@pytest.mark.usefixtures("one_core")
def test_other_members_optimizers_and_numbers_of_networks_are_compiled_anew(digits, programs):
    trainer = xla(models.mlp, digits)
    trainer.run(width=7, depth=1)
    assert not waits(trainer, width=7, depth=1, seeds=[4])
    for change in ({"seeds": 2}, {"batch_size": 64}, {"optimizer": "adam"}, {"activation": "tanh"}):
        assert waits(trainer, **{"width": 7, "depth": 1} | change), change
    assert len(programs) == 3


def test_networks_that_differ_in_their_initialisers_only_are_compiled_once(digits, programs):
    def builder(input_shape, outputs, *, start="zeros", activation="relu"):
        stack = [keras.Input(input_shape), layers.Dense(7, activation, kernel_initializer=start), layers.Dense(outputs)]
        return keras.Sequential(stack)

    trainer = xla(builder, digits)
    zeros = trainer.run(learning_rate=1e-9)
    assert waits(trainer, activation="tanh")
    assert not waits(trainer, start="ones")
    ones = trainer.run(learning_rate=1e-9, start="ones")
    assert len(programs) == 2
    assert abs(zeros.model(0).get_weights()[0]).max() < 1e-6
    assert abs(ones.model(0).get_weights()[0] - 1).max() < 1e-6
    assert ones.model(0).layers[0].kernel_initializer.__class__ is keras.initializers.Ones


def test_a_model_that_was_changed_is_compiled_for_every_trainer(digits, sequential):
    model = sequential(digits.input_shape, layers.Dense(10))
    xla(model, digits).run(learning_rate=0.1)
    model.layers[0].kernel_regularizer = keras.regularizers.L2(1.0)
    other = xla(model, digits)
    assert waits(other, learning_rate=0.1)
    other.run(learning_rate=0.1)
    assert not waits(other, learning_rate=0.1)


@pytest.mark.parametrize(("members", "cores", "sizes"), [(1, 2, [1]), (8, 2, [4, 4]), (3, 2, [1] * 3), (9, 2, [3] * 3)])
def test_shards_are_of_one_size_so_that_one_compilation_serves_them(digits, monkeypatch, members, cores, sizes):
    monkeypatch.setattr(engines, "cores", lambda: cores)
    loop = xla(models.mlp, digits)._loop(width=5, depth=1, seeds=members)
    assert [len(one.places) for one in loop._shards] == sizes
    assert sorted(place for one in loop._shards for place in one.places) == list(range(members))
    assert all(isinstance(one, shard.XLAShard) for one in loop._shards)


def test_a_curve_does_not_depend_on_the_neighbours(digits):
    trainer = xla(models.mlp, digits)
    knobs = {"width": 16, "depth": 1, "dropout_layers": True}
    wanted = {"learning_rate": 0.2, "dropout": 0.3}
    alone = trainer.run(**wanted, **knobs, seeds=[5])
    settings = [wanted, {"learning_rate": 0.5, "l2": 0.01, "dropout": 0.1}, {"learning_rate": 1000.0}]
    among = trainer.run(settings=settings, **knobs, seeds=[5]).take([0])
    np.testing.assert_allclose(among.batch_loss[0], alone.batch_loss[0], rtol=1e-5)
    for name, curve in alone.history.items():
        np.testing.assert_allclose(among.history[name], curve, rtol=1e-5)


def test_a_stream_goes_step_by_step_and_gives_the_same(digits, monkeypatch):
    trainer = xla(models.mlp, digits)
    whole = trainer.run(width=16, depth=1, learning_rate=0.1)
    monkeypatch.setattr("course_utils.training.loop._SLICE", 0)
    seen = list(trainer.stream(width=16, depth=1, learning_rate=0.1))
    steps = np.diff([len(runs.batch_loss[0]) for runs in seen])
    assert steps[:-1].max() == 1
    np.testing.assert_array_equal(seen[-1].batch_loss[0], whole.batch_loss[0])
