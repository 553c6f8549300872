"""The place of every array of a plan in one block of memory, and the records that tell the kernel about it."""

from __future__ import annotations

import numpy as np

from course_utils.training.kernel.plan import Network, Operation, Plan, Value
from course_utils.training.kernel.records import (
    ACTIVATIONS,
    CONSTRAINTS,
    COUNTERS,
    KINDS,
    KNOBS,
    LOSSES,
    NETWORK,
    OPERATION,
    OPTIMIZERS,
    SLOPE_FROM_OUTPUT,
    TENSOR,
    padded,
)

#: Rows that a product of matrices takes at once, and columns of a panel of its right side, at most.
_ROWS_AT_ONCE, _PANEL = 64, 16

#: Rows of an evaluation that are computed at once, where batches have fewer.
_EVALUATED_AT_ONCE = 64

#: Numbers of a block, at most: places are int32, and WebAssembly has four gigabytes.
_MOST = 2**29


def lay_out(
    plan: Plan, output: Value, *, loss: str, optimizer: str, batch_size: int, track_norms: bool = False
) -> Network:
    """Gives every array of a plan its place.

    Args:
        plan: The plan; its arrays learn their places.
        output: What the loss is computed from.
        loss: One of `records.LOSSES`.
        optimizer: A key of `records.OPTIMIZERS`.
        batch_size: Rows in a batch.
        track_norms: Whether to measure the lengths of gradients and updates.

    Returns:
        The network.

    Raises:
        ValueError: If it needs more memory than the kernel can reach.
    """
    return _Layout(plan, output, max(batch_size, _EVALUATED_AT_ONCE)).network(
        loss, optimizer, batch_size, track_norms=track_norms
    )


class _Layout:
    def __init__(self, plan: Plan, output: Value, rows: int) -> None:
        self._plan, self._output, self._rows = plan, output, rows
        self._size = 0
        self._settings: dict[int, tuple[float, ...]] = {}

    def _take(self, numbers: int) -> int:
        """Hands out a place, at a multiple of 16 numbers."""
        place, self._size = self._size, self._size + padded(numbers)
        return place

    def _take_settings(self, numbers: tuple[float, ...]) -> int:
        place = self._take(len(numbers))
        self._settings[place] = numbers
        return place

    def network(self, loss: str, optimizer: str, batch_size: int, *, track_norms: bool) -> Network:
        self._take(len(COUNTERS) + len(KNOBS))
        header = self._place_weights(track_norms=track_norms)
        self._place_values()
        operations = self._operations(header["gradients"] - header["weights"])
        plan, trainable = self._plan, [weights for weights in self._plan.weights if weights.trainable]
        dropouts = [o for o in plan.operations if o.kind == "dropout"]
        header |= self._scratch() | {
            "batch_size": batch_size,
            "places": plan.input.places,
            "width": plan.input.width,
            "outputs": self._output.width,
            "loss": LOSSES.index(loss),
            "optimizer": OPTIMIZERS[optimizer],
            "track_norms": int(track_norms),
            "input": plan.input.place,
            "output": self._output.place,
            "output_error": self._output.error,
            "operations": len(operations),
            "tensors": len(trainable),
            "mask_size": sum(batch_size * o.value.places * o.value.width for o in dropouts),
        }
        if self._size > _MOST:
            need = f"the network needs {self._size * 4e-9:.1f} GB for one member"
            raise ValueError(f"{need}: choose smaller batches or layers.")
        tensors = [
            {
                "place": weights.place - header["weights"],
                "rows": weights.rows,
                "width": weights.shape[-1],
                "settings": weights.settings,
                "constraint": CONSTRAINTS.index(weights.constraint),
            }
            for weights in trainable
        ]
        records = [(NETWORK, header), *((OPERATION, o) for o in operations), *((TENSOR, t) for t in tensors)]
        return Network(
            records=np.array([record[name] for names, record in records for name in names], "int32"),
            header=header,
            block=self._size,
            settings=self._settings,
            weights=plan.weights,
            rates=[record["settings"] for record in operations if record["kind"] == KINDS.index("dropout")],
            loss=loss,
            evaluated_at_once=self._rows,
            words=min((o.kernel.rows for o in plan.operations if o.kind == "embedding"), default=None),
        )

    def _place_weights(self, *, track_norms: bool) -> dict[str, int]:
        trainable = [weights for weights in self._plan.weights if weights.trainable]
        size = sum(weights.size for weights in trainable)
        header = {
            "size": size,
            "weights": self._take(size),
            "gradients": self._take(size),
            "slots": self._take(2 * size),
        }
        header["before"] = self._take(size if track_norms else 0)
        at = header["weights"]
        for weights in trainable:
            weights.place, at = at, at + weights.size
            weights.settings = self._take_settings((*weights.penalties, weights.limit))
        for weights in self._plan.weights:
            if not weights.trainable:
                weights.place = self._take(weights.size)
        return header

    def _place_values(self) -> None:
        """Places every value and its error; an activation overwrites its input where nobody reads that again."""
        plan, rows = self._plan, self._rows
        plan.input.place = self._take(rows * plan.input.size)
        needed = {id(self._output)}  # values whose error somebody needs: something learns before them
        for operation in plan.operations:
            value, out = operation.value, operation.out
            if operation.learns or {id(value), id(operation.second)} & needed:
                needed.add(id(out))
            in_place = self._in_place(operation)
            out.place = value.place if in_place else self._take(rows * out.size)
            if id(out) in needed:
                out.error = value.error if in_place and value.error >= 0 else self._take(rows * out.size)

    def _in_place(self, operation: Operation) -> bool:
        value = operation.value
        alone = value.readers == 1 and value.maker not in {"input", "activation"} and value is not self._output
        return operation.kind == "activation" and ACTIVATIONS[operation.variant] in SLOPE_FROM_OUTPUT and alone

    def _operations(self, to_gradients: int) -> list[dict[str, int]]:
        """Fills in the records. Errors go backward: of all that read a value, the last writes its error, others add."""
        records = []
        written = {id(self._output)}  # by the loss
        for operation in reversed(self._plan.operations):
            value, second, out = operation.value, operation.second, operation.out
            record = dict.fromkeys(OPERATION, -1) | {
                "kind": KINDS.index(operation.kind),
                "variant": operation.variant,
                "frozen": int(operation.frozen),
                "input": value.place,
                "output": out.place,
                "input_error": value.error,
                "output_error": out.error,
                "adds": int(id(value) in written),
                "places": value.places,
                "width": value.width,
                "output_width": out.width,
                "settings": self._take_settings(operation.numbers),
                "kept": self._take(self._kept(operation)),
            }
            written.add(id(value))
            if second is not None:
                adds = int(id(second) in written)
                record |= {"second": second.place, "second_error": second.error, "second_adds": adds}
                written.add(id(second))
            if operation.moving:
                record["state"] = operation.moving[0].place
            record |= operation.fields
            for name, weights in (("kernel", operation.kernel), ("bias", operation.bias)):
                if weights is not None:
                    record[name] = weights.place
                    record[f"{name}_gradient"] = weights.place + to_gradients if weights.trainable else -1
            records.append(record)
        return records[::-1]

    def _kept(self, operation: Operation) -> int:
        """Counts the numbers that an operation keeps for its way back."""
        value, out, rows = operation.value, operation.out, self._rows
        match operation.kind:
            case "batch_normalization":
                group = operation.numbers[2]
                groups = -(-rows // group) if group else 1
                return groups * 2 * padded(value.width) + rows * value.size
            case "layer_normalization":
                return padded(rows * value.places) + rows * value.size
            case "convolution":
                return rows * out.places * padded(operation.kernel.rows)
            case "max_pooling":
                return rows * out.size
            case "dropout":
                return rows * value.places * value.width
        return 0

    def _scratch(self) -> dict[str, int]:
        products = [o for o in self._plan.operations if o.kind in {"dense", "convolution"}]
        terms = [max(o.kernel.rows, o.out.width, self._rows * o.out.places) for o in products]
        turned = [padded(o.kernel.rows) * padded(o.out.width) for o in products]
        widest = max(padded(v.width) for o in self._plan.operations for v in (o.value, o.out))
        return {
            "scratch": self._take(max(terms, default=0) * (_ROWS_AT_ONCE + _PANEL)),
            "transposed": self._take(max(turned, default=0)),
            "sums": self._take(8 * widest),  # four float64 for each column
        }
