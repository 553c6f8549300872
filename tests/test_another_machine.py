"""The machine that is played does without what this one has, and no library complains of that."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ASKED = """
import json, numpy, threadpoolctl
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
from course_utils.training.kernel.machine import choose
print(json.dumps({
    "features": [name for name in __cpu_dispatch__ if __cpu_features__[name]],
    "blas": [found.get("architecture") for found in threadpoolctl.threadpool_info() if found["user_api"] == "blas"],
    "kernel": choose().name,
}))
"""

XLA = """
import course_utils, tensorflow as tf
double = tf.function(lambda x: tf.reduce_sum(x @ x), jit_compile=True)
print(float(double(tf.ones((64, 64)))))
"""


def played(code):
    """Runs Python code there; gives its last line, with warnings as errors and nothing on stderr."""
    command = [sys.executable, "-m", "tests.another_machine", sys.executable, "-W", "error", "-c", code]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    return answer.stdout.splitlines()[-1]


def test_numpy_blas_and_the_kernel_do_without():
    found = json.loads(played(ASKED))
    assert found["features"] == []
    assert found["kernel"] == "WebAssembly"
    if platform.machine().lower() in {"x86_64", "amd64"} and None not in found["blas"]:
        assert set(found["blas"]) == {"Nehalem"}


def test_tensorflow_compiles_for_it_and_says_nothing():
    assert float(played(XLA.replace('"error"', '"default"'))) == 64**3


def test_the_exit_status_is_that_of_the_command():
    with pytest.raises(subprocess.CalledProcessError) as failed:
        played("raise SystemExit(3)")
    assert failed.value.returncode == 3
