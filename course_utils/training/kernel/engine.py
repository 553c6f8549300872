"""Trains members on one core: each is a network with its own weights, order of rows, learning rates and knobs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from course_utils.training.kernel.members import Examples, Start
from course_utils.training.kernel.placed import Machine, Placed
from course_utils.training.kernel.plan import Network
from course_utils.training.kernel.records import COUNTERS, KNOBS

#: Steps after which the time of a step is first known.
_TRIAL = 4


#: Arrays of a member with a row for each step of an epoch.
_BY_STEP = ("order", "rates", "masks", "measured")


class Seat:
    """A member in the memory of a machine."""

    def __init__(self, machine: Machine, network: Network, records: Placed, arrays: Sequence[Placed]) -> None:
        self._machine, self._network, self._records = machine, network, records
        self._block, *epoch = arrays
        self._epoch = dict(zip((*_BY_STEP, "scores"), epoch))
        self.done = 0

    @property
    def block(self) -> np.ndarray:
        """The whole memory of the member: copying it keeps a state, writing it back resumes there."""
        return self._block.view

    @property
    def counters(self) -> dict[str, int]:
        """Steps taken, the step of divergence (0: none), and right answers since the last `begin`."""
        return dict(zip(COUNTERS, self.block[: len(COUNTERS)].view("int32").tolist()))

    def start(self, start: Start) -> None:
        """Puts the member where its training starts."""
        network, block = self._network, self.block
        block[:] = 0
        for place, numbers in network.settings.items():
            block[place : place + len(numbers)] = numbers
        size = network.header["size"]
        for number, value in enumerate(start.slots):
            at = network.header["slots"] + number * size
            block[at : at + size] = value
        for weights, value in zip(network.weights, start.weights, strict=True):
            weights.write(block, value)
            if weights.trainable and weights.is_kernel:
                block[weights.settings] += np.float32(start.knobs.get("l1", 0))
                block[weights.settings + 1] += np.float32(start.knobs.get("l2", 0))
        block[: len(COUNTERS)].view("uint32")[COUNTERS.index("noise_seed")] = start.seed
        for number, name in enumerate(KNOBS, len(COUNTERS)):
            block[number] = start.knobs.get(name, 0)
        if start.dropout is not None:
            for place in network.rates:
                block[place] = start.dropout

    def weights(self) -> list[np.ndarray]:
        """Copies the weights, in the order of `Network.weights`."""
        return [weights.read(self.block) for weights in self._network.weights]

    def begin(self, order: np.ndarray, rates: np.ndarray, masks: np.ndarray | None = None) -> None:
        """Sets the batches and the learning rates of an epoch, and dropout masks where they are not to be drawn."""
        self._epoch["order"].view[:] = order
        self._epoch["rates"].view[:] = rates
        if masks is not None:
            self._epoch["masks"].view[:] = masks
        self._masked = masks is not None
        self.block[: len(COUNTERS)].view("int32")[COUNTERS.index("correct")] = 0
        self.done = 0

    def advance(self, data: list[Placed | None], steps: int) -> None:
        """Takes steps of the epoch."""
        epoch = {name: array.from_row(self.done) for name, array in self._epoch.items() if name in _BY_STEP}
        masks = epoch["masks"] if self._masked else None
        refused = self._machine.call(
            "train", self._records, self._block, *data, epoch["order"], epoch["rates"], masks, steps, epoch["measured"]
        )
        _check(refused)
        self.done += steps

    @property
    def measured(self) -> np.ndarray:
        """Loss, length of the update and length of the gradient of each step of the epoch, shape (steps, 3)."""
        return self._epoch["measured"].view[: self.done].copy()

    def evaluate(self, data: list[Placed | None], rows: int) -> tuple[float, float]:
        """Measures the mean loss and the share of right answers."""
        scores, at_once = self._epoch["scores"], self._network.evaluated_at_once
        refused = self._machine.call("evaluate", self._records, self._block, *data[:3], rows, at_once, scores)
        _check(refused)
        loss, correct = scores.view.tolist()
        return loss, correct


def _check(refused: int) -> None:
    if refused:
        raise ArithmeticError(
            "this thread rounds in another way or makes very small numbers 0: some library has switched that; "
            "train before it is loaded, or in a new process."
        )


class Training:
    """Members of one network on their way, one after the other in the memory of one machine.

    Args:
        network: The finished plan.
        starts: What each member starts from.
        training: What is trained on.
        validation: What is measured on after an epoch.
        steps: Steps in an epoch, at most.
        machine: What runs the kernel, for these members alone.
        injected: Whether `begin` will be given dropout masks.

    Raises:
        ValueError: If the examples do not fit the network.
    """

    def __init__(
        self,
        network: Network,
        starts: Sequence[Start],
        training: Examples,
        validation: Examples,
        *,
        steps: int,
        machine: Machine,
        injected: bool = False,
    ) -> None:
        self._rows, self._training_rows = len(validation.inputs), len(training.inputs)
        self.steps = steps
        shared = [network.records, *training.arrays(network), *validation.arrays(network)]
        own = _arrays_of_member(network, steps, injected=injected)
        try:
            placed = machine.place([*shared, *(array for _ in starts for array in own)])
        except MemoryError as error:
            need = f"{len(starts)} networks of {sum(array.nbytes for array in own) * 1e-6:.0f} MB"
            raise MemoryError(f"{need} and their data find no room: train fewer at once, or smaller ones.") from error
        records, *data = (array if array.view.size else None for array in placed[: len(shared)])
        self._data, self._validation = data[:4], data[4:]
        self.seats: list[Seat] = []
        for number, start in enumerate(starts):
            at = len(shared) + number * len(own)
            self.seats.append(Seat(machine, network, records, placed[at : at + len(own)]))
            self.seats[-1].start(start)
        self._pace = 0.0

    def begin(self, orders: np.ndarray, rates: np.ndarray, masks: np.ndarray | None = None) -> None:
        """Sets the batches, shape (members, steps, batch), and learning rates, shape (members, steps), of an epoch."""
        if orders.min() < 0 or orders.max() >= self._training_rows:
            raise ValueError(f"orders names rows that the data does not have: it has {self._training_rows}.")
        for member, seat in enumerate(self.seats):
            seat.begin(orders[member], rates[member], None if masks is None else masks[member])

    @property
    def epoch_done(self) -> bool:
        """Whether all steps of the epoch have been taken."""
        return all(seat.done == self.steps for seat in self.seats)

    def advance(self, seconds: float) -> None:
        """Takes as many steps of the epoch as fit into about that many seconds."""
        for seat in self.seats:
            if not self._pace:
                self._take(seat, _TRIAL)
            self._take(seat, max(1, int(seconds / len(self.seats) / self._pace)))

    def _take(self, seat: Seat, steps: int) -> None:
        steps = min(steps, self.steps - seat.done)
        start = time.perf_counter()
        if steps:
            seat.advance(self._data, steps)
            self._pace = (time.perf_counter() - start) / steps

    def evaluate(self) -> np.ndarray:
        """Measures the loss and the accuracy of every member on the validation rows, shape (members, 2)."""
        return np.array([seat.evaluate(self._validation, self._rows) for seat in self.seats])


def _arrays_of_member(network: Network, steps: int, *, injected: bool) -> list[np.ndarray]:
    batch, mask = network.header["batch_size"], network.header["mask_size"]
    return [
        np.zeros(network.block, "float32"),
        np.zeros((steps, batch), "int32"),
        np.zeros(steps, "float32"),
        np.zeros((steps, mask if injected else 0), "float32"),
        np.zeros((steps, 3), "float32"),
        np.zeros(2, "float64"),
    ]
