"""Building notebooks, tried on a small chapter in a folder of its own."""

import subprocess
import sys

import nbformat
import pytest

from notebooks.build import build, chapters
from notebooks.build.chapters import ROOT
from tests.chapter import run_script

CHAPTER = """
# %% [markdown] name="title"
# # A chapter
#
# Read [the next](02_next.ipynb), [the list](../README.md) and [the net](https://example.org); `a[0](b)` is code.

# %% name="imports"
import random

from course_utils.inner import lab

# %% [markdown] name="picture-task"
# Look at a picture.

# %% name="picture"
lab()

# %% [markdown] name="choose"
# Choose a rate.

# %% name="rate" tags=["exercise"]
rate = ...

# %% name="rate-solved" tags=["solution"]
rate = 0.1

# %% [markdown] name="rate-why" tags=["solution"]
# Because it is.

# %% [markdown] name="check-task"
# See how near you are.

# %% name="check"
print("now")
rate

# %% [markdown] name="dice-task"
# Roll the dice.

# %% name="dice" tags=["nbval-ignore-output"]
random.random()
"""

PACKAGE = '''
"""A package."""
'''

INNER = '''
"""Stands for a lab: shows a widget, and a picture for those who have no kernel."""

import base64
import os

from IPython.display import display


def lab():
    """Shows a lab."""
    # It is never the same twice.
    pixels = base64.b64encode(os.urandom(90)).decode()
    html = f'<img alt="A line that falls" src="data:image/png;base64,{pixels}">'
    view = {"model_id": pixels, "version_major": 2, "version_minor": 0}
    data = {"text/html": html, "text/plain": "A line that falls"}
    display({**data, "application/vnd.jupyter.widget-view+json": view}, raw=True)
'''


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Gives the root of a course of one chapter, built."""
    root = tmp_path_factory.mktemp("course")
    for folder in ("notebooks/source", "course_utils", "data"):
        (root / folder).mkdir(parents=True)
    (root / "notebooks" / "source" / "01_small.py").write_text(CHAPTER.lstrip(), encoding="utf-8")
    (root / "course_utils" / "__init__.py").write_text(PACKAGE, encoding="utf-8")
    (root / "course_utils" / "inner.py").write_text(INNER, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(root))
        assert build.main([], root) == 0
    return root


@pytest.fixture
def course(made, monkeypatch):
    """Gives the same root, and puts its files back afterwards."""
    monkeypatch.setenv("PYTHONPATH", str(made))
    files = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    yield made
    for path, content in files.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


def script_of(root):
    return root / "notebooks" / "source" / "01_small.py"


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def read(root, *, solved=False):
    return nbformat.read(chapters.path_of(script_of(root), solved=solved), as_version=4)


def names(notebook):
    return [cell.id for cell in notebook.cells]


def is_current(root, *, solved=False, **options):
    wanted = chapters.notebook(script_of(root), solved=solved, root=root)
    return build.is_current(chapters.path_of(script_of(root), solved=solved), wanted, **options)


def test_exercises_and_solutions_go_into_different_notebooks(course):
    start, end = ["title", "imports", "picture-task", "picture", "choose"], ["check-task", "check", "dice-task", "dice"]
    assert names(read(course)) == [*start, "rate", *end]
    assert names(read(course, solved=True)) == [*start, "rate-solved", "rate-why", *end]


def test_notebooks_hold_outputs_and_nothing_of_the_machine(course):
    for solved, rate in [(False, "Ellipsis"), (True, "0.1")]:
        notebook = read(course, solved=solved)
        assert set(notebook.metadata) == {"kernelspec", "language_info", "source_hash"}
        assert notebook.metadata.language_info == {"name": "python"}
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        code = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
        assert [cell.execution_count for cell in code.values()] == [1, 2, 3, 4, 5]
        assert code["dice"].metadata == {"tags": ["nbval-ignore-output"]}
        assert code["picture"].metadata == {}
        assert [output.get("text") for output in code["check"].outputs] == ["now\n", None]
        assert code["check"].outputs[1].data == {"text/plain": rate}


def test_a_lab_is_stored_as_a_picture(course):
    (output,) = next(cell for cell in read(course).cells if cell.id == "picture").outputs
    assert set(output.data) == {"text/html", "text/plain"}


def test_links_still_lead_there_from_the_folder_of_solutions(course):
    assert "(02_next.ipynb), [the list](../README.md)" in read(course).cells[0].source
    solved = read(course, solved=True).cells[0].source
    assert "(../02_next.ipynb), [the list](../../README.md) and [the net](https://example.org); `a[0](b)`" in solved


def test_what_has_not_changed_is_not_built_again(course, capsys):
    stored = chapters.path_of(script_of(course), solved=False)
    before = stored.stat().st_mtime_ns
    assert build.main([], course) == 0
    assert capsys.readouterr().out.count("unchanged") == 2
    assert stored.stat().st_mtime_ns == before


def test_force_runs_again_and_differs_only_in_what_is_random(course, capsys):
    before = read(course)
    assert build.main(["--force", "01_small"], course) == 0
    assert capsys.readouterr().out.count("run in") == 2
    after = read(course)
    assert before != after
    for notebook in (before, after):
        for cell in notebook.cells:
            if cell.id in {"picture", "dice"}:
                cell.outputs = []
    assert before == after


def test_new_prose_is_taken_over_without_running(course, capsys):
    change(script_of(course), "# Roll the dice.", "# Throw the dice.")
    assert not is_current(course)
    dice = read(course).cells[-1]
    assert build.main([], course) == 0
    assert capsys.readouterr().out.count("written, prose only") == 2
    assert read(course).cells[-2].source == "Throw the dice."
    assert read(course).cells[-1] == dice
    assert is_current(course)


@pytest.mark.parametrize(
    ("file", "old", "new", "stays"),
    [
        ("notebooks/source/01_small.py", 'print("now")', 'print("then")', False),
        ("course_utils/inner.py", "urandom(90)", "urandom(60)", False),
        ("course_utils/__init__.py", '"""A package."""', "import os", False),
        ("course_utils/inner.py", "# It is never the same twice.", "# It is always another one.", True),
        ("course_utils/inner.py", '    """Shows a lab."""', '    """Shows\n\n    a lab."""', True),
    ],
)
def test_a_notebook_is_out_of_date_when_code_that_it_uses_changes(course, file, old, new, stays):
    change(course / file, old, new)
    assert is_current(course) == stays
    assert is_current(course, prose=False) == stays


def test_code_and_tables_that_a_chapter_does_not_use_make_no_difference(course):
    for name in ("course_utils/other.py", "data/other.csv"):
        (course / name).write_text("x = 1\n")
        assert is_current(course)


def test_of_a_table_by_chapter_only_the_own_rows_count(course):
    table = course / "data" / "claims.csv"
    table.write_text("id,chapter\nA,01_small\nB,02_next\n")
    assert is_current(course)
    change(course / "course_utils" / "inner.py", '"A line', 'f"claims.csv: A line')
    first = chapters.notebook(script_of(course), solved=False, root=course).metadata.source_hash
    change(table, "B,02_next", "B,02_next\nC,02_next")
    assert chapters.notebook(script_of(course), solved=False, root=course).metadata.source_hash == first
    change(table, "A,01_small", "D,01_small")
    assert chapters.notebook(script_of(course), solved=False, root=course).metadata.source_hash != first
    table.unlink()


def test_a_notebook_that_somebody_ran_by_hand_is_out_of_date(course):
    path = chapters.path_of(script_of(course), solved=False)
    notebook = read(course)
    notebook.metadata.language_info.version = "3.12.1"
    nbformat.write(notebook, path)
    assert not is_current(course, prose=False)
    notebook.metadata.language_info.pop("version")
    notebook.cells[1].execution_count = 7
    nbformat.write(notebook, path)
    assert not is_current(course)


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("1 / 0", "check: stopped with an error:"),
        ("import sys; print('red', file=sys.stderr)", "check: wrote to stderr, which Jupyter shows in red: red"),
        ("import os; print(os.path.expanduser('~/x'))", "check: shows a path of this machine"),
        ("print(object())", "check: shows a memory address"),
        ("\n".join("rate" for _ in range(21)), "check: 22 lines of code, of at most 20"),
    ],
)
def test_an_unfit_chapter_is_refused_and_the_notebook_stays(course, code, complaint):
    path = chapters.path_of(script_of(course), solved=False)
    before = path.read_bytes()
    change(script_of(course), 'print("now")\n', f"{code}\n")
    with pytest.raises(chapters.UnfitError, match=complaint):
        build.build(script_of(course), solved=False, root=course)
    assert path.read_bytes() == before


def test_the_command_says_what_is_unfit_and_fails(course, capsys):
    change(script_of(course), '# %% [markdown] name="check-task"\n# See how near you are.\n', "")
    assert build.main([], course) == 1
    said = capsys.readouterr()
    assert said.err.startswith("notebooks/01_small.ipynb: check: no prose comes before this code\n")
    assert "notebooks/solutions/01_small.ipynb: written" in said.out


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (' name="check"', "", "a missing, repeated or unsuitable name ''"),
        ('name="check"', 'name="dice"', "a missing, repeated or unsuitable name 'dice'"),
        ('name="check"', 'name="Check it"', "unsuitable name 'Check it'"),
        ('tags=["solution"]\nrate', "\nrate", "rate-solved: an exercise is directly followed by its solution"),
        ('tags=["exercise"]', "", "rate-solved: an exercise is directly followed by its solution"),
    ],
)
def test_a_script_that_breaks_the_format_is_refused(course, old, new, complaint):
    change(script_of(course), old, new)
    with pytest.raises(chapters.UnfitError, match=complaint):
        chapters.read(script_of(course))


def output(**data):
    return nbformat.v4.new_output("display_data", {key.replace("_", "/"): text for key, text in data.items()})


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"text_html": '<img src="a.png">'}, "an image without alternative text"),
        ({"image_png": "aaaa", "text_plain": "figure"}, "no text/html form"),
        ({"text_plain": "/home/ann/course"}, "a path of this machine: /home/ann"),
        ({"text_plain": "C:\\Users\\ann"}, "a path of this machine"),
    ],
)
def test_a_strict_reader_sees(data, complaint):
    cell = nbformat.v4.new_code_cell("x", id="x", outputs=[output(**data)])
    (found,) = build.findings(nbformat.v4.new_notebook(cells=[cell]))
    assert complaint in found


def test_nbval_agrees_though_pictures_differ(course):
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider"]
    command += [
        "--quiet",
        "--nbval-sanitize-with",
        str(ROOT / "tests" / "nbval_sanitize.cfg"),
        "--rootdir",
        str(course),
    ]
    answer = subprocess.run([*command, course / "notebooks"], cwd=course, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
    assert "10 passed" in answer.stdout


def test_a_chapter_runs_inside_a_test(course, monkeypatch):
    monkeypatch.setitem(sys.modules, "course_utils", None)
    change(script_of(course), "from course_utils.inner import lab", "from IPython.display import display")
    change(script_of(course), "lab()", 'display("a", "b")')
    chapter = run_script(script_of(course))
    assert chapter["rate"] == 0.1
    assert chapter.shown["picture"] == ["a", "b"]
    assert chapter.values["check"] == 0.1
    assert set(chapter.values) == {"check", "dice"}
    assert run_script(script_of(course), solutions=False)["rate"] is ...
