"""Narrowing a range of learning rates in rounds, by hand and by rule, from the same random numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.lab import HEIGHT, WIDTH, Experiment, Picture, Result
from course_utils.search import ROUND, CoarseToFine, distributions, search
from course_utils.training import Trainer
from course_utils.training.knobs import POSITIVE, integer

#: The whole range, with which every search begins; how many rounds there are, and trials in each.
WHOLE = (1e-5, 10.0)
ROUNDS, EACH = 3, ROUND

_MARKERS = ("o", "s", "^")


@dataclass(frozen=True)
class Round:
    """A round of trials.

    Args:
        range: Lowest and highest learning rate that could be drawn.
        rates: Learning rates drawn, shape (trials,).
        accuracy: Validation accuracy of each, shape (trials,).
    """

    range: tuple[float, float]
    rates: np.ndarray
    accuracy: np.ndarray


@dataclass(frozen=True)
class Narrowed(Result):
    """Rounds so far.

    Args:
        by_hand: Rounds in ranges chosen by hand.
        by_rule: As many rounds in ranges that a rule chose.
        rounds: How many there will be.
    """

    by_hand: Sequence[Round]
    by_rule: Sequence[Round]
    rounds: int

    @property
    def progress(self) -> float:
        """Share of the rounds that are trained."""
        return len(self.by_hand) / self.rounds

    @property
    def sides(self) -> dict[str, Sequence[Round]]:
        """Both sides with their names."""
        return {"by hand": self.by_hand, "by rule": self.by_rule}

    @property
    def best(self) -> dict[str, tuple[float, float]]:
        """The best accuracy of each side, and its learning rate."""
        found = {}
        for name, rounds in self.sides.items():
            accuracy, rates = (np.concatenate([getattr(r, part) for r in rounds]) for part in ("accuracy", "rates"))
            found[name] = float(accuracy.max()), float(rates[accuracy.argmax()])
        return found

    def summary(self) -> str:
        """Says what each side found."""
        parts = [f"{EACH * len(self.by_hand)} trials each"]
        for name, (best, rate) in self.best.items():
            typical = np.median(self.sides[name][-1].accuracy)
            parts.append(f"{name}: best {best:.3f} at rate {rate:.2g}, last round's median {typical:.2f}")
        return " · ".join(parts)

    def scores(self) -> dict[str, str]:
        return {f"best {name}": f"{best:.3f}" for name, (best, _) in self.best.items()}


class Narrowing(Experiment):
    """Rounds of random trials in ranges chosen by hand, beside a search that chooses them itself.

    Both draw the same random numbers, so that their first rounds are the same. What was trained once is kept.

    Args:
        trainer: What trains.
        epochs: Epochs that a trial takes: few.

    Source: the procedure that the course's documents A, B and C describe.
    """

    def __init__(self, trainer: Trainer, epochs: int = 3) -> None:
        self._trainer, self._epochs = trainer, epochs
        self._known: dict[tuple, Round] = {}
        self._rule: dict[int, list[Round]] = {}

    def stream(
        self,
        *,
        rounds: int = ROUNDS,
        round_2_from: float = WHOLE[0],
        round_2_to: float = WHOLE[1],
        round_3_from: float = WHOLE[0],
        round_3_to: float = WHOLE[1],
        draw: int = 0,
    ) -> Iterator[Narrowed]:
        """Trains round by round, and checks the arguments before it returns.

        Args:
            rounds: How many rounds, 1 to 3; the first has the whole range.
            round_2_from: Lowest learning rate of the second round.
            round_2_to: Highest learning rate of the second round.
            round_3_from: Lowest learning rate of the third round.
            round_3_to: Highest learning rate of the third round.
            draw: Which random numbers.

        Returns:
            The rounds so far.

        Raises:
            ValueError: If a range is empty, or a number cannot be used.
        """
        integer(1, ROUNDS).check("rounds", rounds)
        integer(0).check("draw", draw)
        own = {"round_2_from": round_2_from, "round_2_to": round_2_to}
        own |= {"round_3_from": round_3_from, "round_3_to": round_3_to}
        for name, rate in own.items():
            POSITIVE.check(name, rate)
        ranges = [WHOLE, (round_2_from, round_2_to), (round_3_from, round_3_to)][:rounds]
        for number, (low, high) in enumerate(ranges, start=1):
            if not low < high:
                raise ValueError(f"round {number} from {low:g} to {high:g} holds no rate: put its lower end lower.")
        return self._trained(ranges, draw)

    def _trained(self, ranges: list[tuple[float, float]], draw: int) -> Iterator[Narrowed]:
        by_hand: list[Round] = []
        for number, range_ in enumerate(ranges):
            key = (number, range_, draw)
            if key not in self._known:
                self._known[key] = self._train(*key)
            by_hand = [*by_hand, self._known[key]]
            yield Narrowed(by_hand, self._by_rule(draw)[: number + 1], len(ranges))

    def _train(self, number: int, range_: tuple[float, float], draw: int) -> Round:
        low, high = np.log10(range_)
        # Each trial draws as `samplers.PointSampler` does, from the search's seed and its own number.
        shares = [np.random.default_rng([draw, number * EACH + i]).uniform() for i in range(EACH)]
        rates = 10 ** (low + (high - low) * np.array(shares))
        settings = [{"learning_rate": float(rate)} for rate in rates]
        runs = self._trainer.run(settings=settings, epochs=self._epochs, progress=False)
        return Round(range_, rates, np.nan_to_num(runs.final("val_accuracy")))

    def _by_rule(self, draw: int) -> list[Round]:
        if draw not in self._rule:
            found = search(
                self._trainer,
                {"learning_rate": (*WHOLE, "log")},
                method="coarse-to-fine",
                trials=ROUNDS * EACH,
                metric="val_accuracy",
                epochs=self._epochs,
                seed=draw,
                progress=False,
            )
            rule = CoarseToFine(distributions({"learning_rate": (*WHOLE, "log")}), draw)
            trials = found.study.get_trials(deepcopy=False)
            self._rule[draw] = [_round_of(rule, found.study, trials, number) for number in range(ROUNDS)]
        return self._rule[draw]


def _round_of(rule: CoarseToFine, study: object, trials: Sequence, number: int) -> Round:
    low, high = (rule.cube.setting(end)["learning_rate"] for end in rule.box(study, number * EACH))
    own = trials[number * EACH : (number + 1) * EACH]
    rates = [trial.params["learning_rate"] for trial in own]
    return Round((low, high), np.array(rates), np.array([trial.value or 0.0 for trial in own]))


class RoundsPicture(Picture):
    """The trials of each round against the learning rate, by hand on the left, by rule on the right."""

    def axes_key(self, _: Narrowed) -> Hashable:
        return "all"

    def axes(self, _: Narrowed) -> Figure:
        figure, axes = style.new_figure(2, WIDTH, HEIGHT)
        for ax, name in zip(axes, ("Your ranges", "Ranges of the rule")):
            style.label_axes(ax, "learning rate", "validation accuracy", name)
            style.scale(ax, x="log")
            ax.set(xlim=WHOLE, ylim=(0, 1.3), yticks=np.arange(0, 1.01, 0.2))
        return figure

    def artists(self, figure: Figure, result: Narrowed, *, ghost: str = "") -> list[Artist]:
        """Draws a bar for each range and a mark for each trial; of a ghost, only the ranges by hand."""
        found: list[Artist] = []
        for ax, (name, rounds) in zip(figure.axes, result.sides.items()):
            if not rounds or (ghost and name == "by rule"):
                continue
            found += _draw_rounds(ax, rounds, ghost=ghost)
            if not ghost:
                best, rate = result.best[name]
                ring = {
                    "marker": "o",
                    "markersize": 11,
                    "fillstyle": "none",
                    "color": style.TEXT,
                    "markeredgewidth": 1.6,
                }
                found += ax.plot(rate, best, **ring)
                found.append(ax.text(0.02, 0.66, f"best {best:.3f}", fontsize=9, transform=ax.transAxes))
        return found

    def alt(self) -> str:
        return (
            "Validation accuracy against the learning rate, a mark for each trial, another shape and colour for each "
            "round; bars at the top show the range of each round. On the left the ranges chosen by hand, on the right "
            "those of the rule."
        )


def _draw_rounds(ax: Axes, rounds: Sequence[Round], *, ghost: str) -> list[Artist]:
    found: list[Artist] = []
    for number, (one, marker) in enumerate(zip(rounds, _MARKERS)):
        (color, dashes), height = style.look(ghost, number, "-"), 1.25 - 0.07 * number
        found += ax.plot(one.range, [height] * 2, linestyle=dashes, color=color, linewidth=3)
        if ghost:
            continue
        found.append(ax.text(one.range[1], height, f"  round {number + 1}", color=color, fontsize=9, va="center"))
        found += ax.plot(one.rates, one.accuracy, marker, color=color, markersize=5, alpha=0.8)
    return found
