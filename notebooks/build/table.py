"""Trains every configuration of the table that searches are compared on, and writes data/configurations.npz.

It holds, for each configuration and seed, how many validation rows were answered rightly after every epoch, how many
test rows after the last, and at which step training diverged. `Tabled` of the chapter on search in practice reads it.
With `--check` a few configurations are trained anew and compared with that file.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Hashable, Mapping, Sequence
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

#: Another processor rounds in its own way, and where training is chaotic that becomes another network. So a check asks
#: that this share of the networks differs by at most so many right answers, of 180; with SSE4.2 alone, 98 % do.
AGREE, NEAR = 0.8, 3


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
    """Trains everything, one compiled training after the other; gives what `measure` does."""
    every = combinations(VALUES)
    alike: dict[Hashable, list[int]] = {}
    for place, one in enumerate(every):
        signature = trainer.signature(**one | {"schedule": SCHEDULES[one["schedule"]]})
        alike.setdefault(signature, []).append(place)
    table: dict[str, np.ndarray] = {}
    for number, places in enumerate(alike.values(), start=1):
        start = time.monotonic()
        for name, found in measure(trainer, [every[place] for place in places], SEEDS).items():
            table.setdefault(name, np.zeros((len(every), *found.shape[1:]), found.dtype))[places] = found
        took = time.monotonic() - start
        print(f"{number} of {len(alike)}: {every[places[0]]} and {len(places) - 1} more, {took:.0f} s", flush=True)
    return table


def check(trainer: Trainer, count: int) -> bool:
    """Trains some configurations from all over the table anew; tells whether it holds for them.

    Args:
        trainer: What trains them.
        count: How many configurations.

    Returns:
        Whether as many networks as `AGREE` asks for answer as many test rows rightly as the table says, up to `NEAR`.
    """
    every = combinations(VALUES)
    places = ((np.arange(count) + 0.5) * len(every) / count).astype(int)
    again = measure(trainer, [every[place] for place in places], SEEDS)["right_on_test"].astype(int)
    with np.load(FILE) as kept:
        off = np.abs(again - kept["right_on_test"][places])
    for place, answers in zip(places, off):
        print(f"{every[place]}: right answers differ by {', '.join(map(str, answers))}")
    near = (off <= NEAR).mean()
    print(f"{near:.0%} of {off.size} networks differ by at most {NEAR} right answers; {AGREE:.0%} must")
    return bool(near >= AGREE)


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
