"""Building notebooks, tried on a small chapter in a folder of its own."""

import subprocess
import sys

import nbformat
import pytest

from notebooks.build import build, chapters
from notebooks.build.contents import ROOT, UnfitError
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

# %% [markdown] name="guess-task"
# What will come out?

# %% name="words" tags=["answer"]
print("it fell")
6 * 7

# %% [markdown] name="guess-read"
# And what will the picture show?

# %% name="drawn" tags=["answer"]
lab()

# %% [markdown] name="dice-task"
# Roll the dice.

# %% name="dice" tags=["measured-time"]
random.random()
"""

LIST = """number,name,title,question,minutes
01,small,Small,How small?,5
03,large,"Large, and last",How large?,10
"""

README = """# A course

<!-- chapters -->
<!-- /chapters -->

The end.
"""

LARGE = """# %% [markdown] name="title"
# # Another chapter

# %% name="nothing"
None
"""

PACKAGE = '''
"""A package."""
'''

FACE = '''
"""A folder's face."""

from course_utils.folder.first import one
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
    """Gives the root of a course of two chapters, built."""
    root = tmp_path_factory.mktemp("course")
    for folder in ("notebooks/source", "course_utils", "course_utils/folder", "data"):
        (root / folder).mkdir(parents=True)
    files = {"source/chapters.csv": LIST, "source/01_small.py": CHAPTER.lstrip(), "source/03_large.py": LARGE}
    files = {f"notebooks/{name}": text for name, text in files.items()} | {"README.md": README}
    files |= {"course_utils/__init__.py": PACKAGE, "course_utils/inner.py": INNER}
    files |= {"course_utils/folder/__init__.py": FACE, "course_utils/folder/first.py": "one = 1\n"}
    files |= {"course_utils/folder/second.py": "two = 2\n"}
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
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
    for path in made.rglob("*"):
        if path.is_file() and path not in files:
            path.unlink()
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


def hash_of(root):
    return chapters.notebook(script_of(root), solved=False, root=root).metadata.source_hash


def test_exercises_and_solutions_go_into_different_notebooks(course):
    start = ["chapter-head", "title", "imports", "picture-task", "picture", "choose"]
    end = ["check-task", "check", "guess-task", "words", "guess-read", "drawn", "dice-task", "dice", "chapter-foot"]
    assert names(read(course)) == [*start, "rate", *end]
    assert names(read(course, solved=True)) == [*start, "rate-solved", "rate-why", *end]


def test_notebooks_hold_outputs_and_nothing_of_the_machine(course):
    for solved, rate in [(False, "Ellipsis"), (True, "0.1")]:
        notebook = read(course, solved=solved)
        assert set(notebook.metadata) == {"kernelspec", "language_info", "source_hash"}
        assert notebook.metadata.language_info == {"name": "python"}
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        code = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
        assert [cell.execution_count for cell in code.values()] == [1, 2, 3, 4, 5, 6, 7]
        assert code["dice"].metadata == {"tags": ["measured-time"]}
        assert code["picture"].metadata == {}
        assert [output.get("text") for output in code["check"].outputs] == ["now\n", None]
        assert code["check"].outputs[1].data == {"text/plain": rate}


def test_a_lab_is_stored_as_a_picture(course):
    (output,) = next(cell for cell in read(course).cells if cell.id == "picture").outputs
    assert set(output.data) == {"text/html", "text/plain"}


def test_what_an_answer_shows_is_folded_under_a_line_that_gives_nothing_away(course):
    cells = {cell.id: cell for cell in read(course).cells}
    assert [name for name, cell in cells.items() if "jupyter" in cell.metadata] == ["words", "drawn"]
    assert cells["words"].metadata == {"tags": ["answer"], "jupyter": {"outputs_hidden": True}}
    printed, value = cells["words"].outputs
    assert printed.text == f"{build.COVER}\nit fell\n"
    assert value.data["text/plain"] == "42"
    (lab,) = cells["drawn"].outputs
    assert lab.data["text/html"].splitlines()[0] == f"<!-- {build.COVER} -->"
    assert lab.data["text/plain"] == f"{build.COVER}\nA line that falls"


def test_the_first_and_last_cell_lead_to_the_neighbours(course):
    head, foot = (read(course).cells[place].source for place in (0, -1))
    assert head == "Chapter 01 · about 5 minutes · next: [Large, and last](03_large.ipynb)"
    assert foot.startswith("**Next:** [Large, and last](03_large.ipynb). How large?\n\n")
    assert foot.endswith("[With solutions](solutions/01_small.ipynb)")
    solved = chapters.notebook(script_of(course).with_name("03_large.py"), solved=True, root=course).cells
    assert solved[0].source == "Chapter 03 · about 10 minutes · previous: [Small](01_small.ipynb)"
    previous, this = solved[-1].source.split("\n\n")
    assert previous == "**Previous:** [Small](01_small.ipynb)"
    assert this == "**This chapter:** [Without solutions](../03_large.ipynb)"


def test_a_line_of_the_list_changes_heads_feet_and_readme_and_runs_nothing(course, capsys):
    source = script_of(course).parent
    (source / "02_middle.py").write_text(LARGE, encoding="utf-8")
    change(source / "chapters.csv", "03,large", "02,middle,Middle,How much?,7\n03,large")
    assert build.main(["--check"], course) == 1
    said = capsys.readouterr().out
    for old in ("README.md", "notebooks/01_small.ipynb", "notebooks/solutions/02_middle.ipynb"):
        assert f"{old}: not current" in said
    assert build.main([], course) == 0
    said = capsys.readouterr().out
    assert said.count("prose only") == 4
    assert said.count("run in") == 2
    assert "next: [Middle](02_middle.ipynb)" in read(course).cells[0].source
    readme = (course / "README.md").read_text(encoding="utf-8")
    assert "| 02 | [Middle](notebooks/02_middle.ipynb) | How much? | 7 |\n| 03 |" in readme
    assert readme.endswith("|\n<!-- /chapters -->\n\nThe end.\n")
    assert build.main(["--check"], course) == 0


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("03,large", "00,large", "numbers rise"),
        ("03,large", "04,large", "03_large, 04_large has no script in notebooks/source, or no line"),
        ('03,large,"Large, and last",How large?,10\n', "", "03_large has no script in notebooks/source, or no line"),
    ],
)
def test_a_list_that_is_not_that_of_the_scripts_is_refused(course, old, new, complaint):
    change(script_of(course).with_name("chapters.csv"), old, new)
    with pytest.raises(UnfitError, match=complaint):
        build.main(["--check"], course)


def test_links_still_lead_there_from_the_folder_of_solutions(course):
    assert "(02_next.ipynb), [the list](../README.md)" in read(course).cells[1].source
    solved = read(course, solved=True).cells[1].source
    assert "(../02_next.ipynb), [the list](../../README.md) and [the net](https://example.org); `a[0](b)`" in solved


def test_what_has_not_changed_is_not_built_again(course, capsys):
    stored = chapters.path_of(script_of(course), solved=False)
    before = stored.stat().st_mtime_ns
    assert build.main([], course) == 0
    assert capsys.readouterr().out.count("unchanged") == 4
    assert stored.stat().st_mtime_ns == before


def test_force_runs_again_and_differs_only_in_what_is_random(course, capsys):
    before = read(course)
    assert build.main(["--force", "01_small"], course) == 0
    assert capsys.readouterr().out.count("run in") == 2
    after = read(course)
    assert before != after
    for notebook in (before, after):
        for cell in notebook.cells:
            if cell.id in {"picture", "drawn", "dice"}:
                cell.outputs = []
    assert before == after


def test_new_prose_is_taken_over_without_running(course, capsys):
    change(script_of(course), "# Roll the dice.", "# Throw the dice.")
    assert not is_current(course)
    dice = read(course).cells[-2]
    assert build.main([], course) == 0
    assert capsys.readouterr().out.count("written, prose only") == 2
    assert read(course).cells[-3].source == "Throw the dice."
    assert read(course).cells[-2] == dice
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


def test_a_face_and_what_it_imports_count_and_so_does_the_face_above_a_module(course):
    folder = course / "course_utils" / "folder"
    for line, counts in [
        ("from course_utils.folder import one", {"__init__.py", "first.py"}),
        ("from course_utils.folder.second import two", {"__init__.py", "first.py", "second.py"}),
        ("import course_utils.folder.second", {"__init__.py", "first.py", "second.py"}),
    ]:
        change(script_of(course), "import random\n", f"import random\n{line}\n")
        before = hash_of(course)
        for file in ("__init__.py", "first.py", "second.py"):
            change(folder / file, "\n", "\nimport os\n")
            assert (hash_of(course) != before) == (file in counts), (line, file)
            change(folder / file, "\nimport os\n", "\n")
        change(script_of(course), f"{line}\n", "")


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ('path = data_file("some.npz")', True),
        ('FILES = {"a": ["some.npz"]}', True),
        ("# some.npz", False),
        ('words = "What some.npz holds"', False),
        ('def f():\n    """Reads some.npz."""', False),
    ],
)
@pytest.mark.parametrize("file", ["course_utils/inner.py", "notebooks/source/01_small.py"])
def test_a_file_counts_where_code_names_it_and_not_where_prose_does(course, file, words, counts):
    data = course / "data" / "some.npz"
    data.write_bytes(b"\x00\xff one")
    change(course / file, "\nimport ", f"\n{words}\nimport ")
    before = hash_of(course)
    data.write_bytes(b"\x00\xff two")
    assert (hash_of(course) != before) == counts


def test_prose_of_a_chapter_that_names_a_file_does_not_count(course):
    (course / "data" / "some.csv").write_text("x\n1\n")
    change(script_of(course), "# Roll the dice.", "# Roll the dice of `data/some.csv`.")
    before = hash_of(course)
    (course / "data" / "some.csv").write_text("x\n2\n")
    assert hash_of(course) == before


def test_of_a_table_by_chapter_only_the_own_rows_count(course):
    table = course / "data" / "claims.csv"
    table.write_text('id,chapter,claim\nA,01_small,"One, and\nanother"\nB,02_next,01_small\n')
    assert is_current(course)
    change(course / "course_utils" / "inner.py", "import os", 'import os\n\nFILE = "claims.csv"')
    first = hash_of(course)
    change(table, "B,02_next", "C,02_next,\nB,02_next")
    assert hash_of(course) == first
    change(table, "B,02_next,01_small", "B,02_next,other")
    assert hash_of(course) == first
    change(table, "another", "a third")
    assert hash_of(course) != first


def test_a_notebook_that_somebody_ran_by_hand_is_out_of_date(course):
    path = chapters.path_of(script_of(course), solved=False)
    notebook = read(course)
    notebook.metadata.language_info.version = "3.12.1"
    nbformat.write(notebook, path)
    assert not is_current(course, prose=False)
    notebook.metadata.language_info.pop("version")
    notebook.cells[2].execution_count = 7
    nbformat.write(notebook, path)
    assert not is_current(course)


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("1 / 0", "check: stopped with an error:"),
        ("import sys; print('red', file=sys.stderr)", "check: wrote to stderr, which Jupyter shows in red: red"),
        ("import os; print(os.path.expanduser('~/x'))", "check: shows a path of this machine"),
        (
            "guess.answer('a', 'b') if 0 else 1",
            "check: answers a question that asks for a guess, and has no tag 'answer'",
        ),
        ("print(object())", "check: shows a memory address"),
        ("\n".join("rate" for _ in range(21)), "check: 22 lines of code, of at most 20"),
    ],
)
def test_an_unfit_chapter_is_refused_and_the_notebook_stays(course, code, complaint):
    path = chapters.path_of(script_of(course), solved=False)
    before = path.read_bytes()
    change(script_of(course), 'print("now")\n', f"{code}\n")
    with pytest.raises(UnfitError, match=complaint):
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
        ('name="check"', 'name="chapter-foot"', "a missing, repeated or unsuitable name 'chapter-foot'"),
        (' name="check"', "", "a missing, repeated or unsuitable name ''"),
        ('name="check"', 'name="dice"', "a missing, repeated or unsuitable name 'dice'"),
        ('name="check"', 'name="Check it"', "unsuitable name 'Check it'"),
        ('tags=["solution"]\nrate', "\nrate", "rate-solved: an exercise is directly followed by its solution"),
        ('tags=["exercise"]', "", "rate-solved: an exercise is directly followed by its solution"),
    ],
)
def test_a_script_that_breaks_the_format_is_refused(course, old, new, complaint):
    change(script_of(course), old, new)
    with pytest.raises(UnfitError, match=complaint):
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


def test_nbval_agrees_though_pictures_and_dice_differ(course):
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider"]
    command += [
        "--quiet",
        "-p",
        "tests.nbval_numbers",
        "--nbval-sanitize-with",
        str(ROOT / "tests" / "nbval_sanitize.cfg"),
        "--rootdir",
        str(course),
    ]
    answer = subprocess.run([*command, course / "notebooks"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
    assert "16 passed" in answer.stdout


def test_a_chapter_runs_inside_a_test(course, monkeypatch):
    monkeypatch.setitem(sys.modules, "course_utils", None)
    change(script_of(course), "from course_utils.inner import lab", "from IPython.display import display")
    change(script_of(course), "\nlab()", '\ndisplay("a", "b")')
    chapter = run_script(script_of(course))
    assert chapter["rate"] == 0.1
    assert chapter.shown["picture"] == ["a", "b"]
    assert chapter.values["check"] == 0.1
    assert set(chapter.values) == {"check", "words", "dice"}
    assert run_script(script_of(course), solutions=False)["rate"] is ...
