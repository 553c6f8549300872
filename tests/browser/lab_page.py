"""What a person does with a notebook in JupyterLab, as methods."""

import json
import re
from pathlib import Path

from playwright.sync_api import Locator, Page

#: Milliseconds that a whole chapter may take to run.
RUN_ALL = 240_000


#: The open labs of a kernel, in the order in which they were made.
OPEN_LABS = (
    "[w for w in __import__('ipywidgets').widgets.widget._instances.values() "
    "if 'course-lab' in getattr(w, '_dom_classes', ())]"
)

_AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"

_KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"


def barriers(root: Locator) -> list[tuple[str, str, list[str]]]:
    """What axe finds serious inside a part of the page: the rule, how serious, and the elements."""
    if not root.page.evaluate("'axe' in window"):
        root.page.evaluate(_AXE.read_text(encoding="utf-8"))
    violations, passes = root.evaluate(
        "root => axe.run(root).then(result => [result.violations, result.passes.length])"
    )
    assert passes > 5, "axe looked at nothing"
    return [
        (rule["id"], rule["impact"], [node["html"] for node in rule["nodes"]])
        for rule in violations
        if rule["impact"] in ("serious", "critical")
    ]


class LabPage:
    """A notebook opened in JupyterLab."""

    def __init__(self, page: Page, address: str, token: str, notebook: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        # The server keeps for each workspace which notebooks are open, and opens them again in a page that is reloaded.
        # JupyterLab takes letters, digits, - and _ for the name of one, and else never gets ready.
        workspace = re.sub(r"\W+", "-", notebook)
        page.goto(f"{address}/lab/workspaces/{workspace}/tree/{notebook}?token={token}&reset")
        self._wait_until_ready()

    def reload(self) -> None:
        """Loads the page again; the kernel lives on."""
        self.page.reload()
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        self.page.wait_for_function(
            f"""() => {{
                const panel = window.jupyterapp?.shell.currentWidget;
                return panel?.context?.isReady && panel.sessionContext.isReady && {_KERNEL} === "idle"
                    && panel.content.widgets.length > 0;
            }}""",
            timeout=60_000,
        )

    @property
    def labs(self) -> Locator:
        """Every lab that is alive."""
        return self.page.locator(".course-lab")

    def watch(self) -> None:
        """Begins to note everything that labs paint, for `painted`."""
        self.page.evaluate("""() => {
            window.painted = [];
            if (window.watching) return;
            window.watching = true;
            document.addEventListener("course-painted", event => window.painted.push(event.detail));
        }""")

    def painted(self) -> list[dict]:
        """What labs have painted since `watch`: message, state, words, generation, times in milliseconds."""
        return self.page.evaluate("window.painted")

    def save(self) -> None:
        """Saves the notebook."""
        self.command("docmanager:save")
        self.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")

    def run_new_cell(self, code: str, *, wait: bool = True) -> None:
        """Adds a cell at the end, and runs it.

        Args:
            code: What to run.
            wait: Whether to wait until it has run.
        """
        self.page.evaluate(
            """code => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                const cells = notebook.model.sharedModel;
                cells.insertCell(cells.cells.length, { cell_type: "code", source: code });
                notebook.activeCellIndex = cells.cells.length - 1;
            }""",
            code,
        )
        self.command("notebook:run-cell")
        if wait:
            self.wait_idle()

    def wait_idle(self) -> None:
        """Waits until the last cell has run and the kernel rests."""
        self.page.wait_for_function(
            f"""() => {{
                const last = window.jupyterapp.shell.currentWidget.content.widgets.at(-1).model;
                return last.executionCount !== null && last.executionState === "idle" && {_KERNEL} === "idle";
            }}"""
        )

    def output_of_last_cell(self) -> list[dict]:
        """The outputs of the last cell."""
        return self.page.evaluate(
            "window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells.at(-1).toJSON().outputs"
        )

    def kernel(self, action: str) -> None:
        """Has the kernel "interrupt" or "restart"."""
        self.page.evaluate(
            "action => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel[action]()", action
        )
        self._wait_until_ready()

    def run_all(self) -> None:
        """Runs all cells, as the menu does, and waits until the kernel rests."""
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(
            f"""() => window.jupyterapp.shell.currentWidget.content.widgets.every(cell =>
                cell.model.type !== "code" || cell.model.executionCount !== null) && {_KERNEL} === "idle" """,
            timeout=RUN_ALL,
        )

    def command(self, name: str) -> None:
        """Starts one of JupyterLab's commands."""
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name); }", name)

    def outputs(self, mime: str) -> list[str]:
        """Texts of the stored outputs of one kind: "error", "stderr", or a MIME type."""
        return self.page.evaluate(
            """kind => {
                const found = [];
                for (const cell of window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells) {
                    for (const output of cell.toJSON().outputs ?? []) {
                        if (output.output_type === kind || output.name === kind || output.data?.[kind])
                            found.push(JSON.stringify(output));
                    }
                }
                return found;
            }""",
            mime,
        )

    def lab(self, number: int) -> "LiveLab":
        """One of the labs, counted from 0, scrolled into view."""
        lab = self.labs.nth(number)
        lab.scroll_into_view_if_needed()
        return LiveLab(self.page, lab)

    def run_cell_of_lab(self, number: int) -> None:
        """Runs the cell that made a lab once more, and waits until its new lab is ready."""
        old = self.labs.nth(number).element_handle()
        self.run_cell(self.cell_of(self.labs.nth(number)))
        self.page.wait_for_function("lab => !lab.isConnected", arg=old, timeout=60_000)
        self.lab(number).wait_finished()

    def run_cell(self, cell: Locator) -> None:
        """Runs a cell."""
        cell.locator(".jp-InputArea-editor").click()
        self.command("notebook:run-cell")

    def cell_of(self, output: Locator) -> Locator:
        """The cell that has an output."""
        return output.locator("xpath=ancestor::*[contains(@class, 'jp-CodeCell')]").first

    def evaluate(self, expression: str) -> str:
        """Asks the notebook's kernel for the value of an expression; returns its repr."""
        return self.page.evaluate(
            """async expression => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const asked = kernel.requestExecute({
                    code: "", silent: false, store_history: false, user_expressions: { answer: expression },
                });
                const { answer } = (await asked.done).content.user_expressions;
                return answer.status === "ok" ? answer.data["text/plain"] : `${answer.ename}: ${answer.evalue}`;
            }""",
            expression,
        )

    def process(self) -> int:
        """The number of the kernel's process."""
        return int(self.evaluate("__import__('os').getpid()"))

    def close_tab(self) -> None:
        """Closes the notebook's tab with the mouse, as a person does, and waits until it is gone."""
        tab = self.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")
        tab.locator(".lm-TabBar-tabCloseIcon").click()
        self.page.wait_for_function("!document.querySelector('.jp-NotebookPanel')")

    def wait_quiet(self) -> None:
        """Waits until the kernel has worked off all that was sent, and every lab shows it.

        A page sends a slider's next value when the kernel has answered to the one before, so that the kernel must be
        asked again until nothing new has come.
        """
        answers: list[str] = []
        while len(answers) < 3 or len(set(answers[-3:])) > 1:
            answers.append(self.evaluate(f"[(lab.wait(), lab.generation)[1] for lab in {OPEN_LABS}]"))
        served = answers[-1]
        self.page.wait_for_function(
            """generations => {
                const lines = [...document.querySelectorAll(".course-lab .course-status")];
                return lines.every((line, index) => +line.dataset.generation >= generations[index]);
            }""",
            arg=json.loads(served),
        )

    def shut_down(self) -> None:
        """Ends the kernel, without saving."""
        self.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")


class LiveLab:
    """One lab on the page."""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page, self.root = page, root

    @property
    def _line(self) -> Locator:
        return self.root.locator(".course-status")

    def status(self) -> str:
        """The words of the status line."""
        return self._line.text_content()

    def generation(self) -> int:
        """Number of the request that the status line speaks of."""
        return int(self._line.get_attribute("data-generation"))

    def wait_finished(self, after: int = 0, timeout: float = 60_000) -> None:
        """Waits until a run later than `after` has finished, as the status line says."""
        self.page.wait_for_function(
            """([root, after]) => {
                const line = root.querySelector(".course-status");
                return +line.dataset.generation > after && /finished|failed/.test(line.dataset.state);
            }""",
            arg=[self.root.element_handle(), after],
            timeout=timeout,
        )

    def picture(self) -> str:
        """The picture that the page shows, byte for byte, in base64; empty if there is none."""
        return self.root.evaluate("""async root => {
            const image = root.querySelector("img");
            if (!(image.complete && image.naturalWidth > 0 && image.alt)) return "";
            const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
            return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
        }""")

    def sliders(self) -> Locator:
        """The handles of all sliders."""
        return self.root.locator(".noUi-handle")

    def handle(self, label: str) -> Locator:
        """The handle of the slider with this label."""
        box = self.root.locator(".widget-inline-hbox", has=self.page.get_by_text(label, exact=True))
        return box.locator(".noUi-handle")

    def wait_state(self, state: str, after: int = 0) -> None:
        """Waits until the status line is in a state, for a request later than `after`."""
        self.page.wait_for_function(
            """([root, state, after]) => {
                const line = root.querySelector(".course-status");
                return line.dataset.state === state && +line.dataset.generation > after;
            }""",
            arg=[self.root.element_handle(), state, after],
        )

    def drag(self, label: str, pixels: int) -> None:
        """Drags a slider by the mouse, in many small moves."""
        self.handle(label).hover()  # scrolls it into view
        box = self.handle(label).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for step in range(1, 21):
            self.page.mouse.move(x + pixels * step / 20, y)
        self.page.mouse.up()

    def choose(self, label: str, option: str) -> None:
        """Chooses from a list and waits for the run that follows."""
        before = self.generation()
        self.root.get_by_label(label, exact=True).select_option(option)
        self.wait_finished(before)

    def press(self, label: str, key: str, times: int = 1) -> None:
        """Moves a slider with the keyboard and waits for the run that follows."""
        handle = self.handle(label)
        handle.focus()
        for _ in range(times):
            before = self.generation()
            handle.press(key)
            self.wait_finished(before)

    def click(self, label: str) -> None:
        """Presses a button and waits for the run that follows."""
        before = self.generation()
        self.root.get_by_role("button", name=label).click()
        self.wait_finished(before)

    def barriers(self) -> list[tuple[str, str, list[str]]]:
        """What axe finds serious inside the lab: the rule, how serious, and the elements."""
        return barriers(self.root)
