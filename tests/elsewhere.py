"""Processes that train for a search: a Dask cluster on loopback, and a trainer that tells when it is at work."""

import asyncio
import logging
import multiprocessing
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from multiprocessing.connection import Client, Listener

from tests.formula import Formula

#: Seconds after which a process that is paused goes on unasked, so that a test fails and does not hang.
PATIENCE = 60

#: No page about the cluster, and the server that would show it at a free port.
_QUIET = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}


def context():
    """Starts processes from one that has loaded what all of them need."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["distributed", "tests.formula"])
    return found


class Telling(Formula):
    """Notes in a file what is trained; tells which process trains a certain setting, and waits there to go on."""

    def __init__(self, address, at, noted=None, epochs=9):
        super().__init__(epochs)
        self.address, self.at, self.noted = address, at, noted

    def run(self, *, settings, **options):
        if self.noted:
            with self.noted.open("a", encoding="utf-8") as file:
                file.write("".join(f"{setting['learning_rate']!r}\n" for setting in settings))
        if self.at in settings:
            with Client(self.address) as connection:
                connection.send(multiprocessing.current_process().pid)
                connection.poll(PATIENCE)
        return super().run(settings=settings, **options)


def trained(found, noted):
    """How many times each trial of a search was trained, by what `Telling` noted; what was cut off counts, too."""
    times = Counter(map(float, noted.read_text(encoding="utf-8").split()))
    return [times[trial.params["learning_rate"]] for trial in found.study.trials]


@contextmanager
def told(act):
    """Gives an address for `Telling`; calls `act` with the process that tells first, and lets later ones go on."""
    with Listener(("127.0.0.1", 0)) as listener:

        def listen():
            with suppress(OSError, EOFError):  # at the end of the test
                for number in range(99):
                    with listener.accept() as connection:
                        pid = connection.recv()
                        if number == 0:
                            act(pid)

        threading.Thread(target=listen, daemon=True).start()
        yield listener.address


@contextmanager
def cluster(workers=2, patience=2):
    """Runs a scheduler and workers; gives a client of theirs and the scheduler's process."""
    import distributed

    parts, folder = [], tempfile.TemporaryDirectory(prefix="course-dask-")

    def start(function, *arguments):
        ours, theirs = context().Pipe()
        parts.append(context().Process(target=function, args=(theirs, folder.name, *arguments), daemon=True))
        parts[-1].start()
        assert ours.poll(PATIENCE), "a part of the cluster did not start"
        return ours.recv()

    try:
        address = start(_scheduler)
        for _ in range(workers):
            start(_worker, address)
        with distributed.Client(address, timeout=patience, set_as_default=False) as client:
            yield client, parts[0]
    finally:
        for part in parts:
            part.kill()
            part.join()
        folder.cleanup()


def _scheduler(connection, folder):
    from distributed import Scheduler

    asyncio.run(_serve(connection, folder, lambda: Scheduler(host="127.0.0.1", port=0, **_QUIET)))


def _worker(connection, folder, address):
    from distributed import Worker

    asyncio.run(_serve(connection, folder, lambda: Worker(address, nthreads=1, host="127.0.0.1", **_QUIET)))


async def _serve(connection, folder, make):
    import dask

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    dask.config.set({"temporary-directory": folder})
    async with make() as part:
        connection.send(part.address)
        await part.finished()
