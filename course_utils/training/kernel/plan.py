"""The plan of a network for the kernel: its operations, in order, and the arrays between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from course_utils.training.kernel.records import ACTIVATIONS, padded


@dataclass(frozen=True)
class Window:
    """A window that slides over images, as Keras describes it; sizes are (height, width).

    Args:
        image: Pixels of an image.
        size: Taps of the window.
        strides: Pixels between two places of the window.
        padding: "valid", or "same" for zeros around the image, the odd one below and to the right.
        dilation: Pixels between two taps.
    """

    image: tuple[int, int]
    size: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    padding: str = "valid"
    dilation: tuple[int, int] = (1, 1)

    @property
    def _reach(self) -> list[int]:
        return [(size - 1) * gap + 1 for size, gap in zip(self.size, self.dilation)]

    @property
    def outputs(self) -> tuple[int, int]:
        """Places of the window."""
        if self.padding == "same":
            high, wide = (-(-pixels // step) for pixels, step in zip(self.image, self.strides))
        else:
            sizes = zip(self.image, self._reach, self.strides)
            high, wide = ((pixels - reach) // step + 1 for pixels, reach, step in sizes)
        return high, wide

    @property
    def fields(self) -> dict[str, int]:
        """The fields of an operation."""
        before = [0, 0]
        if self.padding == "same":
            sizes = zip(self.outputs, self.strides, self._reach, self.image)
            before = [max((outs - 1) * step + reach - pixels, 0) // 2 for outs, step, reach, pixels in sizes]
        pairs = {"": self.image, "out_": self.outputs, "taps_": self.size, "step_": self.strides, "gap_": self.dilation}
        fields = {f"{name}{side}": n for name, pair in pairs.items() for side, n in zip(("high", "wide"), pair)}
        return fields | {"top": before[0], "left": before[1]}


@dataclass(eq=False)
class Value:
    """What an operation puts out for each example: `places` rows of `width` numbers.

    Args:
        places: Rows: 1, or the pixels of an image.
        width: Numbers in a row: units, or channels.
        maker: The kind of operation that puts it out; "input" if none does.
        readers: How many operations read it.
        place: Where it lies in the block, once it is laid out.
        error: Where the slope of the loss by it lies, -1 if nobody needs it.
    """

    places: int
    width: int
    maker: str = "input"
    readers: int = 0
    place: int = -1
    error: int = -1

    @property
    def size(self) -> int:
        """Numbers of one example, in memory."""
        return self.places * padded(self.width)


@dataclass(eq=False)
class Weights:
    """An array of weights, in memory as rows of its last axis.

    Args:
        shape: Its shape in Keras.
        trainable: Whether training changes it.
        penalties: Its own l1, l2.
        is_kernel: Whether the knobs l1 and l2 apply to it, too.
        constraint: One of `records.CONSTRAINTS`.
        limit: What the constraint needs.
        place: Where it lies in the block.
        settings: Where l1, l2 and the limit lie in the block, if it is trainable.
    """

    shape: tuple[int, ...]
    trainable: bool = True
    penalties: tuple[float, float] = (0.0, 0.0)
    is_kernel: bool = False
    constraint: str = "free"
    limit: float = 0.0
    place: int = -1
    settings: int = -1

    @property
    def rows(self) -> int:
        """Rows of its last axis."""
        return prod(self.shape[:-1])

    @property
    def size(self) -> int:
        """Numbers that it takes in memory."""
        return self.rows * padded(self.shape[-1])

    def read(self, block: np.ndarray) -> np.ndarray:
        """Copies the array out of a block."""
        rows = block[self.place : self.place + self.size].reshape(self.rows, -1)
        return rows[:, : self.shape[-1]].reshape(self.shape).copy()

    def write(self, block: np.ndarray, value: np.ndarray) -> None:
        """Copies an array into a block."""
        rows = block[self.place : self.place + self.size].reshape(self.rows, -1)
        rows[:, : self.shape[-1]] = np.reshape(value, (self.rows, self.shape[-1]))


@dataclass(eq=False)
class Operation:
    """One operation of a plan.

    Args:
        kind: One of `records.KINDS`.
        value: What it reads.
        out: What it puts out.
        second: What it also reads.
        numbers: Its settings, which do not depend on the member.
        variant: The number of its activation, or which dropout layer it is.
        frozen: Whether a batch normalisation keeps its moving averages, or a dropout layer its mask from row to row.
        kernel: Its weights, or factors.
        bias: Its biases.
        moving: Its moving mean and variance.
        window: What slides over its images.
    """

    kind: str
    value: Value
    out: Value
    second: Value | None = None
    numbers: tuple[float, ...] = ()
    variant: int = -1
    frozen: bool = False
    kernel: Weights | None = None
    bias: Weights | None = None
    moving: tuple[Weights, ...] = ()
    window: Window | None = None

    @property
    def weights(self) -> list[Weights]:
        """All its arrays of weights."""
        return [weights for weights in (self.kernel, self.bias, *self.moving) if weights is not None]

    @property
    def fields(self) -> dict[str, int]:
        """Its fields in the kernel's records that only some kinds have."""
        if self.kind == "embedding":
            return {"high": self.kernel.rows}
        return {} if self.window is None else self.window.fields

    @property
    def learns(self) -> bool:
        """Whether it has something to train."""
        return any(weights.trainable for weights in self.weights)


class Plan:
    """A network that is being put together, operation by operation.

    Args:
        places: Rows of an example: 1, or the pixels of an image.
        width: Numbers in a row of an example: features, or channels.

    Example:
        >>> plan = Plan(1, 64)
        >>> hidden = plan.activation(plan.dense(plan.input, Weights((64, 32))), "relu")
        >>> output = plan.dense(hidden, Weights((32, 10)), Weights((10,)))
    """

    def __init__(self, places: int, width: int) -> None:
        self.input = Value(places, width)
        self.operations: list[Operation] = []

    @property
    def weights(self) -> list[Weights]:
        """All arrays of weights, in the order of the operations."""
        return [weights for operation in self.operations for weights in operation.weights]

    def dense(self, value: Value, kernel: Weights, bias: Weights | None = None) -> Value:
        """Adds a product with a kernel, of shape (width, units), and a bias."""
        return self._add("dense", value, (value.places, kernel.shape[-1]), kernel=kernel, bias=bias)

    def activation(self, value: Value, name: str, alpha: float = 0.0) -> Value:
        """Adds one of `records.ACTIVATIONS`; some have a number of their own."""
        if name == "linear":
            return value
        return self._add("activation", value, variant=ACTIVATIONS.index(name), numbers=(alpha,))

    def batch_normalization(
        self,
        value: Value,
        moving: tuple[Weights, Weights],
        gamma: Weights | None = None,
        beta: Weights | None = None,
        *,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        frozen: bool = False,
        group: int = 0,
    ) -> Value:
        """Adds a normalisation of every column by its batch, or by its moving averages if it is frozen.

        With a `group`, so many examples are normalised together, and the moving averages follow each group in turn.
        """
        numbers, kind = (momentum, epsilon, group), "batch_normalization"
        return self._add(kind, value, kernel=gamma, bias=beta, moving=moving, numbers=numbers, frozen=frozen)

    def layer_normalization(
        self, value: Value, gamma: Weights | None = None, beta: Weights | None = None, *, epsilon: float = 0.001
    ) -> Value:
        """Adds a normalisation of every row by its own mean and deviation."""
        return self._add("layer_normalization", value, kernel=gamma, bias=beta, numbers=(epsilon,))

    def dropout(self, value: Value, rate: float, *, shared: bool = False) -> Value:
        """Adds a dropout layer; all examples of a batch may share their mask."""
        number = sum(operation.kind == "dropout" for operation in self.operations)
        return self._add("dropout", value, variant=number, numbers=(rate,), frozen=shared)

    def add(self, first: Value, second: Value) -> Value:
        """Adds the sum of two values."""
        return self._add("add", first, second=second)

    def flatten(self, value: Value) -> Value:
        """Makes one row of all rows of an example."""
        return value if value.places == 1 else self._add("flatten", value, (1, value.places * value.width))

    def convolution(self, value: Value, window: Window, kernel: Weights, bias: Weights | None = None) -> Value:
        """Adds a convolution; the kernel has the shape (height, width, channels, filters)."""
        shape = (prod(window.outputs), kernel.shape[-1])
        return self._add("convolution", value, shape, kernel=kernel, bias=bias, window=window)

    def pooling(self, value: Value, window: Window, kind: str) -> Value:
        """Adds the "max" or the "average" of every place of a window."""
        return self._add(f"{kind}_pooling", value, (prod(window.outputs), value.width), window=window)

    def embedding(self, value: Value, table: Weights) -> Value:
        """Adds the row of a table, of shape (words, width), for each number of an example; reads the input only."""
        return self._add("embedding", value, (value.width, table.shape[-1]), kernel=table)

    def rescaling(self, value: Value, scale: float, offset: float) -> Value:
        """Adds a multiplication and an addition."""
        return self._add("rescaling", value, numbers=(scale, offset))

    def _add(self, kind: str, value: Value, shape: tuple[int, int] | None = None, **more: object) -> Value:
        out = Value(*(shape or (value.places, value.width)), maker=kind)
        operation = Operation(kind, value, out, **more)
        for read in (value, operation.second):
            if read is not None:
                read.readers += 1
        self.operations.append(operation)
        return out


@dataclass(frozen=True)
class Network:
    """A plan that is laid out.

    Args:
        records: Header, operations and tensors, as the kernel reads them: int32.
        header: The fields of the header, by name.
        block: Float32 numbers that one network needs.
        settings: What stands in the block from the start and does not depend on the member, by its place.
        weights: Every array of weights, with its place.
        rates: Place of the rate of each dropout layer.
        loss: One of `records.LOSSES`.
        evaluated_at_once: Rows of an evaluation that fit into the block.
        words: Rows of the smallest table that the inputs are looked up in, None if they are not.
    """

    records: np.ndarray
    header: Mapping[str, int]
    block: int
    settings: Mapping[int, tuple[float, ...]]
    weights: list[Weights]
    rates: list[int]
    loss: str
    evaluated_at_once: int
    words: int | None = None
