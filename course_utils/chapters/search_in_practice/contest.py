"""A contest of search methods: each searches the table many times over, and the others' seeds judge what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.trial import TrialState

from course_utils.chapters.search_in_practice.tabular_benchmark import Tabled
from course_utils.search import BLOCK, METHODS, Search, noted, search

if TYPE_CHECKING:
    import pandas as pd

#: How many times as many trials as the others a method may begin, because it ends most of them early.
_BEGINS = {"halving": 4, "hyperband": 2}


@dataclass(frozen=True)
class Contest:
    """What came out of many searches.

    Args:
        by_trials: For each method the true score of the best setting after each trial, shape (searches, trials): NaN
            until a trial was trained to its end.
        by_epochs: The same after as many epochs as so many full trials take, shape (searches, trials).
        best: The true score of the best configuration of the table that was searched, shape (searches,).
        epochs: Epochs of a full trial.
    """

    by_trials: Mapping[str, np.ndarray]
    by_epochs: Mapping[str, np.ndarray]
    best: np.ndarray
    epochs: int

    def quartiles(self, *methods: str, equal: str = "epochs") -> dict[str, np.ndarray]:
        """Gives the curves that a picture shows of each method, from where every search has found something.

        Args:
            *methods: Which; none takes all.
            equal: What lies along, "epochs" or "trials".

        Returns:
            Lower quartile, median and upper quartile of the true score, shape (3, trials), for each method.

        Raises:
            ValueError: If a method did not take part, or `equal` is another word.
        """
        curves = self._equal(equal)
        for method in methods:
            _among("method", method, curves)
        found = {}
        for method in methods or curves:
            known = np.isfinite(curves[method]).all(axis=0)
            found[method] = np.full((3, len(known)), np.nan)
            found[method][:, known] = np.quantile(curves[method][:, known], (0.25, 0.5, 0.75), axis=0)
        return found

    def to_frame(self, *, against: str = "random", equal: str = "epochs") -> pd.DataFrame:
        """Lists what the methods had found in the end.

        Args:
            against: The method that the others are compared with, search by search.
            equal: What all methods had the same number of, "epochs" or "trials".

        Returns:
            A row for each method: quartiles of the true score, and in how many searches it was better than that
            method, equal, and worse.

        Raises:
            ValueError: If a method did not take part, or `equal` is another word.
        """
        import pandas as pd

        ends = {method: curves[:, -1] for method, curves in self._equal(equal).items()}
        _among("against", against, ends)
        rows = []
        for method, end in ends.items():
            lower, median, upper = np.nanquantile(end, (0.25, 0.5, 0.75))
            row = {"method": method, "lower quartile": lower, "median": median, "upper quartile": upper}
            won, lost = (end > ends[against]).sum(), (end < ends[against]).sum()
            rows.append(row | {"better": won, "equal": len(end) - won - lost, "worse": lost})
        return pd.DataFrame(rows).set_index("method")

    def _equal(self, equal: str) -> Mapping[str, np.ndarray]:
        counts = {"epochs": self.by_epochs, "trials": self.by_trials}
        _among("equal", equal, counts)
        return counts[equal]


def contest(
    table: Tabled,
    methods: Sequence[str] = tuple(METHODS),
    *,
    trials: int = 32,
    searches: int = 50,
    epochs: int | None = None,
    equal: str = "both",
    **fixed: Any,
) -> Contest:
    """Lets every method search the table many times, with other random proposals each time.

    A search sees one seed of every configuration, each search another in turn; the true score of what it holds for the
    best is the mean validation accuracy of the other seeds.

    Args:
        table: What to search.
        methods: Names, keys of `search.METHODS`.
        trials: Full trials that each search may pay for. Halving and Hyperband begin more, for as many epochs.
        searches: How many times each method searches.
        epochs: Epochs of a full trial; None takes all that the table has.
        equal: "epochs" leaves out of `by_trials` the methods that end trials early, which saves a search each.
        **fixed: Knobs that are not searched for.

    Returns:
        The contest.

    Raises:
        ValueError: If `equal` is another word.
    """
    if equal not in ("both", "epochs"):
        raise ValueError(f"equal={equal!r} cannot be used: choose both or epochs.")
    by_trials: dict[str, list] = {method: [] for method in methods}
    by_epochs: dict[str, list] = {method: [] for method in methods}
    best = []
    epochs = table.epochs if epochs is None else epochs
    for number in range(searches):
        seen = table.seeing(number % table.seeds)
        best.append(seen.best_score(epochs, **fixed))
        for method in methods:
            space = {knob: values for knob, values in seen.space.items() if knob not in fixed}
            if method == "grid":
                space = spread(seen, trials, np.random.default_rng(number), fixed)
            options = {"method": method, "seed": number, "progress": False, "epochs": epochs, **fixed}
            if method not in _BEGINS or equal == "both":
                found = search(seen, space, trials=trials, **options)
                scores, spent = _best_so_far(found, seen, epochs, fixed)
                by_trials[method].append(_at(np.arange(1, len(scores) + 1), scores, trials, 1))
            if method in _BEGINS:
                found = search(seen, space, trials=trials * _BEGINS[method], **options)
                scores, spent = _best_so_far(found, seen, epochs, fixed)
            by_epochs[method].append(_at(spent, scores, trials, epochs))
    by_trials = {method: curves for method, curves in by_trials.items() if curves}
    stacked = ({method: np.array(curves) for method, curves in all_.items()} for all_ in (by_trials, by_epochs))
    return Contest(*stacked, np.array(best), epochs)


def spread(table: Tabled, trials: int, random: np.random.Generator, fixed: Mapping[str, Any]) -> dict[str, list]:
    """Lays a grid over the table, as even along all knobs as that many trials allow.

    Args:
        table: The table.
        trials: How many combinations it may have at most.
        random: Decides which knobs get a value more than others, and where the grid begins.
        fixed: Knobs that are not searched for.

    Returns:
        Some values of each knob, evenly spread over those of the table.
    """
    sizes = {str(knob): 1 for knob in random.permutation([k for k in table.choices if k not in fixed])}
    while growing := [
        knob
        for knob, size in sizes.items()
        if size < len(table.choices[knob]) and np.prod(list(sizes.values())) // size * (size + 1) <= trials
    ]:
        sizes[min(growing, key=sizes.get)] += 1
    found = {}
    for knob in (knob for knob in table.choices if knob in sizes):
        values, start = table.choices[knob], random.uniform()
        found[knob] = [values[int((i + start) * len(values) / sizes[knob])] for i in range(sizes[knob])]
    return found


def _among(name: str, value: str, choices: Mapping[str, Any]) -> None:
    if value not in choices:
        raise ValueError(f"{name}={value!r} cannot be used: choose {', '.join(choices)}.")


def _best_so_far(found: Search, table: Tabled, epochs: int, fixed: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Gives, after each trial, the true score of the best setting, and the epochs spent; each of shape (trials,)."""
    others = range(1, table.seeds)
    trials = found.study.get_trials(deepcopy=False)
    spent = np.cumsum([noted(t, "epochs", 0) for t in trials])
    scores, best = [], None
    for trial in trials:
        if trial.state == TrialState.COMPLETE and (best is None or trial.value > best.value):
            best = trial
        scores.append(np.nan if best is None else table.score({**fixed, **best.params}, others, epochs))
    if any(t.state == TrialState.PRUNED for t in trials):
        # Rungs go over all trials of a block, so nothing is known of any before the block has ended.
        over = np.arange(1, len(trials) + 1) // BLOCK * BLOCK
        over[-1] = len(trials)
        scores = np.where(over > 0, np.array(scores)[over - 1], np.nan)
    return np.array(scores), spent


def _at(spent: np.ndarray, scores: np.ndarray, points: int, step: int) -> np.ndarray:
    """Reads a curve of scores where 1, 2, … times `step` has been spent."""
    place = np.searchsorted(spent, step * np.arange(1, points + 1), side="right") - 1
    return np.where(place >= 0, scores[np.maximum(place, 0)], np.nan)
