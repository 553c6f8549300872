"""The table of trained networks: what the engine gives, kept, and looked up like a trainer's."""

import numpy as np
import pytest

from course_utils import models
from course_utils.chapters.search_in_practice import tabular_benchmark
from course_utils.search import METHODS, search
from course_utils.training import Trainer
from notebooks.build import table as script

#: Settings that train calmly, so that another processor's last digits do not grow into other answers.
CALM = [
    {"learning_rate": 0.03, "optimizer": "momentum", "batch_size": 128, "width": 16, "depth": 1},
    {"learning_rate": 0.001, "optimizer": "momentum", "batch_size": 128, "width": 16, "depth": 1, "l2": 1e-2},
    {"learning_rate": 0.03, "optimizer": "momentum", "batch_size": 128, "width": 16, "depth": 1, "schedule": "cosine"},
    {"learning_rate": 0.003, "optimizer": "adam", "batch_size": 512, "width": 64, "depth": 3, "init_scale": 0.25},
]


@pytest.fixture(scope="module")
def table():
    return tabular_benchmark.Tabled()


def test_the_table_is_of_thousands_and_small(table):
    assert len(table) >= 2000
    assert table.seeds >= 3
    assert table.epochs == 20
    assert table.choices == script.VALUES
    assert tabular_benchmark.FILE.stat().st_size < 500_000


def test_the_engine_gives_the_rows_of_the_table(table):
    """They may differ by a few answers, because each processor rounds in its own way."""
    trainer = Trainer(models.mlp, table.dataset)
    asked = [table.nearest(one) for one in CALM]
    again = script.measure(trainer, asked, table.seeds)
    kept = table.run(settings=CALM, seeds=table.seeds).history["val_accuracy"].reshape(again["right"].shape)
    np.testing.assert_allclose(again["right"] / 180, kept, atol=3.01 / 180)
    tested = [table.test_accuracy[table.place(one)] for one in CALM]
    np.testing.assert_allclose(again["right_on_test"] / 180, tested, atol=3.01 / 180)
    assert not again["diverged_at"].any()


def test_a_setting_trains_as_its_knobs_say(table):
    knobs = table.knobs(CALM[2])
    trained = Trainer(models.mlp, table.dataset).run(**knobs, seeds=table.seeds)
    np.testing.assert_allclose(
        trained.final("val_accuracy"), table.run(settings=[CALM[2]], seeds=3).final("val_accuracy"), atol=3.01 / 180
    )


def test_the_script_writes_the_same_file_twice(monkeypatch, tmp_path):
    small = {knob: values[-1:] for knob, values in script.VALUES.items()}
    small |= {"learning_rate": [0.03, 3.0], "batch_size": [512], "width": [4], "depth": [1], "optimizer": ["sgd"]}
    for name, value in {"VALUES": small, "SEEDS": 2, "EPOCHS": 2}.items():
        monkeypatch.setattr(script, name, value)
    written = []
    for _ in range(2):
        monkeypatch.setattr(script, "FILE", tmp_path / "some.npz")
        assert script.main([]) == 0
        written.append((tmp_path / "some.npz").read_bytes())
    assert written[0] == written[1]
    some = tabular_benchmark.Tabled(tmp_path / "some.npz")
    assert some.choices == small
    assert some.accuracy.shape == (2, 1, 1, 1, 1, 1, 1, 1, 2, 2)


def test_runs_are_in_the_order_of_settings_and_seeds(table):
    runs = table.run(learning_rate=[0.01, 0.1], seeds=[2, 0], epochs=5)
    assert [(s["learning_rate"], s["seed"]) for s in runs.settings] == [(0.01, 2), (0.01, 0), (0.1, 2), (0.1, 0)]
    assert runs.history["val_accuracy"].shape == (4, 5)
    one = table.run(learning_rate=0.1, seeds=[2])
    np.testing.assert_array_equal(runs.history["val_accuracy"][2], one.history["val_accuracy"][0, :5])
    assert runs.progress == 1
    assert list(runs.steps_per_epoch) == [1437 // 32] * 4
    assert "5 of 5 epochs · validation accuracy" in repr(runs)


def test_a_network_has_diverged_only_once_training_came_so_far(table):
    late = np.argwhere(table._diverged_at > 1437 // 32)
    assert len(late)
    place, seed = tuple(late[0][:-1]), int(late[0][-1])
    setting = {knob: values[i] for i, (knob, values) in zip(place, table.choices.items())}
    step = table.run(settings=[setting], seeds=[seed]).diverged_at[0]
    runs = table.run(settings=[setting], seeds=[seed], epochs=1)
    assert step > runs.steps_per_epoch[0]
    assert runs.diverged_at[0] == 0


def test_a_number_between_two_gets_the_nearest_on_a_log_scale(table):
    near = table.nearest({"learning_rate": 0.0055, "width": 33, "batch_size": 10_000})
    assert (near["learning_rate"], near["width"], near["batch_size"]) == (0.01, 64, 512)
    assert table.nearest({"learning_rate": 0.0054})["learning_rate"] == 0.003


def test_every_value_has_an_equal_share_of_its_range(table):
    low, high, scale = table.space["learning_rate"]
    assert scale == "log"
    drawn = np.exp(np.linspace(np.log(low), np.log(high), 10_001))
    found = [table.nearest({"learning_rate": rate})["learning_rate"] for rate in drawn]
    shares = [found.count(rate) / len(drawn) for rate in table.choices["learning_rate"]]
    np.testing.assert_allclose(shares, 0.1, atol=0.01)
    assert table.space["optimizer"] == ["sgd", "momentum", "adam"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"momentum": 0.9}, "momentum is no knob of this table: choose among batch_size"),
        ({"optimizer": "rmsprop"}, "optimizer='rmsprop' is not in the table: choose among sgd"),
        ({"learning_rate": 0}, "learning_rate=0 is not in the table"),
        ({"learning_rate": "fast"}, "learning_rate='fast' is not in the table"),
        ({"epochs": 21}, "epochs=21, seeds=1 is more than was kept: choose up to 20 epochs"),
        ({"seeds": [5]}, r"seeds=\[5\] is more than was kept"),
    ],
)
def test_what_the_table_lacks_is_told(table, asked, message):
    with pytest.raises(ValueError, match=message):
        table.run(**asked)
    with pytest.raises(ValueError, match=message):
        table.stream(**asked)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_searches_it_like_a_trainer(table, method):
    space = {"learning_rate": [0.001, 0.1], "width": [4, 64]} if method == "grid" else table.space
    found = search(table, space, method=method, trials=20, progress=False)
    assert len(found.to_frame()) == (4 if method == "grid" else 20)
    assert found.best_value == pytest.approx(table.run(**found.best).final("val_accuracy")[0])
    again = search(table, space, method=method, trials=20, progress=False)
    assert found.best == again.best


def test_with_another_seed_in_front_a_search_sees_that_seed(table):
    setting = {"learning_rate": 0.003, "width": 16}
    turned = table.seeing(2)
    seen = turned.run(**setting).final("val_accuracy")
    assert seen == table.run(**setting, seeds=[2]).final("val_accuracy")
    assert turned.score(setting, [1, 2]) == pytest.approx(table.score(setting, [0, 1]))
    assert turned.best_score() >= turned.best_score(width=4) >= turned.score({"width": 4}, [1, 2])
