"""A race between batch sizes to one accuracy, and three yardsticks for who won: epochs, steps, time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.drawing import draw_curve, draw_sweep, style
from course_utils.lab import HEIGHT, WIDTH, Experiment, Picture, Result
from course_utils.training import Trainer
from course_utils.training.knobs import COUNT, POSITIVE, one_of

#: How the learning rate follows the batch size: the power of (batch size / reference) that multiplies it.
SCALING = {"same": 0.0, "square root": 0.5, "linear": 1.0}

#: What a race can be measured in, with the words for an axis.
YARDSTICKS = {"epochs": "epochs", "steps": "steps", "time": "time, in steps of one row"}

#: Steps after which a network gives up: with tiny batches, an epoch has very many.
_MOST_STEPS = 12_000

#: Races kept, so that another yardstick or a setting that was tried before needs no training.
_KEPT = 12

#: Cheapest and dearest goal that a race shows, in each yardstick.
_COSTS = {"epochs": (0.8, 250), "steps": (15, 10_000), "time": (15, 100_000)}


@dataclass(frozen=True)
class RaceResult(Result):
    """How far networks with different batch sizes have come.

    Args:
        accuracy: Validation accuracy after each epoch, shape (seeds, epochs), for each batch size.
        rates: The learning rate of each batch size.
        rows: Training rows in an epoch.
        goal: The accuracy to reach.
        sizes: All batch sizes that take part.
        yardstick: A key of `YARDSTICKS`.
        rows_at_once: Rows that take as long to compute as everything else in a step.
        progress: 1 when all have reached the goal or given up, None while the compiler is at work.
    """

    accuracy: Mapping[int, np.ndarray]
    rates: Mapping[int, float]
    rows: int
    goal: float
    sizes: Sequence[int]
    yardstick: str = "epochs"
    rows_at_once: float = 64.0
    progress: float | None = None

    def epoch_cost(self, size: int, yardstick: str | None = None) -> float:
        """Tells what an epoch costs.

        Args:
            size: The batch size.
            yardstick: A key of `YARDSTICKS`; None takes the race's.

        Returns:
            1 in epochs, the number of steps in steps. In time every step has a fixed cost and one for each row:
            the time is given in units of a step with a single row.
        """
        yardstick = self.yardstick if yardstick is None else yardstick
        steps = self.rows // size
        step = (self.rows_at_once + size) / (self.rows_at_once + 1)
        return {"epochs": 1.0, "steps": float(steps), "time": steps * step}[yardstick]

    def cost(self, yardstick: str | None = None) -> np.ndarray:
        """Measures what each network spent until it reached the goal.

        Args:
            yardstick: A key of `YARDSTICKS`; None takes the race's.

        Returns:
            Shape (batch sizes, seeds); NaN where the goal was not reached. Between two epochs a straight line is
            assumed.
        """
        seeds = max((len(curves) for curves in self.accuracy.values()), default=1)
        costs = np.full((len(self.sizes), seeds), np.nan)
        for index, size in enumerate(self.sizes):
            for seed, curve in enumerate(self.accuracy.get(size, [])):
                costs[index, seed] = _crossing(curve, self.goal) * self.epoch_cost(size, yardstick)
        return costs

    def ranking(self, yardstick: str | None = None) -> list[int]:
        """Lists the batch sizes, the cheapest first; by the median over seeds, those that never arrived last."""
        return [self.sizes[index] for index in np.argsort(self.typical(yardstick), kind="stable")]

    def typical(self, yardstick: str | None = None) -> np.ndarray:
        """Takes the median cost over seeds, where one that never arrived counts as infinitely slow; shape (sizes,)."""
        return np.median(np.nan_to_num(self.cost(yardstick), nan=np.inf), axis=1)

    def scores(self) -> dict[str, str]:
        typical = dict(zip(self.sizes, self.typical(None)))
        arrived = {size: cost for size, cost in typical.items() if np.isfinite(cost)}
        if not arrived:
            return {"first": "none arrives"}
        first = min(arrived, key=arrived.get)
        spent = arrived[first]
        number = f"{spent:.2g}" if spent < 100 else f"{spent:,.0f}"
        unit = "steps of one row" if self.yardstick == "time" else self.yardstick
        lost = [str(size) for size in self.sizes if size not in arrived]
        last = f"{', '.join(lost)} never" if lost else f"batch {max(arrived, key=arrived.get)}"
        return {"first": f"batch {first} ({number} {unit})", "last": last}

    def summary(self) -> str:
        """Says who won."""
        if self.progress != 1:
            return f"batch size {max(self.accuracy, default=self.sizes[0])} is on its way"
        return f"to accuracy {self.goal:g} · " + " · ".join(f"{place} {who}" for place, who in self.scores().items())


def _crossing(curve: np.ndarray, goal: float) -> float:
    """Finds the epoch, with a fraction, at which a curve first reaches a value; it starts at 0 before epoch 1."""
    reached = np.flatnonzero(curve >= goal)
    if not len(reached):
        return np.nan
    at = int(reached[0])
    before = curve[at - 1] if at else 0.0
    return at + (goal - before) / (curve[at] - before)


class BatchSizeRace(Experiment):
    """Trains the same networks with several batch sizes until they reach an accuracy.

    Args:
        trainer: What trains.
        sizes: The batch sizes, smallest first.
        goal: Validation accuracy to reach.
        reference: Batch size for which the learning rate is given; the others' follow from the scaling.
        most: Epochs after which a network that has not arrived gives up.

    Example:
        >>> BatchSizeRace(trainer, [4, 64]).run(learning_rate=0.05).ranking("steps")
    """

    def __init__(
        self, trainer: Trainer, sizes: Sequence[int], *, goal: float = 0.9, reference: int = 16, most: int = 240
    ) -> None:
        self._trainer, self._sizes, self._goal = trainer, tuple(sizes), goal
        self._reference, self._most = reference, most
        self._known: dict[tuple, RaceResult] = {}

    def stream(
        self,
        *,
        learning_rate: float,
        scaling: str = "same",
        yardstick: str = "epochs",
        rows_at_once: float = 64.0,
        seeds: int = 8,
    ) -> Iterator[RaceResult]:
        """Races step by step, and checks the arguments before it returns.

        Args:
            learning_rate: Rate at the reference batch size.
            scaling: A key of `SCALING`.
            yardstick: A key of `YARDSTICKS`.
            rows_at_once: Rows that take as long to compute as everything else in a step; only time needs it.
            seeds: Networks for each batch size.

        Returns:
            Results so far.

        Raises:
            ValueError: If a value cannot be used.
        """
        for name, value, known in (("scaling", scaling, SCALING), ("yardstick", yardstick, YARDSTICKS)):
            one_of(*known).check(name, value)
        POSITIVE.check("learning_rate", learning_rate)
        POSITIVE.check("rows_at_once", rows_at_once)
        COUNT.check("seeds", seeds)
        rates = {size: learning_rate * (size / self._reference) ** SCALING[scaling] for size in self._sizes}
        measured = {"yardstick": yardstick, "rows_at_once": rows_at_once}
        return (replace(result, **measured) for result in self._trained(rates, seeds))

    def _trained(self, rates: dict[int, float], seeds: int) -> Iterator[RaceResult]:
        key = (*rates.items(), seeds)
        if key in self._known:
            yield self._known[key]
            return
        rows = len(self._trainer.dataset.x_train)
        result = RaceResult({}, rates, rows, self._goal, self._sizes)
        for size in self._sizes:
            done = dict(result.accuracy)
            epochs = max(1, min(self._most, _MOST_STEPS // (rows // size)))
            for runs in self._trainer.stream(batch_size=size, learning_rate=rates[size], seeds=seeds, epochs=epochs):
                if runs.progress:
                    done[size] = runs.history["val_accuracy"]
                progress = None if runs.progress is None else len(done) / (len(self._sizes) + 1)
                result = replace(result, accuracy=dict(done), progress=progress)
                yield result
                if runs.progress and _settled(done[size], self._goal):
                    break
        self._known = {**dict(list(self._known.items())[1 - _KEPT :]), key: replace(result, progress=1.0)}
        yield self._known[key]


def _settled(curves: np.ndarray, goal: float) -> bool:
    """Tells whether all networks have reached the goal, or learn nothing any more in ten epochs."""
    arrived = (curves >= goal).any(axis=1)
    dead = np.zeros(len(curves), bool)
    if curves.shape[1] >= 20:
        dead = curves[:, -10:].max(axis=1) < 0.2
    return bool((arrived | dead).all())


class RacePicture(Picture):
    """Accuracy against what was spent on the left, what the goal cost against the batch size on the right.

    Args:
        limits: Lowest and highest cost shown, for each yardstick.
    """

    def __init__(self, limits: Mapping[str, tuple[float, float]] = _COSTS) -> None:
        self.limits = limits

    def axes_key(self, result: RaceResult) -> Hashable:
        return result.yardstick

    def axes(self, result: RaceResult) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        words, limits = YARDSTICKS[result.yardstick], self.limits[result.yardstick]
        style.label_axes(left, words, "validation accuracy", "On the way")
        style.scale(left, x="log")
        left.set_xlim(*limits)
        left.set_ylim(0, 1.0)
        left.axhline(result.goal, color=style.GHOST, linewidth=1, linestyle=":")
        style.label_axes(right, "batch size", words, f"What accuracy {result.goal:g} costs")
        style.scale(right, "log", "log")
        right.set_xlim(min(result.sizes) / 1.5, max(result.sizes) * 1.5)
        right.set_ylim(*limits)
        right.set_xticks(result.sizes, result.sizes)
        right.minorticks_off()
        return figure

    def artists(self, figure: Figure, result: RaceResult, *, ghost: str = "") -> list[Artist]:
        """Draws a curve for each batch size, and the costs; of a ghost, only the costs."""
        left, right = figure.axes
        found, ends = [], []
        for index, (size, curves) in enumerate(result.accuracy.items()):
            if not ghost:
                spent = np.arange(1, curves.shape[1] + 1) * result.epoch_cost(size)
                middle = np.median(curves, axis=0, keepdims=True)  # five bands would hide one another
                found += draw_curve(left, spent, middle, style.COLORS[index], style.DASHES[index])
                ends.append((f"batch {size}", spent[-1], float(np.median(curves[:, -1])), style.COLORS[index]))
        found += style.end_labels(left, ends)
        color, dashes = style.look(ghost)
        costs = result.cost()
        shown = len(result.accuracy)
        found += draw_sweep(right, np.asarray(result.sizes[:shown]), costs[:shown], color, dashes)
        if ghost and np.isfinite(costs[shown - 1]).any():
            found += style.end_labels(right, [(ghost, result.sizes[shown - 1], np.nanmedian(costs[shown - 1]), color)])
        return found

    def alt(self) -> str:
        return (
            "A race of batch sizes: on the left validation accuracy against what was spent, a curve for each batch "
            "size; on the right what it cost to reach the goal, against the batch size, a dot for each network."
        )
