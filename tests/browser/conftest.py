"""A real JupyterLab and a real Chromium for the tests of this folder."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.lab_page import LabPage, LiveLab

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def chromium():
    """The browser."""
    with run_chromium() as browser:
        yield browser


@contextmanager
def run_chromium() -> Iterator[Browser]:
    """Runs the browser; Debian's own, because Playwright's would have to be downloaded."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert path, "no Chromium on PATH: on Debian and Ubuntu, apt-get install chromium"
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    # A container's root has no sandbox to put the browser into.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*quiet, *sandbox])
        yield browser
        browser.close()


@dataclass(frozen=True)
class Server:
    """A running JupyterLab.

    Args:
        address: Where it answers.
        token: What lets a page in.
        folder: What it serves.
    """

    address: str
    token: str
    folder: Path

    @property
    def settings(self) -> Path:
        """The folder of the user's settings."""
        return self.folder / ".jupyter" / "settings"

    def kernels(self) -> list[dict]:
        """What the server says of every kernel that runs."""
        address = f"{self.address}/api/kernels?token={self.token}"
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - an address made above
            return json.load(answer)

    def new_copy(self) -> str:
        """Copies the notebooks into a folder of its own; returns its name.

        A page saves by itself every two minutes. If another page has the same file open, JupyterLab asks whose
        version shall stay, and nobody is there to answer.
        """
        copy = Path(tempfile.mkdtemp(prefix="course-", dir=self.folder))
        for notebook in (ROOT / "notebooks").glob("*.ipynb"):
            shutil.copy(notebook, copy)
        return copy.name


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory):
    """JupyterLab on a loopback port."""
    with run_server(tmp_path_factory.mktemp("course")) as server:
        yield server


@contextmanager
def run_server(folder: Path, command: Sequence[str] = ()) -> Iterator[Server]:
    """Runs JupyterLab.

    Args:
        folder: What to serve.
        command: What to start it with, such as `taskset`.

    Yields:
        The server.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    options = [f"--port={port}", "--ip=127.0.0.1", "--no-browser", f"--IdentityProvider.token={token}"]
    options += ["--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}", "--allow-root"]
    hidden = folder / ".jupyter"
    hidden.mkdir()
    log = hidden / "server.log"
    home = {f"JUPYTERLAB_{name.upper()}_DIR": str(hidden / name) for name in ("settings", "workspaces")}
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, sys.executable, "-m", "jupyterlab", *options], stdout=out, stderr=out, env=os.environ | home
        )
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/api?token={token}", process, log)
            yield Server(f"http://127.0.0.1:{port}", token, folder)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_up(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - an address made above
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"JupyterLab did not answer within a minute:\n{log.read_text()}")


@contextmanager
def new_page(chromium: Browser) -> Iterator[Page]:
    """Opens a page of the size of a small laptop's screen."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def page(chromium: Browser):
    """A fresh page."""
    with new_page(chromium) as page:
        yield page


@pytest.fixture
def open_notebook(server: Server, page: Page):
    """Opens a notebook in JupyterLab; its kernel ends with the test, and no other test sees what it saves."""
    opened = []
    copy = server.new_copy()

    def opener(name: str) -> LabPage:
        opened.append(LabPage(page, server.address, server.token, f"{copy}/{name}"))
        return opened[-1]

    yield opener
    for one in opened:
        one.shut_down()


@pytest.fixture(scope="module")
def lesson(server: Server, chromium: Browser):
    """The first chapter, run once for all tests of a file."""
    with new_page(chromium) as page:
        notebook = LabPage(page, server.address, server.token, f"{server.new_copy()}/00_start_here.ipynb")
        notebook.run_all()
        yield notebook
        notebook.shut_down()


@pytest.fixture
def lab(lesson: LabPage) -> LiveLab:
    """Its lab, as it is at the start."""
    lab = lesson.lab(0)
    lab.click("Reset")
    return lab
