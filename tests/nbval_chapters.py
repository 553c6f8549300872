"""Saves nbval from training the same networks three times; a plugin of pytest that `make test` asks for with `-p`.

A chapter is run once with its exercises solved and once without, and its tests look at what its cells have computed.
Here all of that happens in one kernel, and so what is compiled for one serves the others: first the solved notebook, in
a new kernel; then its tests (`tests/chapters/…/test_claims.py`) on its variables; then the chapter itself, with no
variable left. Without this plugin each notebook has a new kernel, and the tests run the cells themselves.
"""

from collections import defaultdict
from pathlib import Path

import nbformat
from nbval.plugin import IPyNbCell
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent
_SECONDS = 60


class ByChapter(LoadScopeScheduling):
    """Keeps all that belongs to a chapter in one process."""

    def _split_scope(self, nodeid):
        return Path(nodeid.split("::")[0]).stem


def pytest_xdist_make_scheduler(config, log):
    """Tells pytest-xdist how to divide the work."""
    return ByChapter(config, log)


def pytest_collection_modifyitems(items):
    """Puts each chapter after its solved notebook, and that one's tests between the two."""
    cells = defaultdict(list)
    for item in items:
        cells[item.parent].append(item)
    files = {(file.path.stem, file.path.parent.name == "solutions"): file for file in cells}
    items.clear()
    for name in dict.fromkeys(name for name, _ in files):
        chapter, solved = files.get((name, False)), files.get((name, True))
        if solved:
            items += [*cells[solved], _tests(solved, len(cells[solved]))]
        if chapter:
            items += cells[chapter]
        if solved and chapter:
            _share_kernel(solved, chapter)


def _tests(solved, number):
    """Makes a cell of a solved notebook that runs the chapter's tests."""
    lines = (
        f"import sys; sys.path.insert(0, {str(TESTS.parent)!r})",
        f"__import__('tests.chapter').chapter.run_tests({solved.path.stem!r}, get_ipython().user_ns)",
    )
    cell = nbformat.v4.new_code_cell("\n".join(lines))
    return IPyNbCell.from_parent(solved, name="tests", cell_num=number, cell=cell, options=defaultdict(bool))


def _share_kernel(first, second):
    """Runs a notebook in the kernel of another one, after it, in its own folder and with none of its variables."""

    def take_over():
        second.kernel = first.kernel
        begin = f"import os; os.chdir({str(second.path.parent)!r}); get_ipython().run_line_magic('reset', '-f')"
        second.kernel.await_idle(second.kernel.execute_cell_input(begin), _SECONDS)
        second.setup_sanitize_files()

    first.teardown = lambda: None
    second.setup = take_over
