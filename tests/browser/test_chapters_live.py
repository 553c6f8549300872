"""Real chapters in a real JupyterLab: run from top to bottom, with labs that obey keyboard and mouse."""

import time
from pathlib import Path

import pytest

from tests.browser import memory
from tests.browser.lab_page import barriers

CHAPTERS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_runs_and_every_lab_obeys_the_keyboard(open_notebook, chapter):
    notebook = open_notebook(chapter)
    notebook.run_all()
    assert notebook.outputs("error") == []
    assert notebook.outputs("stderr") == []
    assert notebook.errors == []
    labs, forms = notebook.labs.count(), notebook.page.locator(".course-guess")
    assert labs > 0
    assert labs + forms.count() == len(notebook.outputs("application/vnd.jupyter.widget-view+json"))
    for index in range(labs):
        notebook.lab(index).wait_finished()
    if memory.COUNTED:  # elsewhere than on Linux, nobody tells
        assert memory.own(notebook.process()) <= memory.KERNEL_LIMIT, "MB of the kernel's own"
    for index in range(forms.count()):
        assert barriers(forms.nth(index)) == [], f"guess {index}"
    for index in range(labs):
        lab = notebook.lab(index)
        before, status = lab.picture(), lab.status()
        slider = lab.sliders().first
        for _ in range(3):
            at_the_end = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
            generation = lab.generation()
            slider.press("ArrowLeft" if at_the_end else "ArrowRight")
            lab.wait_finished(generation)
        assert lab.picture() != before, f"lab {index}"
        assert lab.status() != status, f"lab {index}"
        assert "cannot" not in lab.status()
        assert lab.barriers() == [], f"lab {index}"


def test_a_saved_notebook_shows_the_picture_where_no_kernel_runs(open_notebook):
    notebook = open_notebook(CHAPTERS[0])
    image = notebook.page.locator(".jp-OutputArea-output img[alt^='Lab with the controls']")
    image.scroll_into_view_if_needed()
    assert image.evaluate("image => image.naturalWidth") > 1000
    assert notebook.labs.count() == 0


def test_a_closed_chapter_gives_its_memory_back(server, open_notebook):
    others = {kernel["id"] for kernel in server.kernels()}
    notebook = open_notebook(CHAPTERS[0])
    notebook.run_new_cell("1")
    (own,) = (kernel["id"] for kernel in server.kernels() if kernel["id"] not in others)
    notebook.save()
    notebook.close_tab()
    deadline = time.monotonic() + 30
    while own in (left := {kernel["id"] for kernel in server.kernels()}):
        assert time.monotonic() < deadline, "the kernel outlives its chapter"
        notebook.page.wait_for_timeout(100)
    assert left == others


def test_two_labs_are_dragged_in_turn(open_notebook):
    notebook = open_notebook("01_learning_rate.ipynb")
    notebook.run_all()
    labs = [notebook.lab(number) for number in (0, 1)]
    for lab in labs:
        lab.wait_finished()
    before = [lab.picture() for lab in labs]
    for number, pixels in [(0, 20), (1, -40), (0, 30), (1, -20)]:
        other = labs[1 - number].picture()
        generation = labs[number].generation()
        notebook.lab(number).drag("learning rate", pixels)
        labs[number].wait_finished(generation)
        notebook.wait_quiet()
        assert labs[1 - number].picture() == other
    after = [lab.picture() for lab in labs]
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert notebook.outputs("stderr") == []
    assert notebook.errors == []
