"""What a lab must know of notebook cells: which made it, and how to leave the others alone."""

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


def leave_figures_to_cells(widget: Any) -> None:
    """Keeps messages to a widget from taking the figure of a cell that runs meanwhile.

    Where messages are served on threads of their own (JupyterLab's default, which the course's setting turns off, with
    ipykernel 7.0 to 7.3), each would trigger IPython's `post_execute`, at which Matplotlib shows and forgets the
    figures drawn so far.

    Args:
        widget: A widget that draws nothing with pyplot.

    Source: https://github.com/ipython/ipykernel/issues/1564
    """
    comm = widget.comm
    if hasattr(comm, "_msg_callback"):  # none without a kernel
        comm.handle_msg = comm._msg_callback  # noqa: SLF001 - the events are built into the public way


def _running_cell() -> tuple[str, int] | None:
    """Tells the running cell's identity and the number of its run; its text stands in where it has no id."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    metadata = shell.get_parent().get("metadata", {})
    cell = metadata.get("cellId") or shell.history_manager.input_hist_raw[-1]
    return cell, shell.execution_count
