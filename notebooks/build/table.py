"""Trains every configuration of the table that searches are compared on, and writes data/configurations.npz.

It holds, for each configuration and seed, how many validation rows were answered rightly after every epoch, how many
test rows after the last, and at which step training diverged. `Tabled` of the chapter on search in practice reads it.
With `--check` a few configurations are trained anew and compared with that file.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from course_utils import datasets, models
from course_utils.chapters.search_in_practice.tabular_benchmark import FILE, SCHEDULES
from course_utils.predictions import outputs
from course_utils.training import Trainer

#: Values of each knob. Those of numbers lie evenly on a log scale, as nearly as round numbers can.
VALUES: dict[str, list[Any]] = {
    "learning_rate": [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0],
    "batch_size": [32, 128, 512],
    "width": [4, 16, 64],
    "depth": [1, 3],
    "optimizer": ["sgd", "momentum", "adam"],
    "l2": [1e-5, 1e-2],
    "init_scale": [0.25, 1.0, 4.0],
    "schedule": list(SCHEDULES),
}
SEEDS = 3
EPOCHS = 20

#: Configurations that are trained by one call.
TOGETHER = 120


def combinations(values: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Lists every combination; the last knob changes fastest."""
    return [dict(zip(values, choice)) for choice in product(*values.values())]


def measure(trainer: Trainer, configurations: Sequence[Mapping[str, Any]], seeds: int) -> dict[str, np.ndarray]:
    """Trains some configurations.

    Args:
        trainer: What trains them, for as many epochs as it is made for.
        configurations: Knobs of each.
        seeds: Networks to train for each.

    Returns:
        Right answers on the validation rows, shape (configurations, seeds, epochs); on the test rows, shape
        (configurations, seeds); and the step at which training diverged or 0, of the same shape.
    """
    settings = [one | {"schedule": SCHEDULES[one["schedule"]]} for one in configurations]
    runs = trainer.run(settings=settings, seeds=seeds, progress=False)
    data = trainer.dataset
    answers = outputs(runs, data.x_test).argmax(axis=-1)
    shape = (len(configurations), seeds)
    return {
        "right": counted(runs.history["val_accuracy"], len(data.x_validation)).reshape(*shape, -1),
        "right_on_test": (answers == data.y_test).sum(axis=-1).astype("uint8").reshape(shape),
        "diverged_at": runs.diverged_at.astype("uint16").reshape(shape),
    }


def counted(accuracy: np.ndarray, rows: int) -> np.ndarray:
    """Turns accuracies back into right answers."""
    return np.rint(accuracy * rows).astype("uint8")


def make(trainer: Trainer) -> dict[str, np.ndarray]:
    """Trains everything, some configurations at a time; gives what `measure` does."""
    every = combinations(VALUES)
    parts: list[dict[str, np.ndarray]] = []
    for place in range(0, len(every), TOGETHER):
        start = time.monotonic()
        parts.append(measure(trainer, every[place : place + TOGETHER], SEEDS))
        print(f"{min(place + TOGETHER, len(every))} of {len(every)}, {time.monotonic() - start:.0f} s", flush=True)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def check(trainer: Trainer, count: int) -> bool:
    """Trains some configurations from all over the table anew; tells whether it holds for them.

    Args:
        trainer: What trains them.
        count: How many configurations.

    Returns:
        Whether every network answers as many test rows rightly as the table says.
    """
    every = combinations(VALUES)
    places = ((np.arange(count) + 0.5) * len(every) / count).astype(int)
    again = measure(trainer, [every[place] for place in places], SEEDS)["right_on_test"]
    with np.load(FILE) as kept:
        wrong = again != kept["right_on_test"][places]
    for place in places[wrong.any(axis=1)]:
        print(f"{every[place]}: not what the table says")
    print(f"{wrong.size - wrong.sum()} of {wrong.size} networks are as the table says")
    return not wrong.any()


def main(arguments: list[str] | None = None) -> int:
    """Writes the table, or checks it; gives the exit status."""
    parser = argparse.ArgumentParser(description="Train the configurations that searches are compared on.")
    parser.add_argument("--check", action="store_true", help="write nothing; train some of them, and compare")
    parser.add_argument("--rows", type=int, default=8, help="how many of them a check trains; by default, 8")
    asked = parser.parse_args(arguments)
    trainer = Trainer(models.mlp, datasets.digits(), epochs=EPOCHS)
    if asked.check:
        return int(not check(trainer, asked.rows))
    rows = [len(trainer.dataset.x_validation), len(trainer.dataset.x_test)]
    np.savez_compressed(FILE, knobs=list(VALUES), rows=rows, **VALUES, **make(trainer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
