"""Measures the engines side by side in one run, and prints tables (`make bench`).

Keras' `fit` runs in a process of its own with TensorFlow's default settings; ours in another, on the kernel as a
native library, on the kernel as WebAssembly, and compiled by XLA. All are asked in turn, a few rounds, each task again
and again for half a second (at least once), and medians are compared. Work: digits, 1,408 training rows, batch 32,
20 epochs, validation after each; the network is an MLP of 64 and 64 units unless said otherwise. "A retrain" is what
a changed learning rate costs: `compile` and `fit` with Keras, `run` with ours, which has compiled before.

With `--short`, everything is done once, and little of it: that shows that this file works, not how fast anything is.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import bench_rate
import bench_search
import bench_tables

SHORT = "--short" in sys.argv
ROUNDS, SECONDS, EPOCHS = (1, 0, 2) if SHORT else (5, 0.5, 20)
SEEDS, RATES, MOVES = (2, 3, 2) if SHORT else (8, 64, 50)
ROWS = 44 * 32
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Work:
    """Something to train.

    Args:
        words: What it is.
        aim: How many times as fast as XLA the native kernel should be, in words.
        networks: How many are trained at once.
        model: The function of `models` that builds them.
        knobs: What `run` is asked for.
    """

    words: str
    aim: str
    networks: int = 1
    model: str = "mlp"
    knobs: dict[str, Any] = field(default_factory=dict)


WORKS = {
    "retrain": Work("one retrain", "≥ 2 ×"),
    "seeds": Work(f"{SEEDS} seeds", "≥ 1.8 ×", SEEDS, knobs={"seeds": SEEDS}),
    "rates": Work(f"{RATES} learning rates", "≥ 1.3 ×", RATES),
    "wide": Work("width 256, batch 32", "≥ 1 ×", knobs={"width": 256}),
    "wide batch": Work("width 256, batch 256", "≥ 1 ×", knobs={"width": 256, "batch_size": 256}),
    "cnn": Work("a small CNN", "≥ 1 ×", model="cnn"),
}
if SHORT:  # every other network would have to be compiled by XLA
    WORKS = {name: WORKS[name] for name in ("retrain", "seeds")}

ENGINES = {"xla": "XLA", "wasm": "kernel, WebAssembly", "native": "kernel, native"}


def _data(*, images: bool = False) -> Any:
    from dataclasses import replace

    from course_utils import datasets

    digits = datasets.digits(images=images)
    return replace(digits, x_train=digits.x_train[:ROWS], y_train=digits.y_train[:ROWS])


def keras_tasks() -> dict[str, Callable[[], object]]:
    """What Keras is asked to do."""
    import keras

    from course_utils import models

    data = _data()
    model = models.mlp(data.input_shape, 10)
    start, loss = model.get_weights(), keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def fit() -> None:
        model.set_weights(start)
        model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
        validation = (data.x_validation, data.y_validation)
        model.fit(data.x_train, data.y_train, batch_size=32, epochs=EPOCHS, validation_data=validation, verbose=0)

    return {"fit": _timed(fit), "search": _timed(bench_search.tuner(data, EPOCHS))}


def our_tasks() -> dict[str, Callable[[], Any]]:
    """What our trainer is asked to do, on every engine that runs here, and how much work that is."""
    import numpy as np

    from course_utils import models

    tasks = dict(bench_rate.products())
    for number, engine in enumerate(_engines()):
        for name, work in WORKS.items():
            rates = [float(rate) for rate in np.geomspace(0.01, 0.5, RATES)] if name == "rates" else 0.1
            tasks[f"{engine} {name}"] = _timed(_run(engine, work, learning_rate=rates))
        tasks[f"{engine} shape"] = _first_and_last(engine, iter(range(65 + number, 999, len(ENGINES))))
    tasks["search"] = _timed(bench_search.ours(_data(), EPOCHS))
    tasks["twice"] = _timed(bench_search.ours(_data(), EPOCHS, trials=2 * bench_search.TRIALS))

    def facts() -> dict[str, Any]:
        work = {}
        for name, one in WORKS.items():
            data = _data(images=one.model == "cnn")
            knobs = {"batch_size": 32, **one.knobs}
            batch_size, _ = knobs.pop("batch_size"), knobs.pop("seeds", None)
            model = getattr(models, one.model)(data.input_shape, 10, **knobs)
            sizes = {"rows": len(data.x_train), "validation_rows": len(data.x_validation)}
            work[name] = one.networks * bench_rate.gflop(model, batch_size=batch_size, epochs=EPOCHS, **sizes)
        return {"engines": _engines(), "gflop": work}

    return tasks | {"facts": facts}


def _engines() -> dict[str, str]:
    """Names what runs on each engine that can be had here."""
    from course_utils.training.kernel import machine, placed

    names = {"xla": "XLA"}
    for kind in ("wasm", "native"):
        os.environ["COURSE_KERNEL"] = kind
        try:
            names[kind] = machine.choose().name
        except placed.Unavailable as reason:
            print(f"{kind}: {reason}", file=sys.stderr)
    del os.environ["COURSE_KERNEL"]
    return names


def _trainer(engine: str, model: str = "mlp") -> Any:
    from course_utils import models
    from course_utils.training import Trainer

    kind = "xla" if engine == "xla" else "kernel"
    return Trainer(getattr(models, model), _data(images=model == "cnn"), epochs=EPOCHS, engine=kind)


def _run(engine: str, work: Work, **knobs: Any) -> Callable[[], object]:
    trainer = _trainer(engine, work.model)

    def run() -> None:
        os.environ["COURSE_KERNEL"] = engine if engine != "xla" else ""
        trainer.run(progress=False, **work.knobs, **knobs)

    return run


def _first_and_last(engine: str, widths: Iterator[int]) -> Callable[[], list[float]]:
    """Trains a network of a width never seen before; gives the seconds to its first epoch, and to its last."""
    trainer = _trainer(engine)

    def measure() -> list[float]:
        os.environ["COURSE_KERNEL"] = engine if engine != "xla" else ""
        times, start = [], time.perf_counter()
        for runs in trainer.stream(learning_rate=0.1, width=next(widths)):
            if runs.epochs_done and not times:
                times.append(time.perf_counter() - start)
        return [*times, time.perf_counter() - start]

    return measure


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return measure


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

    def ask(self, task: str) -> Any:
        """Has a task done; returns its answer: how long it took, in seconds, unless the task says otherwise."""
        self._process.stdin.write(task + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait()


def serve(tasks: dict[str, Callable[[], object]]) -> None:
    """Does what each line of standard input names, and answers in JSON."""
    for line in sys.stdin:
        print(json.dumps(tasks[line.strip()]()), flush=True)


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
import json, psutil
print(json.dumps([first, psutil.Process().memory_full_info().uss / 1e6]))
"""


def kernel_with_a_lab() -> tuple[float, float]:
    """Opens a lab in a fresh Jupyter kernel and moves its slider.

    Returns:
        Seconds from the first import to the first picture, and the memory of the kernel's own in MB.
    """
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(extra_arguments=["--log-level=ERROR"])
    printed = []
    code = KERNEL.replace("EPOCHS", str(EPOCHS)).replace("MOVES", str(MOVES))
    client.execute_interactive(code, timeout=300, output_hook=lambda message: printed.append(message["content"]))
    manager.shutdown_kernel()
    (text,) = [content["text"] for content in printed if content.get("name") == "stdout"]
    return tuple(json.loads(text))


def measure(sides: dict[str, Process], tasks: list[tuple[str, str]], seconds: float = SECONDS) -> dict[str, Any]:
    """Asks all sides in turn; returns the medians of each task's answers."""
    answers: dict[str, list[Any]] = {}
    for number in range(ROUNDS + 1):
        for side, task in tasks:
            asked, start = [], time.perf_counter()
            while not asked or time.perf_counter() - start < seconds:
                asked.append(sides[side].ask(task))
            if number:  # the first round loads and compiles
                answers.setdefault(f"{side} {task}", []).extend(asked)
    return {
        task: [statistics.median(part) for part in zip(*values)]
        if isinstance(values[0], list)
        else statistics.median(values)
        for task, values in answers.items()
    }


def main() -> None:
    """Measures and prints."""
    sides = {"keras": Process("keras"), "ours": Process("ours"), "one": Process("ours", one_core=True)}
    sides["spread"] = Process("spread")
    facts = sides["ours"].ask("facts")
    works = [f"{engine} {name}" for name in WORKS for engine in facts["engines"]]
    rates = ["NumPy", "tile"] if bench_rate.build.compiler() else ["NumPy"]
    tasks = [("keras", "fit"), *(("ours", task) for task in [*rates, *works]), ("keras", "search"), ("ours", "search")]
    times = measure(sides, tasks)
    times |= measure(sides, [("ours", f"{engine} shape") for engine in facts["engines"]], 0)
    spread = [f"{kind} {number}" for kind in ("pool", "dask") for number in bench_search.WORKERS]
    workers = measure(sides, [("one", "twice"), ("ours", "twice"), *(("spread", task) for task in spread)], 0)
    for process in sides.values():
        process.close()
    if SHORT:
        print("SHORT: everything was done once, and little of it. These ratios do not tell how fast anything is.\n")
    print_tables(times, workers, kernel_with_a_lab(), facts)


def print_tables(
    times: dict[str, Any], workers: dict[str, float], kernel: tuple[float, float], facts: dict[str, Any]
) -> None:
    """Prints all that was measured."""
    bench_tables.print_machine(times, facts["engines"], CORES)
    bench_tables.print_works(times, facts, CORES, WORKS, ENGINES)
    bench_tables.print_against_others(times, facts["engines"], ENGINES)
    bench_tables.print_new_shapes(times, facts["engines"], ENGINES)
    bench_tables.print_workers(workers, CORES)
    bench_tables.print_kernel(*kernel, MOVES)


if __name__ == "__main__":
    if sys.argv[1:] in ([], ["--short"]):
        main()
    else:
        side, cores = sys.argv[1:3]
        if cores == "one core":
            os.sched_setaffinity(0, {0})
        tasks = {"keras": keras_tasks, "ours": our_tasks, "spread": lambda: {
            name: _timed(work) for name, work in bench_search.spread(_data(), EPOCHS).items()
        }}  # fmt: skip
        serve(tasks[side]())
