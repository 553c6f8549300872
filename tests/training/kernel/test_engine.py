"""Members on the kernel: cut into slices, and checked beforehand."""

import numpy as np
import pytest

from course_utils.training.kernel.engine import Examples, Start, Training
from course_utils.training.kernel.layout import lay_out
from course_utils.training.kernel.placed import Unavailable
from course_utils.training.kernel.plan import Plan, Weights
from course_utils.training.kernel.wasm import Wasm
from tests.training.kernel import cases

LABELS = np.arange(20) % 4


def training(machine, inputs=None, targets=LABELS, weights=None, loss="sparse_categorical_crossentropy"):
    plan = Plan(1, 6)
    output = plan.dense(plan.input, Weights((6, 4), is_kernel=True))
    network = lay_out(plan, output, loss=loss, optimizer="sgd", batch_size=5)
    data = Examples(np.ones((20, 6)) if inputs is None else inputs, targets, weights)
    return Training(network, [Start([np.zeros((6, 4))])], data, data, steps=4, machine=machine())


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"inputs": np.ones((20, 5))}, "inputs of shape"),
        ({"targets": LABELS[:-1]}, "targets do not fit"),
        ({"targets": LABELS + 1}, "targets do not fit"),
        ({"targets": LABELS - 1}, "targets do not fit"),
        ({"targets": np.ones((20, 3)), "loss": "mean_squared_error"}, "targets do not fit"),
        ({"weights": np.ones(19)}, "one for each row"),
    ],
)
def test_examples_that_do_not_fit_are_refused(any_machine, given, reason):
    with pytest.raises(ValueError, match=reason):
        training(any_machine, **given)


@pytest.mark.parametrize("row", [-1, 20])
def test_rows_that_the_data_does_not_have_are_refused(any_machine, row):
    members = training(any_machine)
    order = np.zeros((1, 4, 5), int)
    order[0, 3, 4] = row
    with pytest.raises(ValueError, match="it has 20"):
        members.begin(order, np.ones((1, 4)))


def test_a_network_that_is_too_large_is_refused_before_memory_is_asked_for():
    plan = Plan(1, 30_000)
    output = plan.dense(plan.input, Weights((30_000, 30_000), is_kernel=True))
    with pytest.raises(ValueError, match=r"needs \d+\.\d GB for one member: choose smaller"):
        lay_out(plan, output, loss="mean_squared_error", optimizer="sgd", batch_size=5)


def test_training_stops_after_every_slice(any_machine):
    case = cases.CASES["sgd"]
    members = cases.training_of(any_machine, case, members=3)
    cases.begin(members, case, 0)
    seen = []
    while not members.epoch_done:
        members.advance(seconds=1e-9)
        seen.append([seat.done for seat in members.seats])
    assert seen[1] > seen[0] > [0, 0, 0]
    assert len(seen) > 5
    assert seen[-1] == [members.steps] * 3


def test_more_than_the_memory_of_a_machine_is_refused_with_a_cure():
    try:
        wasm = Wasm()
    except Unavailable as reason:
        pytest.skip(str(reason))
    plan = Plan(1, 6)
    output = plan.dense(plan.input, Weights((6, 4), is_kernel=True))
    network = lay_out(plan, output, loss="sparse_categorical_crossentropy", optimizer="sgd", batch_size=5)
    data, start = Examples(np.ones((20, 6)), LABELS), Start([np.zeros((6, 4))])
    fitting = 2**32 // (4 * network.block)
    with pytest.raises(MemoryError, match=rf"{2 * fitting} networks of 0 MB .* find no room: train fewer at once"):
        Training(network, [start] * (2 * fitting), data, data, steps=4, machine=wasm)
