"""The plan of a network for the kernel: its operations in order, and the place of every array in one block of memory.

The fields of the records here and of the structures in `kernel.c` are the same, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np

NETWORK = (
    "batch_size places width outputs loss optimizer track_norms input output output_error operations tensors "
    "weights gradients slots before size scratch transposed sums mask_size"
).split()
OPERATION = (
    "kind variant input second output input_error second_error output_error adds second_adds "
    "places width output_width kernel bias kernel_gradient bias_gradient state settings kept frozen "
    "high wide out_high out_wide taps_high taps_wide step_high step_wide gap_high gap_wide top left"
).split()
TENSOR = "place rows width settings constraint".split()
COUNTERS = "step diverged_at correct noise_seed".split()
KNOBS = (
    "first_loss weight_decay momentum beta_1 beta_2 rho epsilon clipnorm global_clipnorm clipvalue label_smoothing"
).split()

KINDS = (
    "dense activation batch_normalization dropout add flatten rescaling layer_normalization convolution max_pooling "
    "average_pooling"
).split()
ACTIVATIONS = "linear relu leaky_relu elu tanh sigmoid softmax gelu gelu_tanh silu selu softplus".split()
LOSSES = [
    "sparse_categorical_crossentropy",
    "sparse_categorical_crossentropy of probabilities",
    "categorical_crossentropy",
    "categorical_crossentropy of probabilities",
    "binary_crossentropy",
    "binary_crossentropy of probabilities",
    "mean_squared_error",
    "mean_absolute_error",
]
OPTIMIZERS = {"sgd": 0, "momentum": 1, "nesterov": 2, "adagrad": 3, "adadelta": 4, "rmsprop": 5, "adam": 6, "adamw": 6}
CONSTRAINTS = ["free", "max_norm", "non_negative", "unit_norm"]

#: Activations whose slope follows from what they put out, so that they may overwrite what went in.
_FROM_OUTPUT = {"linear", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "softmax", "selu"}

#: Rows that a product of matrices takes at once, and columns of a panel of its right side, at most.
_ROWS_AT_ONCE, _PANEL = 64, 32

#: Rows of an evaluation that are computed at once, where batches have fewer.
_EVALUATED_AT_ONCE = 64


def padded(width: int) -> int:
    """Rounds the width of a row up to whole vectors."""
    return -(-width // 16) * 16


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
        width: Numbers in a row.
        place: Where it lies in the block.
        error: Where the slope of the loss by it lies, -1 if nobody needs it.
        maker: The operation that puts it out.
    """

    places: int
    width: int
    place: int = -1
    error: int = -1
    maker: dict | None = None

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
        constraint: One of `CONSTRAINTS`.
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

    def read(self, block: np.ndarray, at: int | None = None) -> np.ndarray:
        """Copies the array out of a block."""
        place = self.place if at is None else at
        rows = block[place : place + self.size].reshape(self.rows, -1)
        return rows[:, : self.shape[-1]].reshape(self.shape).copy()

    def write(self, block: np.ndarray, value: np.ndarray) -> None:
        """Copies an array into a block."""
        rows = block[self.place : self.place + self.size].reshape(self.rows, -1)
        rows[:, : self.shape[-1]] = np.reshape(value, (self.rows, self.shape[-1]))


@dataclass
class Plan:
    """A network that is being laid out, operation by operation, and then finished for a loss and a batch size.

    Args:
        places: Rows of an example: 1, or the pixels of an image.
        width: Numbers in a row of an example: features, or channels.

    Example:
        >>> plan = Plan(1, 64)
        >>> hidden = plan.activation(plan.dense(plan.input, 32), "relu")
        >>> network = plan.finish(plan.dense(hidden, 10), loss="sparse_categorical_crossentropy", optimizer="sgd",
        ...                       batch_size=32)
    """

    places: int
    width: int
    weights: list[Weights] = field(default_factory=list)
    dropouts: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.input = Value(self.places, self.width)
        self._values = [self.input]
        self._operations: list[dict] = []
        self._readers: dict[int, int] = {}

    def dense(self, value: Value, units: int, kernel: Weights | None = None, bias: Weights | None = None) -> Value:
        """Adds a product with a kernel and, if there is one, a bias."""
        kernel = kernel or Weights((value.width, units), is_kernel=True)
        return self._add("dense", value, Value(value.places, units), kernel=kernel, bias=bias)

    def activation(self, value: Value, name: str, alpha: float = 0.0) -> Value:
        """Adds one of `ACTIVATIONS`."""
        if name == "linear":
            return value
        return self._add("activation", value, None, variant=ACTIVATIONS.index(name), numbers=(alpha,))

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
    ) -> Value:
        """Adds a normalisation of every column by its batch, or by its moving averages if it is frozen."""
        numbers = (momentum, epsilon)
        mean, variance = moving
        return self._add(
            "batch_normalization", value, None, kernel=gamma, bias=beta, moving=[mean, variance], numbers=numbers,
            frozen=int(frozen),
        )  # fmt: skip

    def dropout(self, value: Value, rate: float) -> Value:
        """Adds a dropout layer."""
        out = self._add("dropout", value, None, variant=len(self.dropouts), numbers=(rate,))
        self.dropouts.append(out.maker)
        return out

    def add(self, first: Value, second: Value) -> Value:
        """Adds the sum of two values."""
        return self._add("add", first, None, second=second)

    def flatten(self, value: Value) -> Value:
        """Makes one row of all rows of an example."""
        if value.places == 1:
            return value
        return self._add("flatten", value, Value(1, value.places * value.width))

    def layer_normalization(
        self, value: Value, gamma: Weights | None = None, beta: Weights | None = None, *, epsilon: float = 0.001
    ) -> Value:
        """Adds a normalisation of every row by its own mean and deviation."""
        return self._add("layer_normalization", value, None, kernel=gamma, bias=beta, numbers=(epsilon,))

    def convolution(self, value: Value, window: Window, kernel: Weights, bias: Weights | None = None) -> Value:
        """Adds a convolution; the kernel has the shape (height, width, channels, filters)."""
        out = Value(prod(window.outputs), kernel.shape[-1])
        return self._add("convolution", value, out, kernel=kernel, bias=bias, window=window)

    def pooling(self, value: Value, window: Window, kind: str) -> Value:
        """Adds the "max" or the "average" of every place of a window."""
        return self._add(f"{kind}_pooling", value, Value(prod(window.outputs), value.width), window=window)

    def rescaling(self, value: Value, scale: float, offset: float) -> Value:
        """Adds a multiplication and an addition."""
        return self._add("rescaling", value, None, numbers=(scale, offset))

    def _add(self, kind: str, value: Value, out: Value | None, *, second: Value | None = None, **more: object) -> Value:
        out = out or Value(value.places, value.width)
        operation = {"kind": kind, "value": value, "second": second, "out": out, "numbers": (), **more}
        self.weights += [w for w in (more.get("kernel"), more.get("bias"), *more.get("moving", ())) if w is not None]
        for read in (value, second):
            if read is not None:
                self._readers[id(read)] = self._readers.get(id(read), 0) + 1
        out.maker = operation
        self._operations.append(operation)
        self._values.append(out)
        return out

    def finish(
        self, output: Value, *, loss: str, optimizer: str, batch_size: int, track_norms: bool = False
    ) -> Network:
        """Gives every array its place.

        Args:
            output: What the loss is computed from.
            loss: One of `LOSSES`.
            optimizer: A key of `OPTIMIZERS`.
            batch_size: Rows in a batch.
            track_norms: Whether to measure the lengths of gradients and updates.

        Returns:
            The network.
        """
        return _layout(self, output, loss, optimizer, batch_size, track_norms=track_norms)


@dataclass(frozen=True)
class Network:
    """A finished plan.

    Args:
        records: Header, operations and tensors, as the kernel reads them: int32.
        block: Float32 numbers that one network needs.
        settings: What stands in the block from the start and does not depend on the member.
        weights: Every array of weights, with its place.
        rates: Place of the rate of each dropout layer.
        size: Numbers of all trainable weights together, in memory.
        places: The fields of the header, by name.
        evaluated_at_once: Rows of an evaluation that fit into the block.
    """

    records: np.ndarray
    block: int
    settings: Mapping[int, tuple[float, ...]]
    weights: list[Weights]
    rates: list[int]
    places: Mapping[str, int]
    evaluated_at_once: int


class _Block:
    """Hands out places in the block, each at a multiple of 16 numbers."""

    def __init__(self) -> None:
        self.size = 0

    def take(self, numbers: int) -> int:
        place, self.size = self.size, self.size + padded(numbers)
        return place


def _layout(
    plan: Plan, output: Value, loss: str, optimizer: str, batch_size: int, *, track_norms: bool
) -> Network:
    operations, rows = plan._operations, max(batch_size, _EVALUATED_AT_ONCE)  # noqa: SLF001 - its other half
    block = _Block()
    block.take(len(COUNTERS) + len(KNOBS))
    settings: dict[int, tuple[float, ...]] = {}

    trainable = [w for w in plan.weights if w.trainable]
    size = sum(w.size for w in trainable)
    header = {"weights": block.take(size), "gradients": block.take(size), "slots": block.take(2 * size)}
    header["before"] = block.take(size if track_norms else 0)
    at = header["weights"]
    for weights in trainable:
        weights.place, at = at, at + weights.size
        weights.settings = block.take(3)
        settings[weights.settings] = (*weights.penalties, weights.limit)
    for weights in plan.weights:
        if not weights.trainable and weights.place < 0:
            weights.place = block.take(weights.size)

    _place_values(plan, output, block, rows)
    records, rates, mask_size = [], [], 0
    readers = {id(output)}  # the loss writes first
    for operation in reversed(operations):
        value, out, second = operation["value"], operation["out"], operation["second"]
        record = dict.fromkeys(OPERATION, -1)
        record |= {
            "kind": KINDS.index(operation["kind"]),
            "variant": operation.get("variant", -1),
            "frozen": operation.get("frozen", 0),
            "input": value.place,
            "output": out.place,
            "output_error": out.error,
            "places": value.places,
            "width": value.width,
            "output_width": out.width,
            "settings": block.take(len(operation["numbers"])),
            "input_error": value.error,
            # Errors go backward: the last operation that reads a value writes its error, those before it add to it.
            "adds": int(id(value) in readers),
        }
        readers.add(id(value))
        if second is not None:
            record |= {"second": second.place, "second_error": second.error, "second_adds": int(id(second) in readers)}
            readers.add(id(second))
        settings[record["settings"]] = operation["numbers"]
        for name in ("kernel", "bias"):
            weights = operation.get(name)
            if weights is not None:
                record[name] = weights.place
                if weights.trainable:
                    record[f"{name}_gradient"] = weights.place - header["weights"] + header["gradients"]
        if operation["kind"] == "batch_normalization":
            record["state"] = operation["moving"][0].place
            record["kept"] = block.take(2 * padded(value.width) + rows * value.size)
        if operation["kind"] == "layer_normalization":
            record["kept"] = block.take(padded(rows * value.places) + rows * value.size)
        window = operation.get("window")
        if window is not None:
            record |= window.fields
            taps = prod(window.size) * value.width
            kept = {"convolution": out.places * padded(taps), "max_pooling": out.size}
            record["kept"] = block.take(rows * kept.get(operation["kind"], 0))
        if operation["kind"] == "dropout":
            record["kept"] = block.take(rows * value.places * value.width)
            rates.append(record["settings"])
            mask_size += batch_size * value.places * value.width
        records.append([record[name] for name in OPERATION])

    products = [  # terms of each product's sum, outputs, rows
        (o["kernel"].rows, o["out"].width, rows * o["out"].places)
        for o in operations
        if o["kind"] in {"dense", "convolution"}
    ]
    header |= {
        "batch_size": batch_size,
        "places": plan.input.places,
        "width": plan.input.width,
        "outputs": output.width,
        "loss": LOSSES.index(loss),
        "optimizer": OPTIMIZERS[optimizer],
        "track_norms": int(track_norms),
        "input": plan.input.place,
        "output": output.place,
        "output_error": output.error,
        "operations": len(operations),
        "tensors": len(trainable),
        "size": size,
        "scratch": block.take(max([max(sizes) for sizes in products], default=0) * (_ROWS_AT_ONCE + _PANEL)),
        "transposed": block.take(max([padded(terms) * padded(outs) for terms, outs, _ in products], default=0)),
        "sums": block.take(4 * max(padded(v.width) for v in plan._values)),  # noqa: SLF001
        "mask_size": mask_size,
    }
    tensors = [
        [w.place - header["weights"], w.rows, w.shape[-1], w.settings, CONSTRAINTS.index(w.constraint)]
        for w in trainable
    ]
    numbers = [header[name] for name in NETWORK] + sum(reversed(records), []) + sum(tensors, [])
    return Network(
        records=np.array(numbers, "int32"),
        block=block.size,
        settings=settings,
        weights=plan.weights,
        rates=rates[::-1],
        places=header,
        evaluated_at_once=rows,
    )


def _place_values(plan: Plan, output: Value, block: _Block, rows: int) -> None:
    """Places every value and its error; an activation overwrites its input where that is not read again."""
    needed = {id(output)}
    plan.input.place = block.take(rows * plan.input.size)
    learns = set()
    for operation in plan._operations:  # noqa: SLF001
        value, second, out = operation["value"], operation["second"], operation["out"]
        own = [w for w in (operation.get("kernel"), operation.get("bias")) if w is not None and w.trainable]
        if own or id(value) in learns or (second is not None and id(second) in learns):
            learns.add(id(out))
            needed.add(id(out))
        in_place = (
            operation["kind"] == "activation"
            and ACTIVATIONS[operation["variant"]] in _FROM_OUTPUT
            and plan._readers[id(value)] == 1  # noqa: SLF001
            and value.maker is not None
            and value.maker["kind"] != "activation"
            and value is not output
        )
        out.place = value.place if in_place else block.take(rows * out.size)
        out.error = value.error if in_place and id(value) in needed and value.error >= 0 else -1
        if out.error < 0 and id(out) in needed:
            out.error = block.take(rows * out.size)
