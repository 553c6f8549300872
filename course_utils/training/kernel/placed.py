"""What the two ways to run the kernel have in common: the functions, and arrays that it can reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

#: Arguments of each function of the kernel; all give an int.
SIGNATURES: dict[str, tuple[str, ...]] = {
    "train": ("pointer",) * 9 + ("int", "pointer"),
    "evaluate": ("pointer",) * 5 + ("int", "int", "pointer"),
    "function": ("int", "pointer", "pointer", "int"),
    "mask": ("int",) * 5 + ("float", "pointer"),
    "fields": ("int",),
}


class Unavailable(Exception):  # noqa: N818 - a state of affairs, which callers turn into a reason
    """Says why the kernel cannot run in some way here."""


@dataclass(frozen=True)
class Placed:
    """An array that the kernel can reach: its address there, and a view of it."""

    address: int
    view: np.ndarray

    def from_row(self, row: int) -> Placed:
        """The same array without its first rows."""
        return Placed(self.address + row * self.view.strides[0], self.view[row:])


class Machine(Protocol):
    """Runs the functions of the kernel, for one thread at a time."""

    name: str

    def place(self, arrays: Sequence[np.ndarray]) -> list[Placed]:
        """Makes arrays reachable, with their values. To be called once."""

    def call(self, function: str, *arguments: Placed | float | None) -> int:
        """Calls a function of the kernel; None is a null pointer."""
