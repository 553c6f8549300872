"""The WebAssembly file in V8, as Node has it: the same bits as on every other machine."""

import json
import shutil
import subprocess
from functools import partial

import pytest

from tests.training.kernel import cases
from tests.training.kernel.javascript import SCRIPT, JavaScript
from tests.training.kernel.test_same_bits import STORED, fingerprint

#: Answers lines of JSON: a function's name and what it is given.
SERVE = """
const functions = { start, call };
require("readline").createInterface({ input: process.stdin }).on("line", async line => {
    const [name, ...given] = JSON.parse(line);
    console.log(JSON.stringify(await functions[name](...given)));
});
"""


@pytest.fixture(scope="module")
def node():
    if shutil.which("node") is None:
        pytest.skip("there is no Node on this machine")
    with subprocess.Popen(
        ["node", "-e", SCRIPT + SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def ask(*asked):
            print(json.dumps(asked), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        yield partial(JavaScript, ask)
        process.stdin.close()


@pytest.mark.parametrize("name", ["rmsprop, normalised, dropout", "residual, all activations", "diverges by squares"])
def test_node_gives_the_stored_bits(node, name):
    assert fingerprint(*cases.run(node, cases.CASES[name])) == STORED[name]
