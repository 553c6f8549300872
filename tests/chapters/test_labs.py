"""Every picture and every experiment of the package keeps the contract of labs; a new one is tested by a row here."""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import course_utils.chapters
import course_utils.lab
from course_utils import datasets, models, schedules
from course_utils.chapters import decision_regions, signal_propagation
from course_utils.chapters.activations import race as activation_race
from course_utils.chapters.activations import saturation
from course_utils.chapters.batch_normalization.side_by_side import Comparison
from course_utils.chapters.learning_rate import pictures as learning_rate
from course_utils.chapters.learning_rate.landscapes import Quadratic
from course_utils.chapters.mini_batch import generalization, gradient_noise, local_minima, memory
from course_utils.chapters.mini_batch.race import BatchSizeRace, RacePicture
from course_utils.chapters.search import (
    caviar,
    coarse_to_fine,
    grid_or_random,
    next_trial,
    overfitted_choice,
    panda,
)
from course_utils.chapters.search_in_practice import contest_picture, stopped_early
from course_utils.chapters.search_in_practice.contest import Contest
from course_utils.chapters.search_in_practice.tabular_benchmark import Tabled
from course_utils.chapters.softmax import calibration, class_weights, imbalance, softmax_lab
from course_utils.lab import Experiment, InstantExperiment, LearningCurves, Picture, Sweep
from course_utils.training import Trainer
from tests.contract import check_experiment, check_picture


@dataclass
class Row:
    """An experiment, knobs of two results that look different on the same axes, and the pictures that draw them."""

    experiment: object
    knobs: dict
    others: dict
    pictures: tuple


def row(experiment, *pictures, others, **knobs):
    return Row(experiment, knobs, {**knobs, **others}, pictures)


@cache
def digits():
    return datasets.digits()


@cache
def moons():
    return datasets.moons(rows=80, noise=0.05)


@cache
def trainer(**options):
    return Trainer(models.mlp, digits(), epochs=3, **options)


def random():
    return np.random.default_rng(0)


def two_searchers():
    curve = np.linspace(0.5, 0.9, 10)[:, None] + np.linspace(0, 0.05, 4)
    curves = {"random": curve, "clever": curve + np.where(np.arange(10) % 2, 0.02, 0)[:, None]}
    return Contest(curves, curves, np.ones(10), 20)


def activations():
    own = {"tanh": {"learning_rate": 0.5}, "relu": {"learning_rate": 0.1}}
    return activation_race.ActivationRace({"moons": Trainer(models.mlp, moons(), epochs=3)}, own)


#: Made when they are needed, since some bring data with them.
ROWS = {
    "curves": lambda: row(
        trainer(),
        LearningCurves(),
        LearningCurves(accuracy_limits=None, loss_scale="log", loss_limits=(0.01, 10)),
        learning_rate=0.01,
        seeds=3,
        others={"learning_rate": 0.1},
    ),
    "sweep": lambda: row(trainer(), Sweep(), learning_rate=[0.01, 0.1, 1.0], seeds=2, epochs=1, others={"epochs": 3}),
    "schedules": lambda: row(
        trainer(),
        learning_rate.RateAndLoss(),
        learning_rate=0.5,
        schedule=schedules.Constant(),
        others={"schedule": schedules.Cosine()},
    ),
    "quadratic": lambda: row(
        Quadratic(), learning_rate.Parabola(), learning_rate=0.1, curvature=2.0, steps=20, others={"learning_rate": 0.9}
    ),
    "race of activations": lambda: row(
        activations(),
        activation_race.AccuracyByActivation(),
        rules=activation_race.SAME,
        inputs="moons",
        learning_rate=0.01,
        seeds=2,
        others={"rules": activation_race.OWN},
    ),
    "signals": lambda: row(
        signal_propagation.RandomNetworks(digits(), rows=40),
        signal_propagation.SignalsByLayer(),
        family="glorot",
        scale=0.5,
        activation="relu",
        depth=5,
        width=16,
        seeds=2,
        others={"scale": 2.0},
    ),
    "saturation": lambda: row(
        saturation.SaturatingNetworks(digits(), rows=40),
        saturation.FlatByLayer(),
        activation="tanh",
        scale=0.5,
        depth=5,
        others={"scale": 8.0},
    ),
    "side by side": lambda: row(
        trainer(),
        Comparison("optimizer", {"sgd": "SGD", "adam": "Adam"}),
        optimizer=["sgd", "adam"],
        learning_rate=0.01,
        seeds=2,
        others={"learning_rate": 0.1},
    ),
    "race of batch sizes": lambda: row(
        BatchSizeRace(Trainer(models.mlp, moons()), (4, 16), goal=0.8, reference=4, most=40),
        RacePicture(),
        learning_rate=0.1,
        scaling="same",
        yardstick="epochs",
        rows_at_once=64.0,
        seeds=2,
        others={"learning_rate": 0.3, "scaling": "linear"},
    ),
    "protocols": lambda: row(
        generalization.Protocols(Trainer(models.mlp, moons()), {4: 0.2, 16: 0.5}, reference=4),
        generalization.HeldOutPicture(),
        rates="same",
        length="20 epochs",
        learning_rate=0.03,
        seeds=2,
        others={"rates": generalization.OWN},
    ),
    "gradient noise": lambda: row(
        gradient_noise.GradientNoise({"start": random().normal(size=(64, 30)) + 0.5}),
        gradient_noise.Fan(),
        moment="start",
        batch_size=4,
        draws=20,
        seed=0,
        others={"batch_size": 16},
    ),
    "valleys": lambda: row(
        local_minima.SineFit(),
        local_minima.Valleys(),
        batch_size=2,
        learning_rate=0.3,
        steps=25,
        walkers=10,
        seed=0,
        others={"batch_size": 128},
    ),
    "memory": lambda: row(
        memory.MemoryPlan(models.cnn),
        memory.MemoryPicture(),
        batch_size=8,
        side=28,
        gigabytes=2.0,
        optimizer="sgd",
        others={"batch_size": 100_000},
    ),
    "rare class": lambda: row(
        class_weights.RareClass(imbalance.thin(digits(), {8: 0.05}), rare=8),
        class_weights.RecallAndPrecision(),
        weight=1.0,
        epochs=2,
        seeds=2,
        others={"weight": 30.0},
    ),
    "confidence": lambda: row(
        calibration.Confidence({"some": random().normal(size=(2, 50, 3))}, random().integers(0, 3, 50)),
        calibration.CoverageAndReliability(),
        network="some",
        threshold=0.0,
        temperature=1.0,
        others={"threshold": 0.6, "temperature": 0.5},
    ),
    "softmax": lambda: row(
        softmax_lab.Softmax(),
        softmax_lab.SoftmaxBars(),
        cat=2.0,
        dog=1.0,
        truth="cat",
        temperature=1.0,
        others={"dog": 3.0, "truth": "dog"},
    ),
    "regions": lambda: row(
        Trainer(models.mlp, moons(), epochs=3),
        decision_regions.DecisionRegions(moons()),
        learning_rate=0.01,
        others={"learning_rate": 0.5},
    ),
    "caviar": lambda: row(
        caviar.Caviar(trainer(), epochs=2), caviar.ShoalPicture(), networks=8, draw=0, others={"draw": 1}
    ),
    "narrowing": lambda: row(
        coarse_to_fine.Narrowing(trainer(), epochs=1),
        coarse_to_fine.RoundsPicture(),
        rounds=2,
        round_2_from=1e-5,
        round_2_to=1e-4,
        round_3_from=1e-3,
        round_3_to=1e-2,
        draw=0,
        others={"round_2_from": 0.01, "round_2_to": 1.0},
    ),
    "grid or random": lambda: row(
        grid_or_random.GridOrRandom(trainer(optimizer="momentum"), epochs=2),
        grid_or_random.SquaresPicture(),
        trials=4,
        second="l2",
        draw=0,
        others={"draw": 1},
    ),
    "next trial": lambda: row(
        next_trial.NextTrial(trainer(), epochs=1),
        next_trial.BeliefPicture(),
        trials=5,
        look="expected improvement",
        draw=0,
        truth=False,
        others={"trials": 4},
    ),
    "panda": lambda: row(
        panda.Panda(trainer(), epochs=8, wait=lambda _: None),
        panda.PandaPicture(),
        learning_rate=0.5,
        speed="fast",
        seed=0,
        others={"learning_rate": 0.05},
    ),
    "overfitted choice": lambda: row(
        overfitted_choice.OverfittedChoice(random().random((40, 900)) < 0.5, repeats=10),
        overfitted_choice.ChoicePicture(),
        configurations=4,
        rows=50,
        draw=0,
        others={"configurations": 40},
    ),
    "contest": lambda: row(
        contest_picture.DrawnSearches(two_searchers()),
        contest_picture.SearchesPicture(),
        method="clever",
        trials=4,
        searches=5,
        draw=0,
        others={"trials": 3},
    ),
    "stopped early": lambda: row(
        stopped_early.StoppedEarly(Tabled()),
        stopped_early.StoppedPicture(),
        first=2,
        keep=3,
        field="everything",
        draw=0,
        others={"field": "slow starters", "draw": 6},
    ),
}

made = cache(lambda name: ROWS[name]())


@cache
def results(name):
    one = made(name)
    return one.experiment.run(**one.knobs), one.experiment.run(**one.others)


@pytest.mark.parametrize("name", ROWS)
def test_the_experiment_keeps_the_contract(name):
    check_experiment(made(name).experiment, made(name).knobs)


@pytest.mark.parametrize("name", ROWS)
def test_pictures_keep_the_contract(name):
    for picture in made(name).pictures:
        check_picture(picture, *results(name))


@pytest.mark.parametrize("name", ROWS)
def test_the_first_thing_to_be_seen_can_be_drawn(name):
    early = next(result for result in made(name).experiment.stream(**made(name).knobs) if result.progress)
    for picture in made(name).pictures:
        assert picture.artists(picture.axes(early), early)


def classes():
    """Lists the classes of the parts that may know labs."""
    parts = (course_utils.chapters, course_utils.lab)
    modules = [one for part in parts for one in pkgutil.walk_packages(part.__path__, f"{part.__name__}.")]
    members = [inspect.getmembers(importlib.import_module(module.name), inspect.isclass) for module in modules]
    return {found for module in members for _, found in module if found.__module__.startswith("course_utils.")}


def test_none_is_without_a_row():
    kinds = {one for one in classes() if issubclass(one, Picture | Experiment)} - {
        Picture,
        Experiment,
        InstantExperiment,
    }
    rows = [made(name) for name in ROWS]
    assert kinds <= {type(thing) for one in rows for thing in (one.experiment, *one.pictures)}


def test_every_method_of_a_chapter_is_described_by_its_class_or_where_it_was_first_declared():
    own = [one for one in classes() if ".chapters." in one.__module__]
    public = [(owner, name, made) for owner in own for name, made in vars(owner).items() if not name.startswith("_")]
    methods = [(owner, name) for owner, name, made in public if isinstance(made, property) or inspect.isfunction(made)]
    assert [f"{owner.__name__}.{name}" for owner, name in methods if not inspect.getdoc(getattr(owner, name))] == []
