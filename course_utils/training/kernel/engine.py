"""Trains members with the kernel: each is one network with its own weights, order of rows, rates and knobs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from course_utils.training.kernel.placed import Machine, Placed
from course_utils.training.kernel.plan import COUNTERS, KNOBS, Network

#: Seconds of work after which a call returns, so that somebody can stop it.
SLICE = 0.02

#: Steps after which the time of a step is first known.
_TRIAL = 4


def cores() -> int:
    """Counts the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Start:
    """What a member starts from.

    Args:
        weights: A value for each array of `Network.weights`.
        slots: Start value of each array that the optimizer remembers.
        knobs: Those of `KNOBS` that the optimizer reads, and `l1` and `l2`.
        seed: What the dropout masks follow from, a whole number of 32 bits.
        dropout: Rate of all dropout layers, None for the rates that the model was built with.
    """

    weights: Sequence[np.ndarray]
    slots: Sequence[float] = ()
    knobs: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    dropout: float | None = None


@dataclass(frozen=True)
class Examples:
    """What is trained or measured on.

    Args:
        inputs: Shape (rows, ...), float32.
        targets: Labels, shape (rows,), whole numbers; or numbers, one for each output.
        weights: Factor on the loss of each row, None for 1.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None = None

    def arrays(self, *, labels: bool) -> list[np.ndarray]:
        """Gives what the kernel reads, where a missing array is empty: inputs, labels, targets, weights."""
        nothing = np.zeros(0, "float32")
        targets = np.ascontiguousarray(self.targets, "int32" if labels else "float32")
        weights = nothing if self.weights is None else np.ascontiguousarray(self.weights, "float32")
        arrays = [np.ascontiguousarray(self.inputs, "float32"), *((targets, nothing) if labels else (nothing, targets))]
        views = [array.view() for array in (*arrays, weights)]
        for view in views:
            view.flags.writeable = False  # the kernel only reads them, so they need no copy of their own
        return views


class Seat:
    """A member in the memory of a machine."""

    def __init__(self, machine: Machine, network: Network, block: Placed, epoch: dict[str, Placed]) -> None:
        self._machine, self._network, self._block, self._epoch = machine, network, block, epoch
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
        size = network.places["size"]
        for number, value in enumerate(start.slots):
            at = network.places["slots"] + number * size
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
        places = dict(self._epoch)
        itemsize = 4
        batch, mask_size = self._network.places["batch_size"], self._network.places["mask_size"]
        order = Placed(places["order"].address + itemsize * self.done * batch, places["order"].view)
        rates = Placed(places["rates"].address + itemsize * self.done, places["rates"].view)
        measured = Placed(places["measured"].address + 3 * itemsize * self.done, places["measured"].view)
        masks = None
        if self._masked:
            masks = Placed(places["masks"].address + itemsize * self.done * mask_size, places["masks"].view)
        records = places["records"]
        refused = self._machine.call("train", records, self._block, *data, order, rates, masks, steps, measured)
        _check(refused)
        self.done += steps

    @property
    def measured(self) -> np.ndarray:
        """Loss, length of the update and length of the gradient of each step of the epoch, shape (steps, 3)."""
        return self._epoch["measured"].view[: self.done].copy()

    def evaluate(self, data: list[Placed | None], rows: int) -> tuple[float, float]:
        """Measures the mean loss and the share of right answers."""
        scores, at_once = self._epoch["scores"], self._network.evaluated_at_once
        refused = self._machine.call(
            "evaluate", self._epoch["records"], self._block, *data[:3], rows, at_once, scores
        )  # fmt: skip
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
    """Members of one network on their way, spread over the cores.

    Args:
        network: The finished plan.
        starts: What each member starts from.
        training: What is trained on.
        validation: What is measured on after an epoch.
        steps: Steps in an epoch, at most.
        machine: Makes a machine; called once for each core that is used.
        threads: Cores to use, None for all.
    """

    def __init__(
        self,
        network: Network,
        starts: Sequence[Start],
        training: Examples,
        validation: Examples,
        *,
        steps: int,
        machine: Callable[[], Machine],
        threads: int | None = None,
    ) -> None:
        labels = network.places["loss"] < 2  # noqa: PLR2004 - the two sparse losses
        self._rows = len(validation.inputs)
        self.steps = steps
        used = min(threads or cores(), len(starts))
        self._shares: list[tuple[list[Seat], list[Placed | None], list[Placed | None]]] = []
        self.seats: list[Seat] = [None] * len(starts)
        for core in range(used):
            members = range(core, len(starts), used)
            own, fixed = machine(), [network.records, *training.arrays(labels=labels), *validation.arrays(labels=labels)]
            epoch = _epoch_arrays(network, steps)
            arrays = [*fixed]
            for _ in members:
                arrays += [np.zeros(network.block, "float32"), *epoch.values()]
            placed = own.place(arrays)
            records, *data = (array if array.view.size else None for array in placed[: len(fixed)])
            seats, at = [], len(fixed)
            for member in members:
                places = dict(zip(epoch, placed[at + 1 :])) | {"records": records}
                seat = Seat(own, network, placed[at], places)
                seat.start(starts[member])
                self.seats[member] = seat
                seats.append(seat)
                at += 1 + len(epoch)
            self._shares.append((seats, data[:4], data[4:]))
        self._pace = 0.0

    def begin(self, orders: np.ndarray, rates: np.ndarray, masks: np.ndarray | None = None) -> None:
        """Sets the batches, shape (members, steps, batch), and learning rates, shape (members, steps), of an epoch."""
        for member, seat in enumerate(self.seats):
            seat.begin(orders[member], rates[member], None if masks is None else masks[member])

    @property
    def epoch_done(self) -> bool:
        """Whether all steps of the epoch have been taken."""
        return all(seat.done == self.steps for seat in self.seats)

    def advance(self, seconds: float = SLICE) -> None:
        """Takes as many steps of the epoch as fit into about that many seconds, on every core."""
        _side_by_side(lambda share: self._advance(share, seconds), self._shares)

    def _advance(self, share: tuple, seconds: float) -> None:
        seats, data, _ = share
        for seat in seats:
            left = self.steps - seat.done
            fitting = max(1, int(seconds / len(seats) / self._pace)) if self._pace else _TRIAL
            steps = min(left, fitting)
            start = time.perf_counter()
            if steps:
                seat.advance(data, steps)
                self._pace = (time.perf_counter() - start) / steps

    def evaluate(self) -> np.ndarray:
        """Measures the loss and the accuracy of every member on the validation rows, shape (members, 2)."""
        scores: dict[int, tuple[float, float]] = {}

        def measure(share: tuple) -> None:
            for seat in share[0]:
                scores[id(seat)] = seat.evaluate(share[2], self._rows)

        _side_by_side(measure, self._shares)
        return np.array([scores[id(seat)] for seat in self.seats])


def _epoch_arrays(network: Network, steps: int) -> dict[str, np.ndarray]:
    places = network.places
    return {
        "order": np.zeros((steps, places["batch_size"]), "int32"),
        "rates": np.zeros(steps, "float32"),
        "masks": np.zeros((steps, places["mask_size"]), "float32"),
        "measured": np.zeros((steps, 3), "float32"),
        "scores": np.zeros(2, "float64"),
    }


@lru_cache(maxsize=1)
def _executor(process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - threads do not survive a fork
    return ThreadPoolExecutor(cores(), thread_name_prefix="course-kernel")


def _side_by_side(work: Callable, shares: list) -> None:
    """Does the same for every share, a core each; the kernel lets other threads run."""
    if len(shares) == 1:
        work(shares[0])
    else:
        list(_executor(os.getpid()).map(work, shares))
