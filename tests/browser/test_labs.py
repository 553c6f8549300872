"""One lab in a real JupyterLab, through everything that learners and their notebooks do to it."""

import json
import re

import pytest

THREADS = "sorted(t.name for t in __import__('threading').enumerate() if t.name.startswith('course-lab'))"
COMMS = "len(get_ipython().kernel.comm_manager.comms)"
SAVED_PICTURE = ".jp-OutputArea-output img[alt^='Lab with the controls']"
KERNELS = "@jupyterlab/apputils-extension/kernels-settings.jupyterlab-settings"


def without_time(status):
    return re.sub(r" · [\d.]+ m?s$", "", status)


def trained_by_the_trainer(lesson):
    """The words of a run with the setting that the lab now has, made in the kernel without the lab."""
    return lesson.evaluate("eval(lab.code.replace('run(', 'run(progress=False, ')).summary()").strip("'")


@pytest.fixture
def long_training(lesson, lab):  # noqa: ARG001 - a lab that is put back first, while that still ends
    """Runs of the lab that go on until they are stopped."""
    lesson.evaluate("lab._fixed.update(epochs=100_000)")
    yield
    lesson.evaluate("lab._fixed.update(epochs=20)")


def start(lab):
    """Moves the learning rate, and waits until the run that follows has drawn something."""
    before = lab.generation()
    lab.handle("learning rate").press("ArrowLeft")
    lab.wait_state("training", before)


def test_the_keyboard_moves_a_slider_and_the_status_is_the_trainers(lesson, lab):
    picture = lab.picture()
    lab.press("learning rate", "ArrowLeft", times=7)
    assert lab.picture() != picture
    assert without_time(lab.status()) == trained_by_the_trainer(lesson)


def test_a_drag_by_mouse(lesson, lab):
    status, picture = lab.status(), lab.picture()
    lab.drag("learning rate", -60)
    lesson.wait_quiet()
    assert lab.picture() != picture
    assert without_time(lab.status()) != without_time(status)
    assert without_time(lab.status()) == trained_by_the_trainer(lesson)


def test_200_moves_in_5_seconds_end_at_the_last_value(lesson, lab):
    lesson.watch()
    handle = lab.handle("learning rate")
    handle.focus()
    began = lab.page.evaluate("performance.now()")
    for key in ["ArrowLeft"] * 12 + ["ArrowRight", "ArrowLeft"] * 94:
        lab.page.keyboard.press(key)
    assert lab.page.evaluate("performance.now()") - began < 5000, "the moves came too slowly to be a test"
    lesson.wait_quiet()
    assert float(handle.get_attribute("aria-valuetext")) == pytest.approx(10**-2.2, rel=0.02)
    assert without_time(lab.status()) == trained_by_the_trainer(lesson)
    messages = [event["message"] for event in lesson.painted()]
    assert messages == sorted(messages), "an older picture came after a newer one"
    generations = {event["generation"] for event in lesson.painted()}
    assert 1 < len(generations) < 200, "something was shown on the way, and not everything"


def test_a_run_shows_its_first_epochs_over_the_run_before(lesson, lab):
    lesson.evaluate("lab._fixed.update(epochs=100)")  # twenty are over before a second picture is due
    lesson.watch()
    lab.choose("batch size", "8")
    lesson.evaluate("lab._fixed.update(epochs=20)")
    assert [event["state"] for event in lesson.painted()].count("training") >= 2


@pytest.mark.usefixtures("long_training")
def test_stop_ends_a_run_and_keeps_what_was_trained(lesson, lab):
    start(lab)
    lab.root.get_by_role("button", name="Stop").click()
    lab.wait_state("stopped")
    done, total = map(int, re.match(r"stopped · (\d+) of (\d+) epochs", lab.status()).groups())
    assert 0 < done < total == 100_000
    lesson.evaluate("lab._fixed.update(epochs=20)")
    lab.press("learning rate", "ArrowRight")
    assert lab.status().startswith("20 of 20 epochs")


@pytest.mark.usefixtures("long_training")
def test_an_interrupted_kernel_and_its_lab_live_on(lesson, lab):
    start(lab)
    lesson.kernel("interrupt")
    lesson.evaluate("lab._fixed.update(epochs=20)")
    lab.press("learning rate", "ArrowRight")
    assert without_time(lab.status()) == trained_by_the_trainer(lesson)
    assert json.loads(lesson.evaluate(THREADS).replace("'", '"')) == ["course-lab"]


def test_ghost_presets_and_reset(lesson, lab):
    status, picture = without_time(lab.status()), lab.picture()
    lab.click("bad")
    assert lab.picture() != picture
    assert without_time(lab.status()) == trained_by_the_trainer(lesson)
    lab.click("Keep as ghost")
    lab.click("good")
    assert without_time(lab.status()) == status
    assert lab.picture() != picture, "the ghost is missing"
    lab.click("Reset")
    assert without_time(lab.status()) == status
    assert lab.picture() == picture


def test_the_code_shown_gives_the_same_numbers_in_a_new_cell(lesson, lab):
    lab.press("learning rate", "ArrowLeft", times=4)
    lab.root.get_by_text("Show the code").click()
    lesson.run_new_cell(lab.root.locator("pre").inner_text())
    (output,) = lesson.output_of_last_cell()
    assert without_time(lab.status()) in output["data"]["text/plain"]


def test_runs_tried_are_listed(lesson, lab):
    lab.press("learning rate", "ArrowLeft", times=2)
    lesson.wait_quiet()
    lab.root.get_by_text("Runs tried").click()
    rows = lab.root.locator(".course-tried tbody tr")
    assert rows.count() >= 3
    assert rows.first.inner_text().split()[0] == lab.handle("learning rate").get_attribute("aria-valuetext")


def test_no_choice_waits_for_a_compiler(lesson, lab):
    for label, option in [("batch size", "128"), ("width", "8"), ("depth", "4")]:
        lesson.watch()
        lab.choose(label, option)
        assert not [event for event in lesson.painted() if "getting ready" in event["words"]], option
        lab.click("Reset")


def test_while_xla_compiles_a_new_shape_the_old_curve_stays_and_the_status_says_so(lesson, lab):
    picture = lab.picture()
    before = lab.generation()
    lesson.watch()
    lesson.evaluate("setattr(lab._experiment, '_wanted', 'xla')")
    lab.handle("learning rate").press("ArrowLeft")
    lab.wait_state("training", before)
    assert lab.status().startswith("getting ready")
    assert lab.picture() == picture
    lab.wait_finished(before)
    assert lab.picture() != picture
    lesson.evaluate("setattr(lab._experiment, '_wanted', 'auto')")


@pytest.mark.usefixtures("lab")
def test_a_cell_that_runs_ten_times_leaves_one_lab(lesson):
    lesson.run_cell_of_lab(0)
    threads, comms = lesson.evaluate(THREADS), lesson.evaluate(COMMS)
    for _ in range(10):
        lesson.run_cell_of_lab(0)
    assert lesson.labs.count() == 1
    assert lesson.evaluate(THREADS) == threads == "['course-lab']"
    assert lesson.evaluate(COMMS) == comms


FIGURE = """
import time
import matplotlib.pyplot as plt
from course_utils.lab import worker

figure, ax = plt.subplots(figsize=(3, 2))
ax.plot([1, 2, 3])

def asked():
    return sum(one.generation for one in worker._open)

before, end = asked(), time.monotonic() + {seconds}
print("drawn")
while time.monotonic() < end and asked() < before + 5:
    time.sleep(0.01)
print("moved meanwhile:", asked() > before)
"""


def run_a_plotting_cell_while_a_slider_moves(notebook, lab, seconds):
    """Moves a slider after a figure was made and before its cell ends; returns what the cell prints."""
    notebook.run_new_cell(FIGURE.format(seconds=seconds), wait=False)
    notebook.page.get_by_text("drawn", exact=True).wait_for()
    handle = lab.handle("learning rate")
    handle.focus()
    for key in ["ArrowLeft"] * 6 + ["ArrowRight"] * 4:
        lab.page.keyboard.press(key)
    notebook.wait_idle()
    outputs = notebook.output_of_last_cell()
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 1, "the cell has lost its figure"
    notebook.wait_quiet()
    assert without_time(lab.status()) == trained_by_the_trainer(notebook)
    return "".join("".join(output.get("text", "")) for output in outputs)


def test_a_plotting_cell_keeps_its_figure(lesson, lab):
    assert "moved meanwhile: False" in run_a_plotting_cell_while_a_slider_moves(lesson, lab, seconds=2)


#: ipykernel serves messages to a widget in the thread that made it since 7.4. This takes that away.
AS_BEFORE_7_4 = "from ipykernel.comm.comm import BaseComm\ndel BaseComm._reply_subshell_for"


@pytest.mark.parametrize(("code", "meanwhile"), [("pass", False), (AS_BEFORE_7_4, True)], ids=["newest", "before 7.4"])
def test_a_plotting_cell_keeps_its_figure_at_jupyterlabs_default(server, open_notebook, code, meanwhile):
    """Widget messages may then come on a thread of their own, in the midst of the cell."""
    setting = server.settings / KERNELS
    setting.parent.mkdir(parents=True, exist_ok=True)
    setting.write_text(json.dumps({"commsOverSubshells": "perCommTarget"}))
    try:
        notebook = open_notebook("00_start_here.ipynb")
        notebook.run_all()
        notebook.run_new_cell(code)
        printed = run_a_plotting_cell_while_a_slider_moves(notebook, notebook.lab(0), seconds=20 if meanwhile else 2)
        assert f"moved meanwhile: {meanwhile}" in printed
    finally:
        setting.unlink()


def test_the_course_brings_its_jupyterlab_setting(lesson):
    setting = lesson.page.evaluate(
        """async () => {
            const found = await window.jupyterapp.serviceManager.settings.fetch(
                "@jupyterlab/apputils-extension:kernels-settings");
            return found.settings?.commsOverSubshells ?? found.schema.properties.commsOverSubshells.default;
        }"""
    )
    assert setting == "disabled"


def saved_picture_is_shown(notebook):
    image = notebook.page.locator(SAVED_PICTURE)
    image.scroll_into_view_if_needed()
    assert image.evaluate("image => image.naturalWidth") > 1000
    assert notebook.page.get_by_text("Error displaying widget").count() == 0
    assert notebook.page.get_by_text("model not found").count() == 0
    return image


def test_a_page_loaded_again_has_the_picture_and_its_cell_brings_the_lab_back(open_notebook):
    notebook = open_notebook("00_start_here.ipynb")
    notebook.run_all()
    notebook.lab(0).wait_finished()
    notebook.save()
    notebook.reload()
    image = saved_picture_is_shown(notebook)
    notebook.run_cell(notebook.cell_of(image))
    lab = notebook.lab(0)
    lab.wait_finished()
    lab.press("learning rate", "ArrowLeft", times=3)
    assert notebook.labs.count() == 1
    assert notebook.evaluate(THREADS) == "['course-lab']"
    assert notebook.outputs("error") == []


def test_a_restarted_kernel_runs_everything_again(open_notebook):
    notebook = open_notebook("00_start_here.ipynb")
    notebook.run_all()
    notebook.kernel("restart")
    assert notebook.evaluate(THREADS) == "[]"
    notebook.run_all()
    lab = notebook.lab(0)
    lab.wait_finished()
    lab.press("learning rate", "ArrowLeft", times=3)
    assert notebook.labs.count() == 1
    assert notebook.outputs("error") == []
    assert notebook.outputs("stderr") == []


def test_a_notebook_saved_by_a_learner_shows_the_picture_when_opened_again(open_notebook):
    """The widget's model is gone with the kernel; the picture stays."""
    notebook = open_notebook("00_start_here.ipynb")
    notebook.run_all()
    notebook.lab(0).wait_finished()
    notebook.save()
    notebook.shut_down()
    saved_picture_is_shown(open_notebook("00_start_here.ipynb"))
