"""Measures the engine against `model.fit`, side by side in one run, and prints a table (`make bench`).

Keras runs in a process of its own with TensorFlow's default settings; ours in another. Both are asked in turn, a
few rounds, each task again and again for half a second (at least once), and medians are compared. Work: digits,
1,408 training rows, batch 32, 20 epochs, 44 steps an epoch; the network is an MLP of 64 and 64 units unless said
otherwise. "A retrain" is what a changed learning rate costs: `compile` and `fit` with Keras, `run` with ours.

With `--short`, everything is done once, and little of it: that shows that this file works, not how fast anything is.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import bench_search

SHORT = "--short" in sys.argv
ROUNDS, SECONDS, EPOCHS = (1, 0, 2) if SHORT else (5, 0.5, 20)
SEEDS, RATES, MOVES = (2, 3, 2) if SHORT else (8, 64, 50)
ROWS = 44 * 32


def _data(*, images: bool = False) -> object:
    from dataclasses import replace

    from course_utils import datasets

    digits = datasets.digits(images=images)
    return replace(digits, x_train=digits.x_train[:ROWS], y_train=digits.y_train[:ROWS])


def keras_tasks() -> dict[str, Callable[[], object]]:
    """What Keras is asked to do."""
    import keras

    from course_utils import models

    def fit(build: Callable, data: object) -> Callable[[], object]:
        model = build(data.input_shape, 10)
        start = model.get_weights()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        def work() -> None:
            model.set_weights(start)
            model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
            validation = (data.x_validation, data.y_validation)
            model.fit(data.x_train, data.y_train, batch_size=32, epochs=EPOCHS, validation_data=validation, verbose=0)

        return work

    tuner = bench_search.tuner(_data(), EPOCHS)
    return {"mlp": fit(models.mlp, _data()), "cnn": fit(models.cnn, _data(images=True)), "search": tuner}


def our_tasks() -> dict[str, Callable[[], object]]:
    """What our trainer is asked to do."""
    import numpy as np

    from course_utils import models
    from course_utils.training import Trainer

    mlp, cnn = (Trainer(build, _data(images=build is models.cnn), epochs=EPOCHS) for build in (models.mlp, models.cnn))
    rates = [float(rate) for rate in np.geomspace(0.01, 0.5, RATES)]
    widths = iter(range(65, 999))
    return {
        "mlp": lambda: mlp.run(learning_rate=0.1, progress=False),
        "seeds": lambda: mlp.run(learning_rate=0.1, seeds=SEEDS, progress=False),
        "rates": lambda: mlp.run(learning_rate=rates, progress=False),
        "cnn": lambda: cnn.run(learning_rate=0.1, progress=False),
        "search": bench_search.ours(_data(), EPOCHS),
        "twice": bench_search.ours(_data(), EPOCHS, trials=2 * bench_search.TRIALS),
        "compile": lambda: mlp.run(learning_rate=0.1, width=next(widths), epochs=1, progress=False),
    }


def serve(tasks: dict[str, Callable[[], object]]) -> None:
    """Does what each line of standard input names, and answers with the seconds it took."""
    for line in sys.stdin:
        work = tasks[line.strip()]
        start = time.perf_counter()
        work()
        print(json.dumps(time.perf_counter() - start), flush=True)


class Process:
    """One side of the comparison, in a process of its own.

    Args:
        side: "keras", "ours", or "spread", which is ours over other processes.
        one_core: Whether to keep it to a single core.
    """

    def __init__(self, side: str, *, one_core: bool = False) -> None:
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
        if side == "keras":  # TensorFlow's default, which the package changes where nothing is set
            environment["TF_ENABLE_ONEDNN_OPTS"] = "1"
        self._process = subprocess.Popen(
            [sys.executable, __file__, side, "one core" if one_core else "all cores", *sys.argv[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def seconds(self, task: str) -> float:
        """Has a task done; returns how long it took."""
        self._process.stdin.write(task + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait()


KERNEL = """
import time; start = time.perf_counter()
from course_utils import datasets, models
from course_utils.lab import Lab, LearningCurves, log_slider
from course_utils.training import Trainer
trainer = Trainer(models.mlp, datasets.digits(), epochs=EPOCHS)
lab = Lab(trainer, LearningCurves(), learning_rate=log_slider(1e-4, 10, 0.1), seeds=8)
lab.wait(); first = time.perf_counter() - start
import numpy as np
for rate in np.geomspace(0.001, 1, MOVES):
    lab.set(learning_rate=rate); lab.wait()
import json, resource
print(json.dumps([first, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6]))
"""


def kernel_with_a_lab() -> tuple[float, float]:
    """Opens a lab in a fresh Jupyter kernel and moves its slider.

    Returns:
        Seconds from the first import to the first picture, and the kernel's peak memory in GB.
    """
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(extra_arguments=["--log-level=ERROR"])
    printed = []
    code = KERNEL.replace("EPOCHS", str(EPOCHS)).replace("MOVES", str(MOVES))
    client.execute_interactive(code, timeout=300, output_hook=lambda message: printed.append(message["content"]))
    manager.shutdown_kernel()
    (text,) = [content["text"] for content in printed if content.get("name") == "stdout"]
    return tuple(json.loads(text))


def measure(sides: dict[str, Process]) -> dict[str, float]:
    """Asks Keras and ours in turn; returns the median seconds of each task."""
    tasks = [("keras", "mlp"), ("keras", "cnn"), ("ours", "mlp"), ("ours", "seeds"), ("ours", "rates")]
    tasks += [
        ("keras", "search"),
        ("ours", "search"),
        ("ours", "cnn"),
        ("one", "mlp"),
        ("one", "seeds"),
        ("one", "rates"),
        ("ours", "compile"),
    ]
    times: dict[str, list[float]] = {}
    for number in range(ROUNDS + 1):
        for side, task in tasks:
            asked: list[float] = []
            while not asked or sum(asked) < SECONDS:
                asked.append(sides[side].seconds(task))
            if number:  # the first round loads and compiles
                times.setdefault(f"{side} {task}", []).extend(asked)
    return {task: statistics.median(values) for task, values in times.items()}


def measure_workers(sides: dict[str, Process]) -> dict[str, float]:
    """Asks for searches over several processes in turn; returns the median seconds of each."""
    tasks = [("one", "twice"), ("ours", "twice")]
    tasks += [("spread", f"{kind} {number}") for kind in ("pool", "dask") for number in bench_search.WORKERS]
    times: dict[str, list[float]] = {f"{side} {task}": [] for side, task in tasks}
    for number in range(ROUNDS + 1):
        for side, task in tasks:
            seconds = sides[side].seconds(task)
            if number:
                times[f"{side} {task}"].append(seconds)
    return {task: statistics.median(values) for task, values in times.items()}


def print_workers(t: dict[str, float]) -> None:
    """Prints how much faster a search gets with more workers."""
    print(f"\n| a search of {2 * bench_search.TRIALS} trials, on workers of one core each | seconds | speed-up |")
    print("|---|---:|---:|")
    names = {"one twice": "in this process, on one core", "ours twice": f"in this process, on {os.cpu_count()} cores"}
    for task, seconds in t.items():
        name = names.get(task) or task.replace("spread pool", "process pool of").replace("spread dask", "Dask, of")
        print(f"| {name} | {seconds:.2f} | **{t['one twice'] / seconds:.1f} ×** |")


def main() -> None:
    """Measures and prints."""
    sides = {"keras": Process("keras"), "ours": Process("ours"), "one": Process("ours", one_core=True)}
    sides["spread"] = Process("spread")
    t, workers = measure(sides), measure_workers(sides)
    for process in sides.values():
        process.close()
    first, memory = kernel_with_a_lab()
    fit, fit_cnn = t["keras mlp"], t["keras cnn"]
    tuner, trial = t["keras search"] / bench_search.TUNER_TRIALS, t["ours search"] / bench_search.TRIALS
    rows = [
        ("one retrain", fit, t["ours mlp"], "≥ 45 ×"),
        (f"{SEEDS} seeds at once, per network", fit, t["ours seeds"] / SEEDS, ""),
        (f"{RATES} learning rates at once, per network", fit, t["ours rates"] / RATES, "≥ 150 ×"),
        ("one retrain of a CNN", fit_cnn, t["ours cnn"], "≥ 8 ×"),
        ("one trial of a random search (KerasTuner's)", tuner, trial, "≥ 100 ×"),
        ("one retrain, on one core", fit, t["one mlp"], ""),
        (f"{SEEDS} seeds at once, on one core, per network", fit, t["one seeds"] / SEEDS, ""),
        (f"{RATES} rates at once, on one core, per network", fit, t["one rates"] / RATES, ""),
    ]
    if SHORT:
        print("SHORT: everything was done once, and little of it. These ratios do not tell how fast anything is.\n")
    print("| what | Keras `fit`, ms | ours, ms | ratio | aim |\n|---|---:|---:|---:|---:|")
    for what, theirs, ours, aim in rows:
        print(f"| {what} | {theirs * 1e3:,.0f} | {ours * 1e3:,.1f} | **{theirs / ours:.0f} ×** | {aim} |")
    print_workers(workers)
    print("\n| what | measured | aim |\n|---|---:|---:|")
    print(f"| a new shape of network: compile it, and its first epoch | {t['ours compile']:.2f} s | |")
    print(f"| fresh kernel: from the first import to the first picture of a lab | {first:.1f} s | ≤ 5 s |")
    print(f"| peak memory of that kernel after {MOVES} moves of the slider | {memory:.2f} GB | < 1.2 GB |")


if __name__ == "__main__":
    if sys.argv[1:] in ([], ["--short"]):
        main()
    else:
        side, cores = sys.argv[1:3]
        if cores == "one core":
            os.sched_setaffinity(0, {0})
        tasks = {"keras": keras_tasks, "ours": our_tasks, "spread": lambda: bench_search.spread(_data(), EPOCHS)}
        serve(tasks[side]())
