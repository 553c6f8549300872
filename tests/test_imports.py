"""Imports: dependencies go one way, heavy libraries wait until they are needed, and stderr stays empty."""

import ast
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "course_utils"
EXPERIMENTS = {path.stem: path for path in (PACKAGE / "experiments").glob("[a-z]*.py")}
MODULES = {path.stem: path for path in PACKAGE.glob("*.py")} | EXPERIMENTS

#: For every module, what it may import of this package, and what of others beyond the standard library. Imports
#: inside functions and for type checkers count too.
MAY_IMPORT = {
    "__init__": ("", ""),
    "arrays": ("", "numpy"),
    "idx": ("", "numpy"),
    "originals": ("idx", "numpy"),
    "keras_cache": ("idx originals", "keras"),
    "mnist": ("idx keras_cache originals", "numpy"),
    "datasets": ("arrays mnist originals", "numpy sklearn"),
    "models": ("", "keras"),
    "normalized": ("", "keras"),
    "normalized_signals": ("datasets", "numpy"),
    "residual": ("", "keras"),
    "shaken": ("", "keras"),
    "optimizers": ("", ""),
    "schedules": ("", "numpy"),
    "knobs": ("schedules", ""),
    "runs": ("", "numpy pandas keras"),
    "results": ("runs", ""),
    "predictions": ("runs twins", "numpy"),
    "losses": ("", "tensorflow"),
    "initialization": ("twins", "numpy keras"),
    "twins": ("", "keras tensorflow"),
    "population": ("initialization losses optimizers twins", "numpy keras tensorflow"),
    "compiling": ("optimizers population twins", "keras"),
    "group": ("population schedules", "numpy tensorflow"),
    "session": ("group initialization population runs", "numpy keras"),
    "settings": ("knobs optimizers", ""),
    "training": ("compiling group datasets knobs population runs session settings", "numpy keras tensorflow tqdm"),
    "diagnostics": ("runs schedules training", "numpy"),
    "spaces": ("", "numpy optuna"),
    "proposing": ("spaces", "numpy scipy optuna"),
    "surrogate": ("", "numpy scipy threadpoolctl"),
    "gaussian_process": ("proposing surrogate", "numpy scipy optuna"),
    "evaluation": ("knobs optimizers runs training", "numpy"),
    "storing": ("evaluation", "optuna sqlalchemy"),
    "sharing": ("storing", "optuna"),
    "halving": ("evaluation proposing storing training", "numpy optuna"),
    "progress": ("proposing sharing", "tqdm optuna"),
    "search": (
        "evaluation gaussian_process halving knobs progress proposing sharing spaces storing training",
        "pandas optuna",
    ),
    "tabled": ("datasets knobs runs schedules", "numpy"),
    "contest": ("halving search storing tabled", "numpy pandas optuna"),
    "importance": ("", "numpy pandas optuna"),
    "searches_drawn": ("contest knobs pictures style results", "numpy matplotlib"),
    "stopped_early": ("knobs pictures style tabled results", "numpy matplotlib"),
    "grid_or_random": ("knobs pictures spaces style training", "numpy matplotlib"),
    "narrowing": ("knobs proposing search spaces training", "numpy"),
    "narrowing_picture": ("narrowing pictures style", "numpy matplotlib"),
    "next_trial": ("gaussian_process knobs pictures style training", "numpy matplotlib"),
    "hand": ("knobs schedules", "numpy"),
    "panda": ("displays hand knobs pictures runs style training results", "numpy matplotlib"),
    "caviar": ("knobs pictures results style training", "numpy matplotlib"),
    "overfitted_choice": ("datasets knobs models pictures predictions style training results", "numpy matplotlib"),
    "landscapes": ("knobs optimizers results", "numpy"),
    "gradient_noise": ("knobs losses results", "numpy keras tensorflow"),
    "batch_race": ("knobs training", "numpy"),
    "bumpy": ("knobs pictures style", "numpy matplotlib"),
    "held_out": ("batch_race displays knobs pictures runs style training", "numpy matplotlib"),
    "memory": ("knobs optimizers pictures style results", "numpy matplotlib keras"),
    "published": ("", "pandas"),
    "batch_pictures": ("batch_race displays gradient_noise pictures style", "numpy matplotlib"),
    "explain": ("", "numpy"),
    "checks": ("explain", ""),
    "claims": ("", ""),
    "reproduced": ("", "pandas"),
    "style": ("", "numpy matplotlib PIL"),
    "figures": ("style", "numpy matplotlib"),
    "displays": ("figures style", "numpy matplotlib"),
    "pictures": ("displays style", "numpy matplotlib"),
    "regions": ("datasets figures pictures predictions style", "numpy matplotlib"),
    "activations": ("", "numpy"),
    "signals": ("activations datasets displays knobs pictures style results", "numpy matplotlib"),
    "saturation": ("activations displays signals style", "numpy matplotlib"),
    "activation_race": ("displays pictures runs style training", "numpy matplotlib"),
    "comparison": ("displays pictures style", "numpy matplotlib"),
    "imbalance": ("datasets", "numpy"),
    "recall": ("datasets displays imbalance models pictures predictions results style training", "numpy matplotlib"),
    "logits": ("knobs pictures predictions style results", "numpy matplotlib"),
    "confidence": ("knobs pictures predictions style results", "numpy matplotlib"),
    "hierarchy": ("models", "numpy keras tensorflow"),
    "animation": ("pictures style", "numpy matplotlib"),
    "worker": ("", ""),
    "saving": ("", ""),
    "notebook_cell": ("", "IPython"),
    "controls": ("", "numpy ipywidgets"),
    "stage": ("", "anywidget traitlets"),
    "tried": ("", "ipywidgets"),
    "warm_up": ("notebook_cell worker", "ipywidgets"),
    "wording": ("", "numpy"),
    "lab": ("animation controls notebook_cell pictures stage style tried warm_up wording worker results", "ipywidgets"),
}


def imported(path):
    """Gives the full name of everything that a file imports, wherever in the file it does so."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the package, so that they can be searched for"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def ours(path):
    names = {name.removeprefix("course_utils.") for name in imported(path) if name.startswith("course_utils.")}
    return {name.removeprefix("experiments.").split(".")[0] for name in names - {"experiments"}}


def others(path):
    packages = {name.split(".")[0] for name in imported(path)} - {"course_utils"}
    return packages - set(sys.stdlib_module_names)


def test_every_module_has_its_row():
    assert MODULES.keys() <= MAY_IMPORT.keys()
    for names, _ in MAY_IMPORT.values():
        assert set(names.split()) <= MAY_IMPORT.keys()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_what_it_may(module):
    allowed, libraries = map(str.split, MAY_IMPORT[module])
    assert ours(MODULES[module]) == set(allowed)
    assert others(MODULES[module]) == set(libraries)


def test_no_module_has_the_name_of_another():
    assert len(MODULES) == len([path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "experiments/__init__.py"])


def test_what_all_chapters_share_knows_no_experiment():
    for module in MODULES.keys() - EXPERIMENTS.keys():
        assert not ours(MODULES[module]) & EXPERIMENTS.keys(), module


def test_dependencies_go_one_way():
    TopologicalSorter({module: names.split() for module, (names, _) in MAY_IMPORT.items()}).prepare()


def test_few_modules_know_widgets_and_none_draws_through_pyplot():
    knowing = [module for module, (_, libraries) in MAY_IMPORT.items() if "widget" in libraries]
    assert knowing == ["controls", "stage", "tried", "warm_up", "lab"]
    for path in MODULES.values():
        assert not {"matplotlib.pyplot", "pylab"} & imported(path), path.name


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_short_enough_to_read(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 260


def name_of(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def run(code, **variables):
    answer = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer


def test_importing_the_package_leaves_tensorflow_alone():
    needs_tensorflow = {
        "__init__",
        "compiling",
        "group",
        "hierarchy",
        "initialization",
        "losses",
        "population",
        "session",
        "twins",
    }
    names = ", ".join(name_of(MODULES[name]) for name in sorted(MODULES.keys() - needs_tensorflow))
    answer = run(f"import sys, {names}; print({{'tensorflow', 'keras', 'pandas', 'sklearn'}} & set(sys.modules))")
    assert answer.stdout.strip() == "set()"
    assert answer.stderr == ""


def test_training_leaves_stderr_empty():
    """Six batch sizes make six shapes to compile, and the highest rate runs into overflow."""
    code = """
from course_utils import datasets, models, schedules
from course_utils.training import Trainer

trainer = Trainer(models.mlp, datasets.line(features=2), epochs=3)
rates = [0.1, 1000]
runs = trainer.run(learning_rate=rates, depth=0, batch_size=[8, 16, 32, 40, 50, 80], schedule=schedules.OneCycle())
print((runs.diverged_at > 0).sum(), (runs.final("loss") < 1).any(), runs.model().count_params())
"""
    answer = run(code, TQDM_DISABLE="1")
    assert answer.stdout.split() == ["6", "True", "3"]
    assert answer.stderr == ""
