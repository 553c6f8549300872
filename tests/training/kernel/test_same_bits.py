"""The same bits on every machine: one stored SHA-256 for every training, whatever computes it."""

import ctypes
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from course_utils.training.kernel import build, native, self_test
from tests.training.kernel import cases

STORED = json.loads(Path(__file__).with_name("hashes.json").read_text(encoding="utf-8"))

#: Those that are also cut into pieces, each of a few steps in a fresh memory: with dropout, slots, NaN, many places.
PIECES = ["rmsprop, normalised, dropout", "adam, batch 256", "diverges with momentum", "places"]

needs_compiler = pytest.mark.skipif(build.compiler() is None, reason="there is no gcc or clang on this machine")


def fingerprint(seat, curves):
    return self_test.fingerprint([*seat.weights(), *curves])


@pytest.mark.parametrize("name", cases.CASES)
def test_every_machine_gives_the_stored_bits(machine, name):
    assert fingerprint(*cases.run(machine, cases.CASES[name])) == STORED[name]


def test_the_self_test_gives_the_stored_bits_and_no_nan_hides_any(machine):
    made = self_test.trained(machine)
    assert self_test.fingerprint(made) == self_test.EXPECTED
    assert all(np.isfinite(array).all() for array in made)


@pytest.mark.parametrize("name", cases.CASES)
def test_trainings_learn_or_diverge_as_their_names_say(any_machine, name):
    case = cases.CASES[name]
    seat, curves = cases.run(any_machine, case)
    losses = np.concatenate(curves[::2])[:, 0]
    if case.diverges:
        gone = ~np.isfinite(losses) | (losses > 1000 * losses[0])
        assert seat.counters["diverged_at"] == 1 + gone.argmax() > 1
        assert np.isnan(losses[-1])
        assert any(np.isnan(weights).any() for weights in seat.weights())
    else:
        assert seat.counters["diverged_at"] == 0
        assert np.isfinite(losses).all()
        some = min(20, len(losses) // 2)
        assert name == "vanishing" or losses[-some:].mean() < losses[:some].mean()


@pytest.mark.parametrize("pieces", [1, 5])
@pytest.mark.parametrize("name", PIECES)
def test_cutting_a_training_into_pieces_changes_nothing(any_machine, name, pieces):
    assert fingerprint(*cases.run(any_machine, cases.CASES[name], pieces=pieces)) == STORED[name]


def test_other_members_do_not_change_a_member(any_machine):
    case = cases.CASES["rmsprop, normalised, dropout"]
    prints = []
    for members in (5, 3):
        training = cases.training_of(any_machine, case, members)
        cases.begin(training, case, 0)
        while not training.epoch_done:
            training.advance(0.001)
        prints.append([self_test.fingerprint([*seat.weights(), seat.measured]) for seat in training.seats])
    assert prints[0][:3] == prints[1]
    assert len(set(prints[0])) == 5


@needs_compiler
def test_a_library_that_rounds_once_where_it_should_twice_is_found_out(tmp_path):
    path = tmp_path / "contracted.so"
    fused = ("-mfma",) if build.architecture() == "x86_64" else ()
    assert build.build_native(path, None, ("-ffp-contract=fast", *fused)) is None
    best = native.Native(path=path).name.partition("(")[2].rstrip(")")
    if best == "sse2":
        pytest.skip("this processor has no fused multiplication and addition")

    def make():
        return native.Native(best, path)

    assert self_test.fingerprint(self_test.trained(make)) != self_test.EXPECTED
    for name, case in cases.CASES.items():
        assert fingerprint(*cases.run(make, case)) != STORED[name], name


SWITCH = """
#include <xmmintrin.h>
unsigned get(void) { return _mm_getcsr(); }
void set(unsigned mode) { _mm_setcsr(mode); }
"""


@needs_compiler
@pytest.mark.skipif(build.architecture() != "x86_64", reason="the switch is that of x86 processors")
@pytest.mark.parametrize("mode", [0x8000, 0x0040, 0x2000, 0x4000, 0x6000], ids=["ftz", "daz", "down", "up", "zero"])
def test_another_arithmetic_in_the_calling_thread_is_refused(machine, tmp_path, mode):
    source, library = tmp_path / "switch.c", tmp_path / "switch.so"
    source.write_text(SWITCH)
    subprocess.run([shutil.which("cc"), "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    switch = ctypes.CDLL(str(library))
    case = cases.CASES["sgd"]
    training = cases.training_of(machine, case)
    cases.begin(training, case, 0)
    standard = switch.get()
    switch.set(standard | mode)
    try:
        with pytest.raises(ArithmeticError, match="rounds in another way"):
            training.seats[0].advance(training._data, 1)
    finally:
        switch.set(standard)
    training.seats[0].advance(training._data, 1)
