"""What a member starts from, and what it is trained or measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from course_utils.training.kernel.plan import Network
from course_utils.training.kernel.records import WITH_LABELS


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

    def arrays(self, network: Network) -> list[np.ndarray]:
        """Gives what the kernel reads, where a missing array is empty: inputs, labels, targets, weights.

        Raises:
            ValueError: If they do not fit the network; the kernel itself trusts them.
        """
        rows, header, nothing = len(self.inputs), network.header, np.zeros(0, "float32")
        if self.inputs.size != rows * header["places"] * header["width"]:
            raise ValueError(f"inputs of shape {self.inputs.shape} do not fit a network of {header['places']} x "
                             f"{header['width']} numbers: choose others.")  # fmt: skip
        if network.words is not None and not 0 <= self.inputs.min() <= self.inputs.max() < network.words:
            raise ValueError(
                f"inputs from {self.inputs.min():g} to {self.inputs.max():g} do not fit an embedding of "
                f"{network.words} words: choose numbers from 0 to {network.words - 1}, or a larger input_dim."
            )
        if network.loss in WITH_LABELS:
            fitting = self.targets.shape == (rows,) and self.targets.min() >= 0
            fitting = fitting and self.targets.max() < header["outputs"]
            answers = np.ascontiguousarray(self.targets, "int32"), nothing
        else:
            fitting = self.targets.size == rows * header["outputs"]
            answers = nothing, np.ascontiguousarray(self.targets, "float32")
        if not fitting:
            raise ValueError(f"targets do not fit {rows} rows of {header['outputs']} outputs: choose others.")
        weights = nothing if self.weights is None else np.ascontiguousarray(self.weights, "float32")
        if weights.size not in {0, rows}:
            raise ValueError(f"weights of shape {self.weights.shape} do not fit {rows} rows: give one for each row.")
        views = [array.view() for array in (np.ascontiguousarray(self.inputs, "float32"), *answers, weights)]
        for view in views:
            view.flags.writeable = False  # the kernel only reads them, so they need no copy of their own
        return views
