"""Narrowing a range of learning rates in rounds, by hand and by rule, from the same random numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.search import ROUND, CoarseToFine, distributions, search
from course_utils.training import Trainer
from course_utils.training.knobs import Rule

#: The whole range, with which everybody begins; how many rounds there are, and trials in each.
WHOLE = (1e-5, 10.0)
ROUNDS, EACH = 3, ROUND

_ROUND = Rule(lambda n: n in range(1, ROUNDS + 1), f"choose a whole number from 1 to {ROUNDS}")


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
class Narrowed:
    """Rounds so far.

    Args:
        by_hand: Rounds in ranges that somebody chose.
        by_rule: As many rounds in ranges that a rule chose.
        rounds: How many there will be.
        finished: Whether all are trained.
    """

    by_hand: Sequence[Round]
    by_rule: Sequence[Round]
    rounds: int
    finished: bool = False
    compiling: bool = False

    @property
    def epochs(self) -> int:
        """How many rounds there will be; a lab paces its frames by it."""
        return self.rounds

    @property
    def epochs_done(self) -> int:
        """How many rounds are trained."""
        return len(self.by_hand)

    @property
    def started(self) -> bool:
        """Whether any round is trained."""
        return bool(self.by_hand)

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
        """Gives what a table of runs tried shows."""
        return {f"best {name}": f"{best:.3f}" for name, (best, _) in self.best.items()}


class Narrowing:
    """Rounds of random trials in ranges that somebody chooses, beside a search that chooses them itself.

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

    def run(self, **knobs: float) -> Narrowed:
        """Trains all rounds; takes what `stream` takes."""
        *_, last = self.stream(**knobs)
        return last

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
        _ROUND.check("rounds", rounds)
        ranges = [WHOLE, (round_2_from, round_2_to), (round_3_from, round_3_to)][:rounds]
        for number, (low, high) in enumerate(ranges, start=1):
            if not 0 < low < high:
                raise ValueError(f"round {number} from {low:g} to {high:g} holds no rate: put its lower end lower.")
        return self._trained(ranges, draw)

    def _trained(self, ranges: list[tuple[float, float]], draw: int) -> Iterator[Narrowed]:
        by_hand: list[Round] = []
        for number, range_ in enumerate(ranges):
            key = (number, range_, draw)
            if key not in self._known:
                self._known[key] = self._train(*key)
            by_hand = [*by_hand, self._known[key]]
            done = number + 1 == len(ranges)
            yield Narrowed(by_hand, self._by_rule(draw)[: number + 1], len(ranges), finished=done)

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
