"""A Gaussian process that proposes one learning rate after another, with what it believes at each step."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.lab import WIDTH, Experiment, Picture, Result
from course_utils.search import Posterior, posterior
from course_utils.training import Trainer
from course_utils.training.knobs import Rule, integer, one_of

#: Lowest and highest learning rate, and random trials before the first belief.
RANGE = (1e-4, 10.0)
START = 3

#: What the next trial is chosen by, from what is believed: where this is largest.
LOOKS = {
    "expected improvement": lambda posterior: posterior.improvement,
    "the mean alone": lambda posterior: posterior.mean,
    "the uncertainty alone": lambda posterior: posterior.deviation,
}

_PLACES = 151
_HEIGHT = 4.2


@dataclass(frozen=True)
class SearchState(Result):
    """What is believed after some trials.

    Args:
        tried: Learning rates tried, in their order, shape (trials,).
        accuracy: What came out, shape (trials,).
        places: Learning rates asked about, shape (places,).
        posterior: What is expected of them.
        look: What the next trial is chosen by, a key of `LOOKS`.
        wanted: How many trials there will be.
        truth: The accuracy at some learning rates, both of shape (rates,), or None if it stays hidden.
    """

    tried: np.ndarray
    accuracy: np.ndarray
    places: np.ndarray
    posterior: Posterior
    look: str
    wanted: int
    truth: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def progress(self) -> float:
        """Share of the trials that are done."""
        return len(self.tried) / self.wanted

    @property
    def acquisition(self) -> np.ndarray:
        """How much a trial is worth at each place, in the unit of the look; NaN where one was, shape (places,)."""
        gap = np.log(self.places[1] / self.places[0])
        near = np.abs(np.log(self.places[:, None] / self.tried)).min(axis=1) < gap / 2
        return np.where(near, np.nan, LOOKS[self.look](self.posterior))

    @property
    def proposal(self) -> float:
        """The learning rate to try next."""
        return float(self.places[np.nanargmax(self.acquisition)])

    @property
    def best(self) -> tuple[float, float]:
        """The best accuracy so far, and its learning rate."""
        return float(self.accuracy.max()), float(self.tried[self.accuracy.argmax()])

    def summary(self) -> str:
        """Says where the search stands."""
        best, rate = self.best
        return f"{len(self.tried)} trials · best {best:.3f} at rate {rate:.2g} · next: rate {self.proposal:.2g}"

    def scores(self) -> dict[str, str]:
        return {"best": f"{self.best[0]:.3f}", "next rate": f"{self.proposal:.2g}"}


class NextTrial(Experiment):
    """Tries learning rates one at a time where a Gaussian process proposes.

    Every trial starts from the same weights and sees the same batches, so that accuracy depends on the rate alone.
    What was trained once is kept.

    Args:
        trainer: What trains.
        epochs: Epochs that a trial takes.

    Source: Snoek, Larochelle & Adams 2012; expected improvement after Jones, Schonlau & Welch 1998.
    """

    def __init__(self, trainer: Trainer, epochs: int = 5) -> None:
        self._trainer, self._epochs = trainer, epochs
        self._known: dict[tuple[str, int], list[SearchState]] = {}
        self._truth: tuple[np.ndarray, np.ndarray] | None = None

    def stream(
        self, *, trials: int = START, look: str = "expected improvement", draw: int = 0, truth: bool = False
    ) -> Iterator[SearchState]:
        """Goes trial by trial, and checks the arguments before it returns.

        Args:
            trials: How many, the random ones at the start included.
            look: What the next trial is chosen by, a key of `LOOKS`.
            draw: Which random trials at the start.
            truth: Whether to train networks all over the range, to see what there was to find.

        Returns:
            The states: one that is known already comes at once.

        Raises:
            ValueError: If a value cannot be used.
        """
        integer(START).check("trials", trials)
        one_of(*LOOKS).check("look", look)
        integer(0).check("draw", draw)
        Rule(lambda shown: isinstance(shown, bool), "choose True or False").check("truth", truth)
        return self._states(trials, look, draw, truth=truth)

    def _states(self, trials: int, look: str, draw: int, *, truth: bool) -> Iterator[SearchState]:
        states = self._known.setdefault((look, draw), [])
        if truth and self._truth is None:
            rates = np.geomspace(*RANGE, 81)
            self._truth = rates, self._accuracy(rates)
        seen = {"wanted": trials, "truth": self._truth if truth else None}
        if not states:
            shares = np.random.default_rng(draw).uniform(size=START)
            rates = RANGE[0] * (RANGE[1] / RANGE[0]) ** shares
            states.append(self._state(rates, self._accuracy(rates), look))
        while len(states) <= trials - START:
            last = states[-1]
            yield replace(last, **seen)
            fresh = np.array([last.proposal])
            accuracy = np.append(last.accuracy, self._accuracy(fresh))
            states.append(self._state(np.append(last.tried, fresh), accuracy, look))
        yield replace(states[trials - START], **seen)

    def _accuracy(self, rates: np.ndarray) -> np.ndarray:
        settings = [{"learning_rate": float(rate)} for rate in rates]
        runs = self._trainer.run(settings=settings, epochs=self._epochs, progress=False)
        return np.nan_to_num(runs.final("val_accuracy"))

    def _state(self, tried: np.ndarray, accuracy: np.ndarray, look: str) -> SearchState:
        places = np.geomspace(*RANGE, _PLACES)
        shares = [np.log(rates / RANGE[0])[:, None] / np.log(RANGE[1] / RANGE[0]) for rates in (tried, places)]
        found = posterior(shares[0], accuracy, shares[1])
        return SearchState(tried, accuracy, places, found, look, len(tried))


class BeliefPicture(Picture):
    """What is believed about every learning rate, above; how much a trial there would be worth, below."""

    def axes_key(self, result: SearchState) -> Hashable:
        return result.look

    def axes(self, result: SearchState) -> Figure:
        figure = Figure(figsize=(WIDTH, _HEIGHT), dpi=style.DPI, facecolor="white")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        figure.subplots_adjust(left=0.075, right=0.82, bottom=0.125, top=0.92, hspace=0.32)
        style.label_axes(upper, "", "validation accuracy", "What is believed after the trials so far")
        style.label_axes(lower, "learning rate", "worth", f"Where to try next, by {result.look}")
        style.scale(upper, x="log")
        upper.set(xlim=RANGE, ylim=(-0.3, 1.4), yticks=np.arange(0, 1.01, 0.2))
        lower.set(ylim=(0, 1.15), yticks=[])
        return figure

    def artists(self, figure: Figure, result: SearchState, *, ghost: str = "") -> list[Artist]:
        """Draws belief, trials and proposal; of a ghost, only the mean."""
        upper, lower = figure.axes
        mean, deviation = result.posterior.mean, result.posterior.deviation
        if ghost:
            found = upper.plot(result.places, mean, ":", color=style.GHOST, linewidth=1.4)
            return [*found, *style.end_labels(upper, [(ghost, result.places[-1], mean[-1], style.GHOST)])]
        return [*_belief(upper, result, mean, deviation), *_worth(lower, result)]

    def alt(self) -> str:
        return (
            "Above, validation accuracy against the learning rate: dots for the trials, the last one named, a line for "
            "what the Gaussian process expects and a band of two standard deviations. Below, how much a trial at each "
            "learning rate is worth; a dotted line through both marks the next one."
        )


def _belief(ax: Axes, result: SearchState, mean: np.ndarray, deviation: np.ndarray) -> list[Artist]:
    blue, green = style.COLORS[0], style.COLORS[2]
    sure = ax.fill_between(
        result.places, mean - 2 * deviation, mean + 2 * deviation, color=blue, alpha=style.BAND, linewidth=0
    )
    found: list[Artist] = [sure, *ax.plot(result.places, mean, color=blue, linewidth=1.8)]
    ends = [("expected", result.places[-1], mean[-1], blue)]
    if result.truth is not None:
        found += ax.plot(*result.truth, "--", color=green, linewidth=1.4)
        ends.append(("in truth", RANGE[1], result.truth[1][-1], green))
    found += ax.plot(result.tried, result.accuracy, "o", color=style.TEXT, markersize=5)
    last = result.tried[-1], result.accuracy[-1]
    found += ax.plot(*last, "o", color=style.COLORS[1], markersize=8)
    side = "left" if last[0] < 0.1 else "right"
    words = f"trial {len(result.tried)}"
    found.append(ax.annotate(words, last, (0, 8), textcoords="offset points", fontsize=9, ha=side))
    found += ax.plot([result.proposal] * 2, ax.get_ylim(), ":", color=style.COLORS[1], linewidth=1.6)
    return found + style.end_labels(ax, ends)


def _worth(ax: Axes, result: SearchState) -> list[Artist]:
    # Its unit changes from look to look and its size from step to step: only where it is largest matters.
    worth = result.acquisition - min(np.nanmin(result.acquisition), 0)
    shown = worth / (np.nanmax(worth) or 1)
    color = style.COLORS[1]
    found: list[Artist] = [ax.fill_between(result.places, shown, color=color, alpha=style.BAND, linewidth=0)]
    found += ax.plot(result.places, shown, color=color, linewidth=1.4)
    found += ax.plot([result.proposal] * 2, ax.get_ylim(), ":", color=color, linewidth=1.6)
    words = f"next: {result.proposal:.2g}"
    return [*found, ax.text(1.015, 0.5, words, color=color, fontsize=9, va="center", transform=ax.transAxes)]
