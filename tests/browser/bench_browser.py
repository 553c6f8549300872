"""Measures how fast a lab answers in a real JupyterLab in a real Chromium (`make bench-browser`).

A key is pressed on the slider of the learning rate, 20 epochs on the digits are trained anew, and the time is taken by
the page's own clock: from the key until the finished picture is painted. JupyterLab and its kernel run on all cores
or, as on Binder, on one; the browser, which is elsewhere on Binder, is free. Presses are about as far apart as
those of a person who looks at each answer. What the first chapters need is told by bench_memory.py.

With `--short`, little of it is done: that shows that this file works, and not how fast a lab is.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import psutil

from tests.browser import bench_memory
from tests.browser.conftest import new_page, run_chromium, run_server
from tests.browser.lab_page import LabPage, LiveLab

SHORT = "--short" in sys.argv
PRESSES, WIDTHS, MOVES, MOVES_BEFORE, SEEDS = (4, 2, 6, 2, (8,)) if SHORT else (60, 20, 500, 60, (1, 8))
SERVERS = {"two cores": (), "one core": ("taskset", "--cpu-list", "0")}
if SHORT:
    del SERVERS["two cores"]

NOTEBOOK = """
from course_utils import datasets, models
from course_utils.lab import Lab, LearningCurves, int_slider, log_slider
from course_utils.training import Trainer
trainer = Trainer(models.mlp, datasets.digits(), engine="kernel")
lab = Lab(
    trainer,
    LearningCurves(),
    learning_rate=log_slider(0.001, 1, 0.1, step=0.02),
    width=int_slider(8, 128, 64),
    seeds=SEEDS,
)
lab
"""


def press_and_time(notebook: LabPage, lab: LiveLab, key: str) -> dict[str, float]:
    """Presses a key; returns the milliseconds until the first and the last picture, and what the last consists of."""
    notebook.watch()
    notebook.page.evaluate(
        """() => document.addEventListener("keydown", event => { window.pressed = event.timeStamp; },
            { once: true, capture: true })"""
    )
    before = lab.generation()
    notebook.page.keyboard.press(key)
    lab.wait_finished(before)
    notebook.page.wait_for_function("window.painted.some(event => event.state === 'finished')")
    pressed = notebook.page.evaluate("window.pressed")
    events = notebook.painted()
    last = next(event for event in events if event["state"] == "finished")
    total, spent = last["painted"] - pressed, last["spent"]
    parts = {part: spent[part] for part in ("run", "draw", "encode")}
    parts["paint"] = last["painted"] - last["received"]
    return {
        "first": next(event for event in events if "epochs" in event["words"])["painted"] - pressed,
        "total": total,
        "transport": total - sum(parts.values()),
        "frames a second": 1000 * len(events) / total,
        **parts,
    }


def quantile(values: list[float], share: float) -> float:
    """Takes the value below which that share lies."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def latency(notebook: LabPage, lab: LiveLab) -> dict[str, list[float]]:
    """Times many presses; returns the values of each part."""
    lab.handle("learning rate").focus()
    keys = ["ArrowLeft"] * (PRESSES // 2) + ["ArrowRight"] * (PRESSES // 2)
    for _ in range(5):
        press_and_time(notebook, lab, "ArrowLeft")
    times = [press_and_time(notebook, lab, key) for key in keys]
    return {part: [time[part] for time in times] for part in times[0]}


def first_pictures_of_new_shapes(notebook: LabPage, lab: LiveLab) -> list[float]:
    """Moves the width to values that were never trained; returns the milliseconds until the first picture of each."""
    lab.click("Reset")
    lab.handle("width").focus()
    return [press_and_time(notebook, lab, "ArrowRight")["first"] for _ in range(WIDTHS)]


def memory(notebook: LabPage) -> tuple[float, float]:
    """Measures the kernel's memory and the page's JavaScript heap, after a clean-up of both, in MB."""
    process = int(notebook.evaluate("(__import__('gc').collect(), __import__('os').getpid())[1]"))
    client = notebook.page.context.new_cdp_session(notebook.page)
    client.send("HeapProfiler.enable")
    client.send("HeapProfiler.collectGarbage")
    client.send("Performance.enable")
    metrics = {metric["name"]: metric["value"] for metric in client.send("Performance.getMetrics")["metrics"]}
    return psutil.Process(process).memory_info().rss / 1e6, metrics["JSHeapUsedSize"] / 1e6


def growth(notebook: LabPage, lab: LiveLab) -> tuple[tuple[float, float], tuple[float, float]]:
    """Moves a slider many times; returns the memory before and after."""
    handle = lab.handle("learning rate")

    def move(times: int) -> None:
        handle.focus()
        for number in range(times):
            before = lab.generation()
            handle.press("ArrowLeft" if number % 60 < 30 else "ArrowRight")
            lab.wait_finished(before)

    move(MOVES_BEFORE)
    before = memory(notebook)
    move(MOVES)
    return before, memory(notebook)


def open_lab(address: str, token: str, page: object, seeds: int) -> tuple[LabPage, LiveLab]:
    """Opens a notebook with one lab."""
    notebook = LabPage(page, address, token, "bench.ipynb")
    notebook.run_new_cell(NOTEBOOK.replace("SEEDS", str(seeds)))
    lab = notebook.lab(0)
    lab.wait_finished()
    notebook.evaluate("lab.wait()")
    return notebook, lab


def main() -> None:
    """Measures and prints."""
    import nbformat

    rows, shapes, grown = [], {}, None
    with run_chromium() as chromium:
        for cores, command in SERVERS.items():
            with tempfile.TemporaryDirectory() as folder, run_server(Path(folder), command) as server:
                empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("A lab.")])
                empty.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
                nbformat.write(empty, Path(folder) / "bench.ipynb")
                for seeds in SEEDS:
                    with new_page(chromium) as page:
                        notebook, lab = open_lab(server.address, server.token, page, seeds)
                        rows.append((cores, seeds, latency(notebook, lab)))
                        shapes[cores, seeds] = first_pictures_of_new_shapes(notebook, lab)
                        if grown is None:
                            grown = growth(notebook, lab)
                        notebook.shut_down()
        chapters = bench_memory.one_after_the_other(chromium, bench_memory.FIRST[: 1 if SHORT else None])
    _print(rows, shapes, grown)
    bench_memory.print_table(*chapters)


def _print(rows: list, shapes: dict[tuple[str, int], list[float]], grown: tuple) -> None:
    if SHORT:
        print("SHORT: little of it was done. These times do not tell how fast a lab is.\n")
    parts = ["transport", "run", "draw", "encode", "paint"]
    columns = ["median", "95 %", "first picture, 95 %", "first of a new width, median", "95 %"]
    print("| 20 epochs on digits, ms |", " | ".join([*columns, *parts]), "| frames/s |")
    print("|---" + "|---:" * (len(columns) + len(parts) + 1) + "|")
    for cores, seeds, times in rows:
        new = shapes[cores, seeds]
        values = [statistics.median(times["total"]), quantile(times["total"], 0.95), quantile(times["first"], 0.95)]
        values += [statistics.median(new), quantile(new, 0.95)]
        values += [statistics.median(times[part]) for part in [*parts, "frames a second"]]
        print(f"| {cores}, {seeds} seed{'s' * (seeds > 1)} |", " | ".join(f"{value:.0f}" for value in values), "|")
    print(
        "\nAims, on two cores: median ≤ 80 and 95 % ≤ 130 with one seed; median ≤ 250 with eight; a new width ≤ 100.\n"
    )
    for what, before, after in zip(("kernel", "page"), *grown):
        change = 100 * (after / before - 1)
        print(f"Memory of the {what} over {MOVES} moves: {before:.0f} → {after:.0f} MB, {change:+.1f} % (aim ≤ 2 %)")


if __name__ == "__main__":
    main()
