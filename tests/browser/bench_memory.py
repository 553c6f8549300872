"""Measures what the first chapters need, opened one after the other in one JupyterLab (part of `make bench-browser`).

The server and its kernels share one core, and nothing is closed, as by a learner on Binder who does not tidy up. Their
memory is added up: each process's own, and once the files that they share, since Linux keeps those once for all.
No limit is imposed. Where systemd runs, `systemd-run --user --scope -p MemoryMax=2G -p MemorySwapMax=0 make
bench-browser` does that; a kernel that had to make room then shows as not alive.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
from playwright.sync_api import Browser

from tests.browser import memory
from tests.browser.conftest import Server, new_page, run_server
from tests.browser.lab_page import LabPage

#: What Binder gives, in megabytes.
MACHINE = 2000

FIRST = ["00_start_here", "01_learning_rate", "03_mini_batch", "05_initialization"]


class Opened:
    """A chapter that is run when it is made, and stays open.

    Args:
        server: The running JupyterLab.
        page: Where to open it.
        path: The notebook, from the server's folder.
    """

    def __init__(self, server: Server, page: object, path: str) -> None:
        self.name = Path(path).stem
        self.notebook = LabPage(page, server.address, server.token, path)
        start = time.perf_counter()
        self.notebook.run_all()
        for number in range(self.notebook.labs.count()):
            self.notebook.lab(number).wait_finished()
        self.seconds = time.perf_counter() - start
        self.process = self.notebook.process()
        self.own, self.shared = memory.own(self.process), memory.shared(self.process)

    @property
    def alive(self) -> bool:
        """Whether its kernel is the one that it began with; JupyterLab starts another in place of one that died."""
        return psutil.pid_exists(self.process) and self.notebook.process() == self.process


def one_after_the_other(chromium: Browser, chapters: list[str]) -> tuple[list[Opened], float, list[bool]]:
    """Opens chapters and runs all their cells.

    Args:
        chromium: The browser.
        chapters: Names of their notebooks.

    Returns:
        The chapters; the megabytes that server and kernels then need together; and for each chapter whether it lives.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(run_server(Path(folder), ("taskset", "--cpu-list", "0")))
        copy = server.new_copy()
        opened = [Opened(server, stack.enter_context(new_page(chromium)), f"{copy}/{name}.ipynb") for name in chapters]
        alive = [chapter.alive for chapter in opened]
        kernels = [chapter.process for chapter, lives in zip(opened, alive) if lives]
        processes = {psutil.Process(kernel).ppid() for kernel in kernels} | set(kernels)
        together = sum(map(memory.own, processes)) + max(map(memory.shared, processes))
        for chapter in opened:
            chapter.notebook.shut_down()
    return opened, together, alive


def print_table(opened: list[Opened], together: float, alive: list[bool]) -> None:
    """Prints what `one_after_the_other` gives."""
    print("\n| opened one after the other, on one core | Run All, s | memory of its own, MB | of files, MB | alive |")
    print("|---|---:|---:|---:|---|")
    for chapter, lives in zip(opened, alive):
        numbers = f"{chapter.seconds:.1f} | {chapter.own:.0f} | {chapter.shared:.0f}"
        print(f"| {chapter.name} | {numbers} | {'yes' if lives else 'no'} |")
    print(f"\nTogether with the server, shared files once: {together:.0f} MB (aim ≤ {MACHINE}, and all alive);")
    print(f"aim for each kernel: ≤ {memory.KERNEL_LIMIT} MB of its own.")
