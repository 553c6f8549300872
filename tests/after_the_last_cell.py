"""Runs the tests of a chapter in the kernel in which nbval has just run its solutions.

They look at the variables of that very notebook, and nobody waits for the same networks to be trained once more. A
plugin of pytest, which `make test` asks for with `-p`. Without it, `pytest tests/test_chapter_05_….py` runs the cells
itself.
"""

import contextlib
import io
from collections import defaultdict
from pathlib import Path

import nbformat
from nbval.plugin import IPyNbCell, IPyNbFile

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Adds, after the last cell of each notebook with solutions, one more that runs the chapter's tests."""
    last = {item.parent: place for place, item in enumerate(items) if isinstance(item.parent, IPyNbFile)}
    for file, place in reversed(last.items()):
        if file.path.parent.name == "solutions":
            source = (
                f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
                f"__import__('after_the_last_cell').run_tests({file.path.stem!r}, get_ipython().user_ns)"
            )
            cell = nbformat.v4.new_code_cell(source)
            number = items[place].cell_num + 1
            added = IPyNbCell.from_parent(file, name="tests", cell_num=number, cell=cell, options=defaultdict(bool))
            items.insert(place + 1, added)


def run_tests(name, variables):
    """Runs the tests of a chapter on the variables of a kernel; called there.

    Args:
        name: Such as "01_learning_rate".
        variables: Those that its solutions have made.

    Raises:
        AssertionError: If not all tests pass, with what pytest says of them.
    """
    import chapter
    import pytest

    chapter.made[name] = variables
    options = ["--quiet", "--capture=no", "--color=no", "-p", "no:cacheprovider"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main([str(chapter.file_of_tests(name)), *options])
    assert code == pytest.ExitCode.OK, said.getvalue()
