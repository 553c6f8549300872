"""Over-fitting a test set by choosing on it: the best of many networks, and what it is worth on fresh data."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils import models, predictions
from course_utils.datasets import Dataset, from_arrays
from course_utils.drawing import style
from course_utils.lab import HEIGHT, WIDTH, Instant, InstantExperiment, Picture
from course_utils.portable import Draws, power
from course_utils.training import Trainer
from course_utils.training.knobs import integer

#: Sizes of test sets to compare, in rows.
SIZES = (25, 50, 100, 200, 400, 800)


def right_answers(
    x: np.ndarray, y: np.ndarray, *, configurations: int = 500, rows: int = 150, epochs: int = 10, seed: int = 0
) -> np.ndarray:
    """Trains one small network for each of many random settings, on few rows, and asks it about all the others.

    Learning rate, L2 strength and the scale of the first weights are drawn for each.

    Args:
        x: Inputs, shape (rows, features).
        y: Classes, shape (rows,).
        configurations: How many settings.
        rows: Rows to train on.
        epochs: Epochs that a network takes.
        seed: Which settings, and which rows.

    Returns:
        Whether each network is right about each row that it was not trained on, shape (configurations, rows left).
    """
    data = _split(np.asarray(x), np.asarray(y), rows, seed)
    draws = Draws("settings", seed)
    rates, l2, scales = (draws.uniform(configurations, *ends) for ends in ((-1.2, 0.0), (-5, -2), (0.5, 2.0)))
    drawn = {"learning_rate": power(10, rates), "l2": power(10, l2), "init_scale": scales}
    settings = [dict(zip(drawn, values)) for values in zip(*(column.tolist() for column in drawn.values()))]
    small = Trainer(models.mlp, data, batch_size=16)
    runs = small.run(settings=settings, epochs=epochs, width=16, depth=1, progress=False)
    return predictions.outputs(runs, data.x_test).argmax(axis=-1) == data.y_test


def _split(x: np.ndarray, y: np.ndarray, rows: int, seed: int) -> Dataset:
    # A trainer wants validation rows too; a few, since they are looked at after every epoch.
    few = 10 / len(x)
    return from_arrays(x, y, validation=few, test=1 - few - rows / len(x), scale="unit", seed=seed)


@dataclass(frozen=True)
class Chosen(Instant):
    """The best of the first n networks on a test set, for every n, in many repeats.

    Args:
        seen: Its accuracy on the test set, shape (repeats, networks).
        fresh: Its accuracy on all other rows, shape (repeats, networks).
        optimism: Mean of the first minus the second for each of `SIZES`, shape (sizes, networks).
        rows: Rows in the test set.
        configurations: The n that is looked at.
    """

    seen: np.ndarray
    fresh: np.ndarray
    optimism: np.ndarray
    rows: int
    configurations: int

    @property
    def means(self) -> tuple[float, float]:
        """Mean accuracy of the chosen network on the test set and on fresh data."""
        return tuple(float(part[:, self.configurations - 1].mean()) for part in (self.seen, self.fresh))

    def summary(self) -> str:
        """Says what the choice promised and what it is worth."""
        seen, fresh = self.means
        return (
            f"best of {self.configurations} on {self.rows} test rows · promises {seen:.3f} · "
            f"fresh data {fresh:.3f} · optimism {seen - fresh:+.3f}"
        )

    def scores(self) -> dict[str, str]:
        seen, fresh = self.means
        return {"promised": f"{seen:.3f}", "fresh": f"{fresh:.3f}", "optimism": f"{seen - fresh:+.3f}"}


class OverfittedChoice(InstantExperiment):
    """Chooses the best of some networks on a small test set, and measures it on fresh data, many times over.

    Args:
        right: Whether each network is right about each row, shape (networks, rows).
        repeats: How many test sets are drawn, each with the networks in another order.
    """

    def __init__(self, right: np.ndarray, repeats: int = 200) -> None:
        self.right, self.repeats = np.asarray(right, "float32"), repeats
        self._known: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def run(self, *, configurations: int = 500, rows: int = 50, draw: int = 0) -> Chosen:
        """Chooses.

        Args:
            configurations: How many networks to choose among.
            rows: Rows in the test set, fewer than there are.
            draw: Which test sets.

        Returns:
            What the choice promised and what it is worth.

        Raises:
            ValueError: If there are not as many networks or rows.
        """
        integer(1, len(self.right)).check("configurations", configurations)
        integer(1, self.right.shape[1] - 1).check("rows", rows)
        integer(0).check("draw", draw)
        sizes = [size for size in SIZES if size < self.right.shape[1]]
        optimism = np.stack([np.subtract(*self._choose(size, draw)).mean(axis=0) for size in sizes])
        return Chosen(*self._choose(rows, draw), optimism, rows, configurations)

    def _choose(self, rows: int, draw: int) -> tuple[np.ndarray, np.ndarray]:
        key = (rows, draw)
        if key not in self._known:
            self._known[key] = choose(self.right, key[0], self.repeats, draw)
        return self._known[key]


def choose(right: np.ndarray, rows: int, repeats: int, draw: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draws test sets and takes the best of the first n networks, for every n.

    Args:
        right: Whether each network is right about each row, shape (networks, rows).
        rows: Rows in a test set.
        repeats: How many test sets, each with the networks in another order.
        draw: Which.

    Returns:
        Accuracy of the best on the test set, and on all other rows, both of shape (repeats, networks).
    """
    random = np.random.default_rng([draw, rows])
    networks, all_rows = right.shape
    drawn = np.zeros((all_rows, repeats), "float32")
    places = np.argsort(random.random((all_rows, repeats)), axis=0)[:rows]
    np.put_along_axis(drawn, places, 1, axis=0)
    hits = right.astype("float32") @ drawn
    others = (right.sum(axis=1)[:, None] - hits) / (all_rows - rows)
    order = np.argsort(random.random((networks, repeats)), axis=0)
    seen, fresh = (np.take_along_axis(part, order, axis=0).T for part in (hits / rows, others))
    highest = np.maximum.accumulate(seen, axis=1)
    # A network takes the lead only by being better, so that of equal ones the first is chosen.
    leads = np.concatenate([np.ones((repeats, 1), bool), seen[:, 1:] > highest[:, :-1]], axis=1)
    leader = np.maximum.accumulate(np.where(leads, np.arange(networks), 0), axis=1)
    return highest, np.take_along_axis(fresh, leader, axis=1)


class ChoicePicture(Picture):
    """What the choice promises and what it is worth, against the number of networks; the gap against test rows."""

    def axes_key(self, result: Chosen) -> Hashable:
        return result.seen.shape[1]

    def axes(self, result: Chosen) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        style.label_axes(left, "networks to choose among", "accuracy", "The chosen network")
        style.label_axes(right, "rows in the test set", "promised − fresh", "Optimism of the choice")
        style.scale(left, x="log")
        style.scale(right, x="log")
        left.set(xlim=(1, result.seen.shape[1]), ylim=(0.7, 1.01))
        right.set(xlim=(SIZES[0] / 1.2, SIZES[-1] * 1.2), ylim=(-0.01, 0.1))
        right.set_xticks(SIZES, SIZES)
        right.minorticks_off()
        return figure

    def artists(self, figure: Figure, result: Chosen, *, ghost: str = "") -> list[Artist]:
        """Draws both; of a ghost, only the optimism."""
        left, right = figure.axes
        found: list[Artist] = []
        at = result.configurations
        if not ghost:
            ends = []
            looks = [
                ("promised", result.seen, style.COLORS[1], "--"),
                ("fresh data", result.fresh, style.COLORS[0], "-"),
            ]
            number = np.arange(1, result.seen.shape[1] + 1)
            for name, values, color, dashes in looks:
                (low, high), middle = np.quantile(values, [0.25, 0.75], axis=0), values.mean(axis=0)
                found.append(left.fill_between(number, low, high, color=color, alpha=style.BAND, linewidth=0))
                found += left.plot(number, middle, dashes, color=color, linewidth=1.8)
                found += left.plot([at], [middle[at - 1]], "o", color=color, markersize=7, clip_on=False)
                ends.append((name, number[-1], middle[-1], color))
            found += style.end_labels(left, ends)
        color, dashes = style.look(ghost, 3, dashes="-")
        sizes = np.array(SIZES[: len(result.optimism)])
        found += right.plot(sizes, result.optimism[:, at - 1], dashes, color=color, marker=".", linewidth=1.8)
        now = np.subtract(*result.means)
        found += right.plot([result.rows], [now], "o", color=color, markersize=7, clip_on=False)
        if ghost:  # all curves come close together at the right end, where the newest has its name
            at_left = sizes[0], result.optimism[0, at - 1]
            words = right.annotate(ghost, at_left, (4, 6), textcoords="offset points", color=color, fontsize=9)
            return [*found, words]
        return found + style.end_labels(right, [(f"best of {at}", sizes[-1], result.optimism[-1, at - 1], color)])

    def alt(self) -> str:
        return (
            "On the left, against the number of networks to choose among, the accuracy of the best on the test set "
            "that chose it and on fresh data, with the middle half of the repeats as bands. On the right the "
            "difference of the two against the rows in the test set. Discs mark the present setting."
        )
