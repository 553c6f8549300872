"""Some searches of a contest: one method beside random search, as a lab draws them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.chapters.search_in_practice.contest import Contest
from course_utils.drawing import style
from course_utils.lab import WIDTH, Instant, InstantExperiment, Picture
from course_utils.training.knobs import integer, one_of

_HEIGHT = 3.6
#: Scores shown; lower ones are drawn at the lower edge.
_RANGE = (0.3, 1.01)


@dataclass(frozen=True)
class Searches(Instant):
    """Some searches by a method, and as many at random.

    Args:
        method: The method.
        curves: True score of the best setting so far, shape (searches, trials), of the method and of "random".
        trials: How many trials each may have.
    """

    method: str
    curves: dict[str, np.ndarray]
    trials: int

    @property
    def ends(self) -> dict[str, np.ndarray]:
        """True score of what each search holds for the best, shape (searches,)."""
        return {name: curves[:, self.trials - 1] for name, curves in self.curves.items()}

    @property
    def wins(self) -> tuple[int, int, int]:
        """In how many searches the method is better than random search, equal, and worse."""
        method, random = self.ends[self.method], self.ends["random"]
        better, worse = int((method > random).sum()), int((method < random).sum())
        return better, len(method) - better - worse, worse

    def summary(self) -> str:
        """Says how the method did."""
        better, equal, worse = self.wins
        middles = [f"{name}: median {np.median(end):.3f}" for name, end in self.ends.items()]
        number = f"{len(self.ends['random'])} × {self.trials} trials"
        return " · ".join([number, *middles, f"{self.method} better in {better}, equal in {equal}, worse in {worse}"])

    def scores(self) -> dict[str, str]:
        better, equal, worse = self.wins
        return {"better": str(better), "equal": str(equal), "worse": str(worse)}


class DrawnSearches(InstantExperiment):
    """Takes searches out of a contest.

    Args:
        contest: The contest, random search among its methods.
    """

    def __init__(self, contest: Contest) -> None:
        self._contest = contest

    def run(self, *, method: str, trials: int = 32, searches: int = 1, draw: int = 0) -> Searches:
        """Takes some searches.

        Args:
            method: A method of the contest.
            trials: How many trials each search may have.
            searches: How many searches.
            draw: Which is the first; after the last comes the first again.

        Returns:
            The searches.

        Raises:
            ValueError: If the contest has no such method, or not as many trials or searches.
        """
        curves = self._contest.by_trials
        number, most = curves["random"].shape
        one_of(*curves).check("method", method)
        integer(1, most).check("trials", trials)
        integer(1, number).check("searches", searches)
        integer(0).check("draw", draw)
        rows = (draw * searches + np.arange(searches)) % number
        return Searches(method, {name: curves[name][rows] for name in dict.fromkeys((method, "random"))}, trials)


class SearchesPicture(Picture):
    """The searches' best so far on the left; on the right what each of them held for the best in the end."""

    def axes_key(self, result: Searches) -> Hashable:
        return result.method

    def axes(self, result: Searches) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, _HEIGHT)
        style.label_axes(left, "trials", "true score of the best so far", "On the way")
        left.set(xlim=(0, result.curves["random"].shape[1]), ylim=_RANGE)
        style.whole_numbers(left)
        style.label_axes(right, "random", result.method, f"In the end: {result.method} better above the line")
        right.set(xlim=_RANGE, ylim=_RANGE)
        right.plot(_RANGE, _RANGE, color=style.GHOST, linewidth=1)
        return figure

    def artists(self, figure: Figure, result: Searches, *, ghost: str = "") -> list[Artist]:
        """Draws lines for the medians with their quartiles, and dots; of a ghost, only the method's median."""
        left, right = figure.axes
        if ghost:
            drawn, _ = _line(left, result, result.method, *style.look(ghost), ghost)
            words = f"dotted: {ghost}"
            return [*drawn, left.text(0.02, 0.93, words, color=style.GHOST, fontsize=9, transform=left.transAxes)]
        found, ends = [], []
        for name, color, dashes in ((result.method, style.COLORS[0], "-"), ("random", style.COLORS[1], "--")):
            drawn, end = _line(left, result, name, color, dashes, "")
            found += drawn
            ends.append(end)
        random, method = (np.maximum(result.ends[name], _RANGE[0]) for name in ("random", result.method))
        found += right.plot(random, method, "o", color=style.TEXT, markersize=5, alpha=0.6, clip_on=False)
        return found + style.end_labels(left, ends)

    def alt(self) -> str:
        return (
            "On the left the true score of the best setting found so far against the number of trials, for a method "
            "and for random search: medians with their quartiles. On the right a dot for each pair of searches, the "
            "score of random search along and that of the method upward, with a diagonal: above it the method won."
        )


def _line(
    ax: Axes, result: Searches, name: str, color: str, dashes: str, ghost: str
) -> tuple[list[Artist], tuple[str, float, float, str]]:
    trials = np.arange(1, result.trials + 1)
    low, middle, high = np.quantile(result.curves[name][:, : result.trials], (0.25, 0.5, 0.75), axis=0)
    found: list[Artist] = [*ax.plot(trials, middle, dashes, color=color, linewidth=1.8)]
    if not ghost:
        found.append(ax.fill_between(trials, low, high, color=color, alpha=style.BAND, linewidth=0))
    return found, (name, result.trials, float(middle[-1]), color)
