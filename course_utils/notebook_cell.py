"""Which notebook cell is running, so that a cell that runs again replaces the lab it made before."""

from __future__ import annotations

from typing import Any

#: For each cell: the number of its last run, and the open labs that this run made.
_labs: dict[str, tuple[int, list[Any]]] = {}


def replace_lab_of_this_cell(lab: Any) -> None:
    """Closes the labs that an earlier run of the running cell made, and remembers this one.

    Args:
        lab: Anything with `close()`. Outside a notebook nothing happens.
    """
    running = _running_cell()
    if running is None:
        return
    cell, run = running
    last_run, labs = _labs.get(cell, (run, []))
    if last_run != run:
        for old in labs:
            old.close()
        labs = []
    _labs[cell] = (run, [*labs, lab])


def _running_cell() -> tuple[str, int] | None:
    """Tells the running cell's identity and the number of its run; its text stands in where it has no id."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    metadata = shell.get_parent().get("metadata", {})
    cell = metadata.get("cellId") or shell.history_manager.input_hist_raw[-1]
    return cell, shell.execution_count
