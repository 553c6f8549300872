"""Real chapters in a real JupyterLab: run from top to bottom, with labs that obey keyboard and mouse."""

import re
from pathlib import Path

import pytest

CHAPTERS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_runs_and_every_lab_obeys_the_keyboard(open_notebook, chapter):
    notebook = open_notebook(chapter)
    notebook.run_all()
    assert notebook.outputs("error") == []
    assert notebook.outputs("stderr") == []
    assert notebook.errors == []
    number = notebook.outputs("application/vnd.jupyter.widget-view+json")
    assert notebook.labs.count() == len(number) > 0
    for index in range(len(number)):
        lab = notebook.lab(index)
        lab.wait_finished()
        before, status = lab.picture(), lab.status()
        slider = lab.sliders().first
        key = (
            "ArrowLeft"
            if slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
            else "ArrowRight"
        )
        for _ in range(3):
            generation = lab.generation()
            slider.press(key)
            lab.wait_finished(generation)
        assert lab.picture() != before, f"lab {index}"
        assert lab.status() != status, f"lab {index}"
        assert "cannot" not in lab.status()


@pytest.fixture
def lab(open_notebook):
    """The lab of the first chapter, alive."""
    notebook = open_notebook(CHAPTERS[0])
    notebook.run_all()
    lab = notebook.lab(0)
    lab.wait_finished()
    lab.notebook = notebook
    return lab


def test_a_lab_through_a_lesson(lab):
    """Dragged by mouse, stopped, kept, reset, set by a preset, shown as code, and made anew by running its cell."""
    start, picture = lab.status(), lab.picture()

    lab.handle("learning rate").hover()  # scrolls it into view
    handle = lab.handle("learning rate").bounding_box()
    middle = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    lab.page.mouse.move(*middle)
    lab.page.mouse.down()
    for step in range(1, 21):
        lab.page.mouse.move(middle[0] - 3 * step, middle[1])
    lab.page.mouse.up()
    lab.wait_settled(lab.notebook)
    slow = lab.picture()
    assert slow != picture
    assert _accuracy(lab.status()) < _accuracy(start)

    lab.root.get_by_role("button", name="Keep as ghost").click()
    lab.click("good")
    assert _without_time(lab.status()) == _without_time(start)
    assert lab.picture() != picture, "the ghost is missing"

    lab.click("Reset")
    assert _without_time(lab.status()) == _without_time(start)
    assert lab.picture() == picture

    lab.root.get_by_text("Show the code").click()
    assert "trainer.run(learning_rate=0.1, batch_size=32" in lab.root.locator("pre").inner_text()

    assert lab.notebook.labs.count() == 1
    for _ in range(3):
        lab.notebook.run_cell_of_lab(0)
    assert lab.notebook.labs.count() == 1
    threads = "[t.name for t in __import__('threading').enumerate()].count('course-lab')"
    assert lab.notebook.evaluate(threads) == "1"


def test_the_status_equals_what_the_trainer_gives(lab):
    lab.press("learning rate", "ArrowLeft", times=7)
    code = "lab.code.replace('trainer.run(', 'trainer.run(progress=False, ')"
    assert lab.notebook.evaluate(f"eval({code}).summary()") == repr(_without_time(lab.status()))


def test_a_saved_notebook_shows_the_picture_where_no_kernel_runs(open_notebook):
    notebook = open_notebook(CHAPTERS[0])
    image = notebook.page.locator(".jp-OutputArea-output img[alt^='Lab with the controls']")
    image.scroll_into_view_if_needed()
    assert image.evaluate("image => image.naturalWidth") > 1000
    assert notebook.labs.count() == 0


def test_a_notebook_saved_by_a_learner_shows_the_picture_when_opened_again(lab, open_notebook):
    """The widget's model is gone with the kernel; the picture stays."""
    lab.notebook.command("docmanager:save")
    lab.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    lab.notebook.shut_down()
    again = open_notebook(CHAPTERS[0])
    image = again.page.locator(".jp-OutputArea-output img[alt^='Lab with the controls']")
    image.scroll_into_view_if_needed()
    assert image.evaluate("image => image.naturalWidth") > 1000
    assert again.page.get_by_text("Error displaying widget").count() == 0


def test_the_course_brings_its_jupyterlab_setting(lab):
    """Widget messages on a thread of their own make a plotting cell that runs meanwhile lose its figure."""
    setting = lab.page.evaluate(
        """async () => (await window.jupyterapp.serviceManager.settings.fetch(
            "@jupyterlab/apputils-extension:kernels-settings")).settings?.commsOverSubshells
            ?? (await window.jupyterapp.serviceManager.settings.fetch(
            "@jupyterlab/apputils-extension:kernels-settings")).schema.properties.commsOverSubshells.default"""
    )
    assert setting == "disabled"


def _without_time(status):
    return re.sub(r" · [\d.]+ m?s$", "", status)


def _accuracy(status):
    return float(re.search(r"accuracy ([\d.]+)", status)[1])
