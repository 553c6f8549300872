"""The WebAssembly file in a browser's engine: V8, as Node has it, leaves the same bits in memory as wasmtime."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from course_utils.training.kernel import build
from course_utils.training.kernel.placed import Unavailable
from course_utils.training.kernel.wasm import Wasm
from tests.training.kernel import cases

RUN = """
const fs = require("fs");
const {wasm, image, calls, out} = JSON.parse(fs.readFileSync(0, "utf8"));
const {exports} = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(wasm)), {});
const before = fs.readFileSync(image);
exports.memory.grow((before.length - exports.memory.buffer.byteLength) / 65536);
new Uint8Array(exports.memory.buffer).set(before);
for (const [name, given] of calls) if (exports[name](...given)) process.exit(1);
fs.writeFileSync(out, new Uint8Array(exports.memory.buffer));
"""


class Recording(Wasm):
    """Writes down what is called, and what the memory held before the first call."""

    def __init__(self):
        super().__init__()
        self.calls, self.before = [], None
        made.append(self)

    def memory(self):
        return bytes(self._memory.read(self._store, 0, self._memory.data_len(self._store)))

    def call(self, function, *arguments):
        self.before = self.before or self.memory()
        plain = [getattr(argument, "address", argument) or 0 for argument in arguments]
        self.calls.append((function, plain))
        return super().call(function, *arguments)


made = []


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node on this machine")
@pytest.mark.parametrize("name", ["rmsprop, normalised, dropout", "residual, all activations", "diverges by squares"])
def test_v8_leaves_the_same_bits_as_wasmtime(tmp_path, name):
    try:
        Wasm()
    except Unavailable as reason:
        pytest.skip(str(reason))
    case = cases.CASES[name]
    training = cases.training_of(Recording, case)
    cases.begin(training, case, 0)
    while not training.epoch_done:
        training.advance(seconds=1)
    training.evaluate()
    (wasmtime,) = (machine for machine in made if machine.calls)
    made.clear()
    image, out = tmp_path / "image", tmp_path / "out"
    image.write_bytes(wasmtime.before)
    told = {"wasm": str(build.WASM), "image": str(image), "calls": wasmtime.calls, "out": str(out)}
    subprocess.run(["node", "-e", RUN], input=json.dumps(told), text=True, check=True)
    start = training.seats[0]._block.address  # the stack, below it, may hold NaN of any bits
    after, theirs = (np.frombuffer(memory[start:], "float32") for memory in (wasmtime.memory(), out.read_bytes()))
    before = np.frombuffer(wasmtime.before[start:], "float32")
    np.testing.assert_array_equal(np.isnan(after), np.isnan(theirs))
    np.testing.assert_array_equal(after[~np.isnan(after)].view("int32"), theirs[~np.isnan(theirs)].view("int32"))
    assert (after != before).sum() > 1000
