"""Grid and random search with the same number of trials, in a square of two knobs; a lab shows both."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from math import isqrt

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.lab import WIDTH, Experiment, FromRuns, Picture
from course_utils.search import UnitCube, distributions
from course_utils.training import Trainer
from course_utils.training.knobs import COUNT, Rule, integer, one_of

#: The learning rates of the square, and for each second knob its range and its name on an axis.
RATES = (1e-4, 10.0, "log")
SECOND = {"l2": ((1e-8, 1e-5, "log"), "L2 strength"), "momentum": ((0.0, 0.95), "momentum")}

#: The two ways to fill a square.
WAYS = ("grid", "random")

_SQUARE = Rule(lambda n: COUNT.accepts(n) and isqrt(n) ** 2 == n, "choose the square of a whole number, such as 9")
_HEIGHT = 4.4
_STRIP = (-0.05, 1.1)


@dataclass(frozen=True)
class Squares(FromRuns):
    """Trials of both ways, as far as they are trained.

    Args:
        runs: The runs of all trials, those of the grid first.
        knob: The second knob, a key of `SECOND`.
        points: Learning rate and second knob of each trial, shape (trials, 2), for each way.
    """

    knob: str
    points: Mapping[str, np.ndarray]

    @property
    def accuracy(self) -> dict[str, np.ndarray]:
        """Validation accuracy of each trial so far, shape (trials,), for each way."""
        return dict(zip(WAYS, np.split(np.nan_to_num(self.runs.final("val_accuracy")), 2)))

    @property
    def best(self) -> dict[str, float]:
        """The best accuracy that each way found."""
        return {way: float(accuracy.max()) for way, accuracy in self.accuracy.items()}

    @property
    def rates(self) -> dict[str, int]:
        """How many different learning rates each way tried."""
        return {way: len(np.unique(points[:, 0])) for way, points in self.points.items()}

    def summary(self) -> str:
        """Says what each way found."""
        rates = self.rates
        found = [f"{way}: {rates[way]} learning rates, best {best:.2f}" for way, best in self.best.items()]
        return " · ".join([f"{len(self.points['grid'])} trials each, {self.runs.epochs_done} epochs", *found])

    def scores(self) -> dict[str, str]:
        return {f"best of {way}": f"{best:.3f}" for way, best in self.best.items()}


class GridOrRandom(Experiment):
    """Fills a square with a grid and with random points and trains all of them together.

    Where a grid begins is as much luck as where random points fall, so every draw shifts the grid too. All networks
    start from the same weights and see the same batches: what differs comes from the two knobs.

    Args:
        trainer: What trains, with an optimizer that has a momentum.
        epochs: Epochs that a trial takes.

    Source: Bergstra & Bengio, Random Search for Hyper-Parameter Optimization, 2012, figure 1.
    """

    def __init__(self, trainer: Trainer, epochs: int = 5) -> None:
        self._trainer, self._epochs = trainer, epochs

    def stream(self, *, trials: int = 9, second: str = "l2", draw: int = 0) -> Iterator[Squares]:
        """Trains epoch by epoch, and checks the arguments before it returns.

        Args:
            trials: Trials of each way, the square of a whole number.
            second: The second knob, a key of `SECOND`.
            draw: Which random points, and which shift of the grid.

        Returns:
            The squares so far.

        Raises:
            ValueError: If a value cannot be used.
        """
        _SQUARE.check("trials", trials)
        one_of(*SECOND).check("second", second)
        integer(0).check("draw", draw)
        return self._trained(fill(trials, second, draw), second)

    def several(self, draws: int, *, trials: int = 9, second: str = "l2") -> dict[str, np.ndarray]:
        """Searches many times, all in one training.

        Args:
            draws: How many times (draws 0, 1, …).
            trials: Trials of each way.
            second: The second knob.

        Returns:
            The best accuracy of each search, shape (draws,), for each way.
        """
        filled = [fill(trials, second, draw) for draw in range(draws)]
        together = {way: np.concatenate([points[way] for points in filled]) for way in WAYS}
        runs = self._trainer.run(settings=self._settings(together, second), epochs=self._epochs, progress=False)
        all_of_them = Squares(runs, second, together)
        return {way: values.reshape(draws, trials).max(axis=1) for way, values in all_of_them.accuracy.items()}

    def _trained(self, points: Mapping[str, np.ndarray], second: str) -> Iterator[Squares]:
        streamed = self._trainer.stream(settings=self._settings(points, second), epochs=self._epochs)
        return (Squares(runs, second, points) for runs in streamed)

    def _settings(self, points: Mapping[str, np.ndarray], second: str) -> list[dict[str, float]]:
        fixed = {"momentum": 0.0} if second == "l2" else {}
        pairs = np.concatenate([points[way] for way in WAYS])
        return [{**fixed, "learning_rate": float(rate), second: float(other)} for rate, other in pairs]


def fill(trials: int, second: str = "l2", draw: int = 0) -> dict[str, np.ndarray]:
    """Lists the settings that each way tries.

    Args:
        trials: How many, the square of a whole number.
        second: The second knob, a key of `SECOND`.
        draw: Which random points, and which shift of the grid.

    Returns:
        Learning rate and second knob, shape (trials, 2), for each way.
    """
    random = np.random.default_rng(draw)
    side = isqrt(trials)
    steps = [(np.arange(side) + shift) / side for shift in random.uniform(size=2)]
    grid = np.stack(np.meshgrid(*steps), axis=-1).reshape(-1, 2)
    cube = UnitCube(distributions({"learning_rate": RATES, second: SECOND[second][0]}))
    shares = {"grid": grid, "random": random.uniform(size=(trials, 2))}
    return {way: np.array([list(cube.setting(share).values()) for share in both]) for way, both in shares.items()}


class SquaresPicture(Picture):
    """For each way the square with its trials, and beside each axis the scores as only that knob sees them."""

    def axes_key(self, result: Squares) -> Hashable:
        return result.knob

    def axes(self, result: Squares) -> Figure:
        """Makes the axes: for each way the square, the strip above it and the strip at its right."""
        figure = Figure(figsize=(WIDTH, _HEIGHT), dpi=style.DPI, facecolor="white")
        range_, name = SECOND[result.knob]
        log = "log" if len(range_) == 3 else "linear"
        for left, way in zip((0.085, 0.585), WAYS):
            square = figure.add_axes((left, 0.125, 0.27, 0.5))
            style.label_axes(square, "learning rate", name)
            style.scale(square, "log", log)
            above = figure.add_axes((left, 0.68, 0.27, 0.23), sharex=square)
            style.label_axes(above, "", "accuracy", f"{way.capitalize()}: as the learning rate sees it")
            beside = figure.add_axes((left + 0.3, 0.125, 0.095, 0.5), sharey=square)
            style.label_axes(beside, "accuracy", "")
            square.set(xlim=_room(RATES), ylim=_room(range_))
            above.set_ylim(*_STRIP)
            beside.set(xlim=_STRIP, xticks=(0, 1))
            above.tick_params(labelbottom=False)
            beside.tick_params(labelleft=False)
        return figure

    def artists(self, figure: Figure, result: Squares, *, ghost: str = "") -> list[Artist]:
        """Draws the trials; of a ghost, only as the axes see them."""
        found: list[Artist] = []
        for number, way in enumerate(WAYS):
            axes = figure.axes[3 * number : 3 * number + 3]
            found += _trials(axes, result.points[way], result.accuracy[way], ghost=bool(ghost))
        return found

    def alt(self) -> str:
        return (
            "Two squares, learning rate along and a second knob upward, with the same number of trials: on the left on "
            "a grid, on the right at random places. Darker dots are more accurate, a ring marks the best. Above and "
            "beside each square the accuracy against only one of the knobs."
        )


def _room(range_: tuple) -> tuple[float, float]:
    """Widens a range a little, so that marks at its ends are whole."""
    low, high = range_[:2]
    if len(range_) == 3:
        margin = (high / low) ** 0.03
        return low / margin, high * margin
    margin = 0.03 * (high - low)
    return low - margin, high + margin


def _trials(axes: list[Axes], points: np.ndarray, accuracy: np.ndarray, *, ghost: bool) -> list[Artist]:
    square, above, beside = axes
    rates, others = points.T
    color = style.GHOST if ghost else style.COLORS[0]
    look = {"color": color, "markersize": 4 if ghost else 5, "linestyle": "", "marker": "x" if ghost else "o"}
    found: list[Artist] = [*above.plot(rates, accuracy, **look), *beside.plot(accuracy, others, **look)]
    if ghost:
        return found
    strengths = np.array(to_rgb(color)) * accuracy[:, None] + (1 - accuracy[:, None])
    found.append(square.scatter(rates, others, 42, color=strengths, edgecolors=color, linewidths=0.9))
    best = accuracy.argmax()
    ring = {"marker": "o", "markersize": 11, "fillstyle": "none", "color": style.COLORS[1], "markeredgewidth": 2}
    found += square.plot(rates[best], others[best], **ring)
    found += above.plot(rates[best], accuracy[best], **ring)
    words = f"best {accuracy[best]:.2f}"
    found.append(above.text(0.02, 0.95, words, color=style.COLORS[1], fontsize=9, va="top", transform=above.transAxes))
    return found
