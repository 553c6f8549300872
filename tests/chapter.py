"""Runs chapters inside a test, so that what a chapter claims is asserted on the very variables it computes.

from tests.chapter import run_chapter

def test_a_large_rate_diverges():
    chapter = run_chapter("01_learning_rate")
    assert np.isnan(chapter["losses"][0.3]).all()
"""

import ast
import contextlib
import io
import linecache
import os
from functools import cache
from pathlib import Path
from unittest import mock

import pytest

from notebooks.build.contents import ROOT, contents


class Chapter(dict):
    """The variables of a chapter after its last cell.

    `values` holds the value of each cell that ends in an expression, `shown` the list of what each cell passed to
    `display`; both by the name of the cell. Only `run_script` gives these two: under `make test`, `run_chapter` returns
    the variables alone.
    """

    def __init__(self):
        super().__init__(__name__="__main__")
        self.values, self.shown = {}, {}


#: No progress bars, and nobody's guesses.
ENVIRONMENT = {"TQDM_DISABLE": "1", "COURSE_GUESSES": "memory"}

#: The variables of chapters that were run already, in the kernel of a notebook, by the chapter's name.
made = {}


@cache
def run_chapter(name):
    """Gives the variables of a chapter with its exercises solved; runs its cells, once, if nobody has done so.

    Args:
        name: Such as "01_learning_rate".

    Returns:
        The `Chapter`, or the variables of the kernel that has run it.
    """
    return made.get(name) or run_script(ROOT / "notebooks" / "source" / f"{name}.py")


def file_of_tests(name):
    """Tells where the tests of a chapter are, by its name."""
    (chapter,) = (one for one in contents() if one.stem == name)
    return Path(__file__).parent / "chapters" / chapter.name / "test_claims.py"


def run_tests(name, variables):
    """Runs the tests of a chapter on the variables of a kernel; called there, by what `tests/nbval_chapters.py` adds.

    Args:
        name: Such as "01_learning_rate".
        variables: Those that its solved notebook has made.

    Raises:
        AssertionError: If not all tests pass, with what pytest says of them.
    """
    made[name] = variables
    # What these plugins load takes a second, and nothing of theirs is needed here.
    without = [option for plugin in ("nbval", "xdist", "cacheprovider") for option in ("-p", f"no:{plugin}")]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main([str(file_of_tests(name)), "--quiet", "--capture=no", "--color=no", *without])
    assert code == pytest.ExitCode.OK, said.getvalue()


def run_script(script, *, solutions=True):
    """Runs the code cells of any script in the format of a chapter, in the folder of its notebook."""
    from notebooks.build import chapters  # which loads what reads notebooks, a second that a kernel need not spend

    chapter = Chapter()
    notebook = chapters.path_of(script, solved=solutions)
    cells = chapters.notebook(script, solved=solutions, root=script.parent.parent.parent).cells
    with contextlib.chdir(script.parent.parent), mock.patch.dict(os.environ, ENVIRONMENT):
        for cell in cells:
            if cell.cell_type == "code":
                _run(cell, f"{notebook.name}:{cell.id}", chapter)
    return chapter


def _run(cell, place, chapter):
    # Tracebacks and tf.function look up the source here.
    linecache.cache[place] = (len(cell.source), None, cell.source.splitlines(keepends=True), place)
    tree = ast.parse(cell.source, place)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    shown = chapter.shown.setdefault(cell.id, [])

    def display(*objects, **_):
        shown.extend(objects)

    with mock.patch("IPython.display.display", display):
        chapter["display"] = display
        exec(compile(tree, place, "exec"), chapter)  # noqa: S102 - the course's own code
        if last is not None:
            value = eval(compile(ast.Expression(last.value), place, "eval"), chapter)  # noqa: S307 - the same
            if value is not None:
                chapter.values[cell.id] = value
