"""Search spaces: how they are written, and how settings lie between 0 and 1."""

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from course_utils.search.spaces import UnitCube, distributions

SPACE = {
    "learning_rate": (1e-4, 1.0, "log"),
    "momentum": (0.0, 0.9),
    "width": (8, 128, "log"),
    "depth": (1, 3),
    "optimizer": ["sgd", "adam", "rmsprop"],
}


def test_plain_tuples_and_lists_become_distributions():
    assert distributions(SPACE) == {
        "learning_rate": FloatDistribution(1e-4, 1.0, log=True),
        "momentum": FloatDistribution(0.0, 0.9),
        "width": IntDistribution(8, 128, log=True),
        "depth": IntDistribution(1, 3),
        "optimizer": CategoricalDistribution(["sgd", "adam", "rmsprop"]),
    }
    given = IntDistribution(16, 64, step=16)
    assert distributions({"width": given})["width"] is given


def test_every_setting_comes_back_from_its_point():
    cube = UnitCube(distributions(SPACE))
    random = np.random.default_rng(0)
    for point in random.uniform(size=(200, 5)):
        setting = cube.setting(point)
        assert ((cube.point(setting) >= 0) & (cube.point(setting) <= 1)).all()
        again = cube.setting(cube.point(setting))
        assert again.pop("learning_rate") == pytest.approx(setting.pop("learning_rate"))
        assert again.pop("momentum") == pytest.approx(setting.pop("momentum"))
        assert again == setting


def test_points_spread_evenly_over_what_is_asked_for():
    cube = UnitCube(distributions(SPACE))
    settings = [cube.setting(point) for point in np.random.default_rng(0).uniform(size=(3000, 5))]
    for name, values in (("depth", [1, 2, 3]), ("optimizer", SPACE["optimizer"])):
        counts = [sum(s[name] == value for s in settings) for value in values]
        assert min(counts) > 900, "each of three comes a third of the time"
    assert 0.45 < np.mean([s["learning_rate"] < 1e-2 for s in settings]) < 0.55
    assert {s["width"] for s in settings} >= {8, 9, 127, 128}


def test_steps_are_kept():
    cube = UnitCube({"width": IntDistribution(16, 64, step=16), "rate": FloatDistribution(0.1, 0.5, step=0.2)})
    found = [cube.setting(point) for point in np.random.default_rng(0).uniform(size=(200, 2))]
    assert {s["width"] for s in found} == {16, 32, 48, 64}
    assert sorted({round(s["rate"], 6) for s in found}) == [0.1, 0.3, 0.5]


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "space={} holds no knob: give a dictionary, such as"),
        ([("a", (0, 1))], "holds no knob: give a dictionary, such as"),
        ({"a": [1, [2, 3]]}, r"space\['a'\] holds \[2, 3\], which no storage can keep: list words and numbers"),
        ({"a": (1.0, 0.1)}, r"space\['a'\]=\(1.0, 0.1\) is no range"),
        ({"a": (0, 1, "log")}, "begin above 0"),
        ({"a": (0.1, 1, "linear")}, "cannot be read: give"),
        ({"a": 0.1}, "cannot be read"),
        ({"a": []}, "cannot be read"),
        ({"a": ("sgd", "adam")}, "is no range"),
    ],
)
def test_what_cannot_be_read_is_named(space, message):
    with pytest.raises(ValueError, match=message):
        distributions(space)
