"""Targets of the Makefile that no other test calls, in their short form: each still works, and keeps nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="needs make")


def make_short(target):
    """Has make do little of a target, with the environment of the tests as it is; returns what it prints."""
    stamps = [f"--old-file={sys.prefix}/{stamp}" for stamp in ("installed", "develop")]
    # A make that runs this test hands its own options down.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    kept = _times()
    answer = subprocess.run(
        ["make", *stamps, f"VENV={sys.prefix}", target, "SHORT=1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert _times() == kept, "a short form has written a file"
    return answer.stdout


def _times():
    patterns = ("README.md", "data/*", "notebooks/*.ipynb", "notebooks/solutions/*.ipynb")
    files = [file for pattern in patterns for file in ROOT.glob(pattern)]
    return {file: file.stat().st_mtime_ns for file in files}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux keeps a process to one core")
def test_bench():
    printed = make_short("bench")
    assert "SHORT" in printed
    assert printed.count(" × ") + printed.count(" ×**") > 10


@pytest.mark.parametrize("target", ["notebooks", "table"])
def test_what_is_committed_is_what_the_code_makes(target):
    assert make_short(target)


def test_the_stories_run():
    """On made-up pictures; where there are files of MNIST, what they give is compared with what is committed."""
    assert make_short("reproduce")
