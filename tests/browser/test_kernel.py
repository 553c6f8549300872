"""The training kernel in a page of Chromium, without a network: the same bits as on every other machine."""

from functools import partial

import numpy as np
import pytest

from course_utils.training.kernel import build
from tests.browser.conftest import new_page
from tests.training.kernel import cases
from tests.training.kernel.javascript import SCRIPT, JavaScript
from tests.training.kernel.test_same_bits import PIECES, STORED, fingerprint


@pytest.fixture(scope="module")
def in_page(chromium):
    """Makes machines in one page; another WebAssembly file than the course's can be given."""
    with new_page(chromium) as page:
        page.context.set_offline(True)
        page.add_script_tag(content=SCRIPT)
        yield partial(JavaScript, lambda name, *given: page.evaluate(f"given => {name}(...given)", given))


@pytest.mark.parametrize("name", cases.CASES)
def test_chromium_gives_the_stored_bits(in_page, name):
    assert fingerprint(*cases.run(in_page, cases.CASES[name])) == STORED[name]


@pytest.mark.parametrize("name", PIECES)
def test_chromium_gives_them_when_a_training_is_cut_into_pieces(in_page, name):
    assert fingerprint(*cases.run(in_page, cases.CASES[name], pieces=5)) == STORED[name]


def test_one_other_bit_of_a_number_in_the_file_is_found_out(in_page):
    """The number is a sixth, which stands in the series of the exponential function."""
    sixth = np.float32(1 / 6)
    before, after = sixth.tobytes(), np.nextafter(sixth, np.float32(1)).tobytes()
    wasm = build.WASM.read_bytes()
    assert before in wasm
    seat, curves = cases.run(partial(in_page, wasm=wasm.replace(before, after)), cases.CASES["sgd"])
    assert all(np.isfinite(curve).all() for curve in curves)
    assert fingerprint(seat, curves) != STORED["sgd"]
