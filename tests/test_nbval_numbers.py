"""Notebooks are compared strictly, and where a tag says so with sense for numbers."""

import re
import subprocess
import sys

import nbformat
import pandas as pd
import pytest

from notebooks.build.contents import ROOT
from tests.nbval_numbers import agree


def foreign(stored, computed):
    """In both directions, since neither machine is the right one."""
    one_way = agree("foreign-numbers", stored, computed)
    assert one_way == agree("foreign-numbers", computed, stored)
    return one_way


@pytest.mark.parametrize(
    ("stored", "computed"),
    [
        ("accuracy 0.93", "accuracy 0.93"),
        ("accuracy 0.93", "accuracy 0.92"),
        ("accuracy 0.93.", "accuracy 0.94."),
        ("a loss of 0.012345678", "a loss of 0.012345999"),
        ("loss 3258.1 ± 0.02", "loss 3255.1 ± 0.03"),
        ("1,234.5 epochs", "1,235.5 epochs"),
        ("1.2e+02 times", "1.1e+02 times"),
        ("9.9e-06", "1e-05"),
        ("a gap of -0.0", "a gap of 0.0"),
        ("from -0.7 to 1.1", "from -0.8 to 1.0"),
        ("at most 0.99", "at most 1"),
        ("[0.665 0.245 0.09 ]", "[0.665 0.245 0.091]"),
        ("[1.   0.95]", "[0.99 0.95]"),
        ("[0.   0.95]", "[-0.01  0.95]"),
        ("a    9.99\nb   10.20", "a   10.00\nb   10.20"),
        ("nan and inf and -inf, 0.5", "nan and inf and -inf, 0.6"),
    ],
)
def test_foreign_numbers_may_differ_in_their_last_digit(stored, computed):
    assert foreign(stored, computed)


@pytest.mark.parametrize(
    ("stored", "computed"),
    [
        ("accuracy 0.93", "accuracy 0.95"),
        ("accuracy 0.93", "accuracy -0.93"),
        ("a loss of 0.012345678", "a loss of 0.012445678"),
        ("loss 3258.1", "loss 3254.1"),
        ("variance 0.06", "variance 0.057"),
        ("1.2e+02", "1.2e+03"),
        ("0.5", "5"),
        ("640,000 weights", "640,001 weights"),
        ("8 of 8 seeds", "7 of 8 seeds"),
        ("[1. 0.]", "[2. 0.]"),
        ("0.93 with, 0.5 without", "0.93 with, 0.5 within"),
        ("BN1: 0.93", "BN2: 0.93"),
        ("layer2.1 0.5", "layer2.2 0.5"),
        ("0.93 0.5", "0.93"),
        ("0.93", "0.93 0.5"),
        ("0.93", "nan"),
        ("inf", "-inf"),
        ("True 0.93", "False 0.93"),
    ],
)
def test_and_in_nothing_else(stored, computed):
    assert not foreign(stored, computed)


def test_a_table_is_compared_as_text_and_as_html():
    stored = pd.DataFrame({"accuracy": [0.93, 10.0], "epochs": [3, 4]}, index=["sgd", "adam"])
    for form in (pd.DataFrame.to_html, pd.DataFrame.to_string):
        assert foreign(form(stored), form(stored.replace(10.0, 9.99)))
        assert not foreign(form(stored), form(stored.replace(10.0, 9.5)))
        assert not foreign(form(stored), form(stored.replace(3, 4)))
        assert not foreign(form(stored), form(stored.rename({"sgd": "momentum"})))
        assert not foreign(form(stored), form(stored.iloc[:1]))


@pytest.mark.parametrize("tag", ["foreign-choices", "measured-time"])
def test_of_choices_and_times_only_the_text_between_is_compared(tag):
    stored = "one level 640,000 weights,   7.4 ms a step"
    assert agree(tag, stored, "one level 640,000 weights, 1.2e+03 ms a step")
    assert not agree(tag, stored, "one level 640,000 weights, 7.4 s a step")
    assert not agree(tag, stored, "one level 640,000 weights, nan ms a step")
    assert not agree(tag, stored, "one level 640,000 weights, 7.4 ms a step, or 8")


TABLE = "import pandas as pd\npd.DataFrame({{'accuracy': [{}], 'epochs': [3]}})"

# What a cell runs, with the number that was shown when it was stored and the one that it shows now, its tag, and
# whether nbval is to find it equal.
CELLS = {
    "strict, equal": ("print('loss', {})", "0.93", "0.93", [], True),
    "strict, a digit": ("print('loss', {})", "0.93", "0.94", [], False),
    "foreign, a digit": ("print('loss', {})", "0.93", "0.94", ["foreign-numbers"], True),
    "foreign, far off": ("print('loss', {})", "0.93", "0.97", ["foreign-numbers"], False),
    "foreign, a table": (TABLE, "0.93", "0.94", ["foreign-numbers"], True),
    "foreign, a table far off": (TABLE, "0.93", "0.97", ["foreign-numbers"], False),
    "strict, a table": (TABLE, "0.93", "0.94", [], False),
    "measured": ("print('took', {}, 'ms')", "0.93", "5.6", ["measured-time"], True),
    "measured, other text": ("print('took', {})", "0.93", "5.6, 'ms'", ["measured-time"], False),
}


def test_nbval_compares_the_cells_of_a_notebook_by_their_tags(tmp_path):
    from nbclient import NotebookClient

    def cell(code, number, tags):
        return nbformat.v4.new_code_cell(code.format(number), metadata={"tags": tags})

    notebook = nbformat.v4.new_notebook(cells=[cell(code, then, tags) for code, then, _, tags, _ in CELLS.values()])
    NotebookClient(notebook, kernel_name="python3", extra_arguments=["--log-level=ERROR"]).execute()
    for stored, (code, _, now, _, _) in zip(notebook.cells, CELLS.values()):
        stored.source = code.format(now)
    nbformat.write(notebook, tmp_path / "tiny.ipynb")
    options = ["--nbval", "--nbval-current-env", "-p", "tests.nbval_numbers", "-p", "no:cacheprovider", "-rA"]
    command = [sys.executable, "-m", "pytest", *options, "--color=no", "--rootdir", tmp_path, tmp_path]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    found = re.findall(r"^(PASSED|FAILED) .*::Cell (\d+)", said, re.MULTILINE)
    assert {list(CELLS)[int(number)]: outcome == "PASSED" for outcome, number in found} == {
        name: equal for name, (*_, equal) in CELLS.items()
    }, said
