"""Imports: parts build on one another in one direction, heavy libraries wait until needed, and stderr stays empty."""

import ast
import io
import os
import subprocess
import sys
import tokenize
from graphlib import TopologicalSorter

import pytest

from notebooks.build.chapters import scripts
from notebooks.build.contents import ROOT

#: What each part may import besides itself. A part is a name at the top of the package: a module, or a folder.
LAYERS = {
    "_jupyter checks drawing models portable tables": "",
    "datasets schedules": "portable",
    "claims": "tables",
    "guess": "drawing",
    "training": "datasets portable schedules",
    "predictions": "training",
    "diagnostics": "portable schedules training",
    "search": "training",
    "lab": "drawing schedules training",
    "chapters": "datasets drawing lab models portable predictions schedules search tables training",
}

#: What others may import of a folder, besides the names that the folder itself gives.
OPEN = {
    "drawing": "style",
    "training": "keras_models knobs losses optimizers progress",
}

#: The parts that may import a library, at whatever place in a module.
LIBRARIES = {
    "anywidget ipywidgets traitlets": "guess lab",
    "matplotlib PIL": "drawing guess lab chapters",
    "optuna": "search chapters",
    "tensorflow": "training chapters",
}

#: The modules that may load TensorFlow as soon as they are imported, because they build upon it. The others import them
#: where they need them, so that errors in the first cells of a chapter come at once.
HEAVY = {
    "training": "engines initialization initializers kernel_shard keras_models losses loop population",
    "training.xla": "fast_layers program shard",
    "training.kernel": "keras_parts network reader",
    "chapters.softmax": "hierarchical_softmax",
}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "course_utils").rglob("*.py")
}
FOLDERS = sorted(name for name, path in MODULES.items() if path.stem == "__init__")


def table(rules):
    """Gives a rule for each name of the keys, which stand together where they share one."""
    return {name: set(allowed.split()) for names, allowed in rules.items() for name in names.split()}


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
    """Gives the modules of the package among them, and the name that is taken from each, if it is none."""
    names = {name for name in imported(path) if name.split(".")[0] == "course_utils"}
    return {(name, "") if name in MODULES else tuple(name.rsplit(".", 1)) for name in names}


def part(module):
    """Gives the part that a module belongs to."""
    return module.partition(".")[2].split(".")[0]


def inside(folder):
    """Gives, for each name in a folder of the package, which others of them it imports."""
    start = f"{folder}."
    within = {name: name.removeprefix(start).split(".")[0] for name in MODULES if name.startswith(start)}
    arrows = {name: set() for name in within.values()}
    for name, one in within.items():
        arrows[one] |= {within[other] for other, _ in ours(MODULES[name]) if other in within} - {one}
    return arrows


def code_lines(text):
    """Counts the lines that are neither blank nor comment nor docstring."""
    aside = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = (token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in aside)
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


def test_only_code_counts_as_code():
    text = '"""Words."""\n\n# Why.\ndef f(x):\n    """Words.\n\n    More."""\n    y = """a\n\n    b"""\n    return y\n'
    assert code_lines(text) == 5


def test_a_part_imports_what_stands_below_it():
    allowed = table(LAYERS)
    arrows = {(part(module), part(other)) for module, path in MODULES.items() for other, _ in ours(path)}
    assert [(one, other) for one, other in arrows if one != other and other not in allowed[one]] == []


def test_a_chapter_imports_no_other_chapter():
    """And what chapters share, which stands beside their folders, imports none of them."""

    def chapter(name):
        folder = ".".join(name.split(".")[:3])
        return folder if folder.startswith("course_utils.chapters.") and folder in FOLDERS else ""

    arrows = {(chapter(module), chapter(other)) for module, path in MODULES.items() for other, _ in ours(path)}
    assert [(one, other) for one, other in arrows if other not in {one, ""}] == []


def test_of_another_folder_only_what_it_opens_is_used():
    faces = {folder: {name for _, name in ours(MODULES[folder])} for folder in FOLDERS if part(folder) != "chapters"}
    opened, wrong = table(OPEN), []
    for path in [*MODULES.values(), *scripts()]:
        for module, name in ours(path):
            folder, behind = f"course_utils.{part(module)}", module.split(".")[2:]
            if folder in faces and part(module) != path.relative_to(ROOT).parts[1]:
                known = behind[0] in opened.get(part(module), ()) if behind else name in {"", *faces[folder]}
                wrong += [] if known else [(path.stem, module, name)]
    assert wrong == []


def test_libraries_stay_where_they_belong():
    found = [(part(module), name) for module, path in MODULES.items() for name in imported(path)]
    allowed = table(LIBRARIES)
    assert [(one, name) for one, name in found if one not in allowed.get(name.split(".")[0], {one})] == []
    assert [(one, name) for one, name in found if name.startswith(("matplotlib.pyplot", "pylab"))] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_can_be_drawn_without_a_circle_on_one_page(folder):
    arrows, floors = inside(folder), {}
    for name in TopologicalSorter(arrows).static_order():
        floors[name] = 1 + max((floors[below] for below in arrows[name]), default=0)
    assert len(arrows) <= 20
    assert sum(map(len, arrows.values())) <= 40
    assert max(floors.values(), default=0) <= 6


def test_no_module_imports_the_folder_it_stands_in():
    inward = [(module, name) for module, path in MODULES.items() for name, _ in ours(path)]
    assert [(module, name) for module, name in inward if module.startswith(f"{name}.")] == []


def test_a_module_is_short_enough_to_read():
    lengths = {module: code_lines(path.read_text(encoding="utf-8")) for module, path in MODULES.items()}
    assert {module: length for module, length in lengths.items() if length > 180} == {}


def test_the_top_of_the_package_is_what_notebooks_import():
    names = set(inside("course_utils"))
    assert len(names) <= 16
    used = {part(module) for script in scripts() for module, _ in ours(script)}
    assert {name for name in names if not name.startswith("_")} == used


def run(code, **variables):
    answer = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer


def test_importing_the_package_leaves_tensorflow_alone():
    heavy = {f"course_utils.{folder}.{name}" for folder, names in HEAVY.items() for name in names.split()}
    assert heavy <= MODULES.keys()
    names = ", ".join(sorted(MODULES.keys() - heavy))
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
