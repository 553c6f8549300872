"""Takes the picture of a lab that README.md shows (`make screenshot`).

With `--short`, it is taken and thrown away.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat

from tests.browser.conftest import new_page, run_chromium, run_server
from tests.browser.lab_page import LabPage

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "data" / "lab.png"
MAX_BYTES = 300_000

#: The lab's cell in its chapter, and those that it needs before it.
CHAPTER, CELLS = "01_learning_rate.ipynb", ("imports", "digits", "network-sweep", "lab-regimes")


def take(picture: Path, folder: Path) -> None:
    """Takes the picture.

    Args:
        picture: Where to keep it.
        folder: An empty folder for JupyterLab.
    """
    chapter = nbformat.read(ROOT / "notebooks" / CHAPTER, as_version=4)
    chapter.cells = [cell for cell in chapter.cells if cell.id in CELLS]
    # The trainer is made in the first line of a cell that goes on to train a hundred networks.
    sweep = next(cell for cell in chapter.cells if cell.id == "network-sweep")
    sweep.source = sweep.source.splitlines()[0]
    nbformat.write(chapter, folder / CHAPTER)
    with run_server(folder) as server, run_chromium() as chromium, new_page(chromium) as page:
        notebook = LabPage(page, server.address, server.token, CHAPTER)
        notebook.run_all()
        lab = notebook.lab(0)
        lab.wait_finished()
        lab.root.get_by_role("button", name="Keep as ghost").click()
        lab.press("learning rate", "ArrowLeft", times=9)
        lab.root.screenshot(path=picture)
        notebook.shut_down()


def main() -> int:
    """Takes the picture; gives the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / PICTURE.name if "--short" in sys.argv else PICTURE
        (served := Path(folder) / "served").mkdir()
        take(place, served)
        size = place.stat().st_size
    print(f"{PICTURE.name}: {size / 1000:.0f} kB (at most {MAX_BYTES / 1000:.0f})")
    return int(size > MAX_BYTES)


if __name__ == "__main__":
    sys.exit(main())
