"""What runs the kernel: only a library that is the one that was built and gives the stored bits, or WebAssembly."""

import builtins
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from course_utils.training.kernel import build, machine, native, records, wasm
from course_utils.training.kernel.placed import Unavailable


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Copies the native library to where a test may damage it."""
    if not build.NATIVE.exists():
        pytest.skip("no native library was built here")
    for name in ("NATIVE", "NATIVE_RECORD"):
        copy = tmp_path / getattr(build, name).name
        shutil.copy(getattr(build, name), copy)
        monkeypatch.setattr(build, name, copy)
    monkeypatch.delenv("COURSE_KERNEL", raising=False)
    machine._choose.cache_clear()
    native._library.cache_clear()
    yield build.NATIVE
    machine._choose.cache_clear()
    native._library.cache_clear()


@pytest.fixture
def fallback():
    try:
        wasm.Wasm()
    except Unavailable as reason:
        pytest.skip(str(reason))


def test_the_webassembly_file_belongs_to_the_source():
    facts = json.loads(build.WASM_RECORD.read_text(encoding="utf-8"))
    cure = "call python -m course_utils.training.kernel.build wasm"
    assert facts["source"] == build.digest(build.SOURCE), cure
    assert facts["made"] == build.digest(build.WASM), cure


@pytest.mark.usefixtures("library")
def test_the_best_instructions_of_a_sound_library_are_taken():
    choice = machine.choose()
    assert choice.name == f"native ({native.instruction_sets(native.checked_library())[-1]})"
    assert choice.make().name == choice.name


@pytest.mark.usefixtures("fallback")
def test_a_damaged_library_is_never_loaded(library):
    content = bytearray(library.read_bytes())
    content[len(content) // 2] ^= 1
    library.write_bytes(content)
    choice = machine.choose()
    assert choice.name == "WebAssembly"
    assert "not the file that was built" in choice.reason


@pytest.mark.usefixtures("library", "fallback")
def test_a_library_of_another_source_is_not_taken():
    facts = json.loads(build.NATIVE_RECORD.read_text(encoding="utf-8"))
    build.NATIVE_RECORD.write_text(json.dumps(facts | {"source": "0"}), encoding="utf-8")
    assert "another source" in machine.choose().reason


@pytest.mark.usefixtures("fallback")
def test_a_file_that_is_no_library_gives_a_reason(library):
    library.write_bytes(b"no library")
    facts = {"source": build.digest(build.SOURCE), "made": build.digest(library)}
    build.NATIVE_RECORD.write_text(json.dumps(facts), encoding="utf-8")
    assert "does not load" in machine.choose().reason


@pytest.mark.usefixtures("library", "fallback")
@pytest.mark.parametrize("record", ["", "{}", "[]"])
def test_a_damaged_record_gives_a_reason(record):
    build.NATIVE_RECORD.write_text(record, encoding="utf-8")
    choice = machine.choose()
    assert choice.name == "WebAssembly"
    assert "record" in choice.reason


@pytest.mark.usefixtures("library", "fallback")
def test_a_library_without_instructions_of_this_processor_gives_a_reason(monkeypatch):
    monkeypatch.setitem(build.INSTRUCTION_SETS, build.architecture(), {"unheard_of": []})
    assert "no instruction set of this processor" in machine.choose().reason


@pytest.mark.usefixtures("library", "fallback")
@pytest.mark.skipif(build.compiler() is None, reason="there is no gcc or clang on this machine")
def test_the_library_of_a_compiler_that_contracts_all_the_same_is_not_taken():
    fused = ("-mfma",) if build.architecture() == "x86_64" else ()
    build.build_native(build.NATIVE, build.NATIVE_RECORD, ("-ffp-contract=fast", *fused))
    if "sse2" in native.Native().name:
        pytest.skip("this processor has no fused multiplication and addition")
    choice = machine.choose()
    assert choice.name == "WebAssembly"
    assert "gives other bits" in choice.reason


@pytest.fixture
def wasm_file(tmp_path, monkeypatch):
    """Copies the WebAssembly file to where a test may damage it."""
    copy = tmp_path / build.WASM.name
    shutil.copy(build.WASM, copy)
    monkeypatch.setattr(build, "WASM", copy)
    monkeypatch.setenv("COURSE_KERNEL", "wasm")
    for cache in (machine._choose, wasm._module):
        cache.cache_clear()
    yield copy
    for cache in (machine._choose, wasm._module):
        cache.cache_clear()


@pytest.mark.usefixtures("fallback")
def test_a_damaged_webassembly_file_gives_a_reason(wasm_file):
    wasm_file.write_bytes(wasm_file.read_bytes()[:1000])
    with pytest.raises(Unavailable, match=r"kernel\.wasm does not load"):
        machine.choose()


@pytest.mark.usefixtures("wasm_file")
@pytest.mark.parametrize("error", [ImportError, OSError, RuntimeError])
def test_a_wasmtime_that_cannot_be_loaded_gives_a_reason(monkeypatch, error):
    original = builtins.__import__

    def failing(name, *rest):
        if name == "wasmtime":
            raise error("of another platform")
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", failing)
    with pytest.raises(Unavailable, match="wasmtime does not load: of another platform"):
        machine.choose()


@pytest.mark.usefixtures("library", "fallback")
def test_other_bits_are_found_out(monkeypatch):
    right = machine.self_test.fingerprint
    prints = iter(["other bits"])
    monkeypatch.setattr(machine.self_test, "fingerprint", lambda arrays: next(prints, None) or right(arrays))
    choice = machine.choose()
    assert choice.name == "WebAssembly"
    assert "gives other bits" in choice.reason


def test_without_wasmtime_and_library_both_reasons_are_told(library, monkeypatch):
    library.unlink()
    original = builtins.__import__

    def without(name, *rest):
        if name == "wasmtime":
            raise ImportError("no wasmtime")
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    wasm._module.cache_clear()
    with pytest.raises(Unavailable, match=r"no native library .*; wasmtime does not load: no wasmtime"):
        machine.choose()


@pytest.mark.usefixtures("library", "fallback")
def test_a_variable_leaves_the_native_library_out(monkeypatch):
    monkeypatch.setenv("COURSE_KERNEL", "wasm")
    assert machine.choose().name == "WebAssembly"
    monkeypatch.setenv("COURSE_KERNEL", "fast")
    with pytest.raises(ValueError, match="choose native or wasm"):
        machine.choose()


def test_the_records_have_the_fields_of_the_source(machine):
    fields = [records.NETWORK, records.OPERATION, records.TENSOR, [*records.COUNTERS, *records.KNOBS]]
    assert [machine().call("fields", which) for which in range(4)] == [len(names) for names in fields]


def test_arrays_in_the_memory_keep_their_values(machine):
    arrays = [np.arange(5, dtype="float32"), np.arange(6, dtype="int32").reshape(2, 3), np.zeros(0, "float64")]
    placed = machine().place(arrays)
    for array, there in zip(arrays, placed):
        np.testing.assert_array_equal(there.view, array)
        assert there.address % 64 == 0 or not array.size


@pytest.mark.usefixtures("fallback")
def test_more_than_webassembly_can_reach_is_refused_in_words():
    with pytest.raises(MemoryError, match="WebAssembly has 4"):
        wasm.Wasm().place([np.zeros(2**32, "uint8")])


#: What a foreign library refers to is not collected before modules are emptied.
KEPT_TO_THE_END = """
import ctypes
from course_utils.training.kernel import wasm
wasm.kept = wasm.Wasm()
ctypes.pythonapi.Py_IncRef(ctypes.py_object(wasm))
"""


@pytest.mark.usefixtures("fallback")
def test_a_process_that_used_webassembly_ends_without_a_word():
    ended = subprocess.run([sys.executable, "-c", KEPT_TO_THE_END], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
