"""Guesses in a real JupyterLab: entered with keys and mouse, kept over a restart, and shown beside what came out."""

import json

import nbformat
import pytest

from tests.browser.lab_page import LabPage, barriers

CELLS = {
    "imports": "import numpy as np\n\nfrom course_utils import guess",
    "asks-choice": 'guess.choice("loss", "What will the loss do?", ["falls", "stays", "explodes"])',
    "answers-choice": 'guess.answer("loss", "explodes", "The rate was above the limit.")',
    "asks-number": 'guess.number("limit", "How large is the limit?", 0.001, 10, scale="log")',
    "answers-number": 'guess.answer("limit", [0.2, 0.25, 0.3], "Two over the curvature.")',
    "asks-curve": """guess.curve(
    "valley", "How does the loss depend on the rate?", (0.001, 1), (0, 2), xlabel="rate", ylabel="loss",
    xscale="log", points=4,
)""",
    "answers-curve": 'guess.answer("valley", (np.array([0.001, 0.1, 1]), np.array([2, 0.5, 2])), "A valley.")',
    "page": "guess.calibration()",
}
ANSWERS = [name for name in CELLS if name.startswith("answers")]


class GuessPage(LabPage):
    """A notebook that asks."""

    def cell(self, name):
        """A cell, scrolled into view."""
        cell = self.page.locator(".jp-Notebook .jp-Cell").nth(list(CELLS).index(name))
        cell.scroll_into_view_if_needed()
        return cell

    def run(self, *names):
        """Runs cells, each as one does with Shift and Enter, and waits for them."""
        for name in names:
            self.page.evaluate(
                "index => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = index; }",
                list(CELLS).index(name),
            )
            self.command("notebook:run-cell")
            self.page.wait_for_function(
                """index => {
                    const { model } = window.jupyterapp.shell.currentWidget.content.widgets[index];
                    return model.executionCount !== null && model.executionState === "idle";
                }""",
                arg=list(CELLS).index(name),
            )

    def status(self, name, words):
        """Waits until the status line of a cell says something."""
        self.cell(name).locator(".course-guess-status", has_text=words).wait_for()

    def folded(self, name):
        """Whether what a cell shows is folded on the page."""
        return self.page.evaluate(
            "index => window.jupyterapp.shell.currentWidget.content.widgets[index].outputHidden",
            list(CELLS).index(name),
        )


@pytest.fixture
def notebook(server, page):
    folder = server.new_copy()
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    for cell in cells:
        if cell.id in ANSWERS:
            cell.metadata["jupyter"] = {"outputs_hidden": True}
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="run to see\ngiven away")]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), server.folder / folder / "guess.ipynb")
    notebook = GuessPage(page, server.address, server.token, f"{folder}/guess.ipynb")
    notebook.kept = server.folder / folder / "guesses"
    yield notebook
    notebook.shut_down()


def test_a_choice_by_keyboard_is_bound_when_its_answer_is_run(notebook):
    assert notebook.folded("answers-choice")
    assert "run to see" in notebook.cell("answers-choice").inner_text()
    assert "given away" not in notebook.cell("answers-choice").inner_text()
    notebook.run("imports", "asks-choice")
    cell, keys = notebook.cell("asks-choice"), notebook.page.keyboard
    cell.get_by_role("radio", name="falls").focus()
    for key in ("ArrowDown", "ArrowDown", "Tab"):  # to the last option, and on to how sure
        keys.press(key)
    cell.get_by_label("How sure are you?").select_option("90 %")
    keys.press("Tab")
    keys.press("Enter")
    notebook.status("asks-choice", "Your guess: explodes, 90 % sure.")
    assert json.loads((notebook.kept / "loss.json").read_text())["guess"] == "explodes"
    notebook.run("answers-choice")
    assert not notebook.folded("answers-choice")
    answer = notebook.cell("answers-choice")
    answer.get_by_text("What came out").wait_for()
    assert "Your guess\nexplodes, 90 % sure" in answer.inner_text().replace("\n\n", "\n")
    assert "Right. The rate was above the limit." in answer.inner_text()
    assert answer.get_by_role("radio").count() == 0
    notebook.status("asks-choice", "It stays, since you have seen the result.")
    assert cell.get_by_role("radio", name="falls").is_disabled()
    assert notebook.errors == []


def test_letters_typed_into_a_form_are_no_commands_of_the_notebook(notebook):
    notebook.run("imports", "asks-choice")
    notebook.cell("asks-choice").get_by_role("radio", name="falls").focus()
    for key in ("a", "b", "d", "d", "x", "m"):
        notebook.page.keyboard.press(key)
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == len(CELLS)
    assert notebook.page.locator(".jp-Notebook .jp-CodeCell").count() == len(CELLS)


def test_a_guess_outlives_its_kernel(notebook):
    notebook.run("imports", "asks-number")
    cell = notebook.cell("asks-number")
    cell.get_by_label("Your guess").fill("nonsense")
    cell.get_by_label("Your guess").press("Enter")
    notebook.status("asks-number", "Not kept: guess='nonsense' cannot be used: choose a number from 0.001 to 10.")
    for label, text in [("Your guess", "0.5"), ("90 % sure", "0.2"), ("and", "0.8")]:
        cell.get_by_label(label).fill(text)
    cell.get_by_role("button", name="Keep my guess").click()
    notebook.status("asks-number", "Your guess: 0.5, 90 % sure between 0.2 and 0.8.")
    notebook.save()
    notebook.kernel("restart")
    notebook.run("imports", "asks-number")
    notebook.status("asks-number", "Your guess: 0.5, 90 % sure between 0.2 and 0.8.")
    assert notebook.cell("asks-number").get_by_label("Your guess").input_value() == "0.5"
    notebook.run("answers-number", "page")
    words = notebook.cell("answers-number").inner_text()
    assert "0.25 (seeds from 0.2 to 0.3)" in words
    assert "Too large by a factor of 2. It lies inside your range." in words
    assert "0.5, 90 % sure between 0.2 and 0.8" in notebook.cell("page").locator("td").nth(1).inner_text()


def test_run_all_without_guesses_shows_results_and_asks_afterwards(notebook):
    notebook.run_all()
    assert notebook.outputs("error") == notebook.outputs("stderr") == []
    cell = notebook.cell("answers-choice")
    assert "You made no guess" in cell.inner_text()
    assert "explodes" in cell.locator(".course-guess-answer").inner_text()
    cell.get_by_role("radio", name="stays").press("Space")
    cell.get_by_role("button", name="Keep my guess").click()
    notebook.status("answers-choice", "Your guess: stays (made after seeing the result).")
    assert "stays (made after seeing the result)" in cell.locator(".course-guess-answer").inner_text()
    assert "Something else came out." in cell.inner_text()
    notebook.kernel("restart")
    notebook.run_all()
    cell = notebook.cell("answers-choice")
    assert "stays (made after seeing the result)" in cell.locator(".course-guess-answer").inner_text()
    assert notebook.errors == []


def test_a_saved_notebook_shows_question_and_guess_where_no_kernel_runs(notebook):
    notebook.run("imports", "asks-choice")
    notebook.cell("asks-choice").get_by_role("radio", name="stays").press("Space")
    notebook.cell("asks-choice").get_by_role("button", name="Keep my guess").click()
    notebook.status("asks-choice", "Your guess: stays.")
    notebook.run("asks-choice", "answers-choice")
    notebook.save()
    notebook.reload()
    assert notebook.page.locator(".course-guess").count() == 0
    assert "Your guess: stays." in notebook.cell("asks-choice").inner_text()
    assert notebook.page.get_by_text("Error displaying widget").count() == 0
    assert not notebook.folded("answers-choice")
    assert "Something else came out." in notebook.cell("answers-choice").inner_text()


def test_a_curve_by_keyboard_and_by_mouse(notebook):
    notebook.run("imports", "asks-curve")
    cell, keys = notebook.cell("asks-curve"), notebook.page.keyboard
    points = cell.get_by_role("slider")
    cell.get_by_role("button", name="Keep my guess").click()
    notebook.status("asks-curve", "Not kept yet: draw the curve first.")
    points.first.focus()
    for key in ("End", "ArrowRight", "PageDown", "ArrowRight", "ArrowDown", "ArrowDown"):
        keys.press(key)
    assert [points.nth(index).get_attribute("aria-valuenow") for index in range(4)] == ["100", "40", "46", "50"]
    assert points.nth(1).get_attribute("aria-valuetext") == "0.8"
    first, last = (points.nth(index).bounding_box() for index in (0, 3))
    middle = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in (first, last)]
    notebook.page.mouse.move(*middle[0])
    notebook.page.mouse.down()
    notebook.page.mouse.move(*middle[1], steps=3)
    notebook.page.mouse.up()
    heights = [int(points.nth(index).get_attribute("aria-valuenow")) for index in range(4)]
    assert heights == pytest.approx([100, 83, 67, 50], abs=2)
    cell.get_by_role("button", name="Keep my guess").click()
    notebook.status("asks-curve", "Your guess: loss 2 at 0.001, lowest near 1")
    notebook.run("answers-curve")
    answer = notebook.cell("answers-curve")
    image = answer.locator("img")
    image.scroll_into_view_if_needed()
    assert image.evaluate("image => image.naturalWidth") > 1000
    with_guess = image.get_attribute("src")
    notebook.evaluate("guess.forget()")
    notebook.run("answers-curve")
    notebook.page.wait_for_function(
        "([cell, old]) => { const image = cell.querySelector('img'); return image && image.src !== old; }",
        arg=[answer.element_handle(), with_guess],
    )  # without the guess it is another picture


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious(notebook, theme):
    notebook.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    light = str(theme.endswith("Light")).lower()
    notebook.page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=light)
    notebook.run_all()
    notebook.page.wait_for_function("() => document.getAnimations().every(a => a.playState !== 'running')")
    for name in CELLS:
        if name not in {"imports", "page"}:
            assert barriers(notebook.cell(name).locator(".course-guess")) == [], name
