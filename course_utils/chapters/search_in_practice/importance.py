"""How much each knob matters: the share of the variance of the score that it explains, alone and with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def shares(scores: np.ndarray, knobs: Sequence[str]) -> pd.DataFrame:
    """Divides the variance of the scores of all combinations among the knobs: a functional analysis of variance.

    Args:
        scores: The score of every combination, shape (values of the first knob, values of the second, …).
        knobs: Name of each axis.

    Returns:
        A row for each knob, the one that matters most first. "alone" is the share of the variance that is left in the
        means over all other knobs; "with others" is what is lost in the mean over this knob: its own share and all
        those that it has together with others.

    Raises:
        ValueError: If there are not as many names as axes, or all scores are equal.

    Source: Hutter, Hoos & Leyton-Brown, An Efficient Approach for Assessing Hyperparameter Importance, 2014. They guess
    the missing combinations with a forest; here none is missing, so that the shares are exact. Sobol, 1993.
    """
    import pandas as pd

    total = _checked(scores, knobs)
    rows = {}
    for axis, knob in enumerate(knobs):
        without = tuple(other for other in range(len(knobs)) if other != axis)
        alone = scores.mean(axis=without).var() / total
        rows[knob] = {"alone": alone, "with others": 1 - scores.mean(axis=axis).var() / total}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("knob").sort_values("alone", ascending=False)


def pairs(scores: np.ndarray, knobs: Sequence[str]) -> pd.Series:
    """Gives the share of the variance that two knobs explain together and neither does alone.

    Args:
        scores: The score of every combination, as for `shares`.
        knobs: Name of each axis.

    Returns:
        A share for each pair, the largest first.

    Raises:
        ValueError: As `shares` does.
    """
    import pandas as pd

    total = _checked(scores, knobs)
    found = {}
    for one, other in combinations(range(len(knobs)), 2):
        rest = tuple(axis for axis in range(len(knobs)) if axis not in (one, other))
        both = scores.mean(axis=rest)
        apart = both.mean(axis=1).var() + both.mean(axis=0).var()
        found[knobs[one], knobs[other]] = (both.var() - apart) / total
    return pd.Series(found).sort_values(ascending=False)


def among_best(scores: np.ndarray, share: float = 0.1) -> np.ndarray:
    """Raises all scores but the best to the level where the best begin, so that only differences among these count.

    Args:
        scores: The score of every combination.
        share: How many count as the best, above 0 and up to 1.

    Returns:
        The scores, of the same shape, for `shares` and `pairs`.

    Raises:
        ValueError: If the share is not above 0 and up to 1.

    Source: the cut-off of Hutter, Hoos & Leyton-Brown, 2014, section 3.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share={share!r} cannot be used: choose a number above 0 and up to 1.")
    return np.maximum(scores, np.quantile(scores, 1 - share))


def of_trials(study: Any, seed: int = 0) -> Mapping[str, float]:
    """Guesses the shares from the trials of a search, with a forest that stands for the combinations not tried.

    Args:
        study: An Optuna study, such as `search(…).study`.
        seed: Which forest.

    Returns:
        The share of each knob alone, as parts of their sum; the largest first.
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=seed))


def _checked(scores: np.ndarray, knobs: Sequence[str]) -> float:
    if np.ndim(scores) != len(knobs):
        raise ValueError(f"knobs={list(knobs)} are {len(knobs)} names for {np.ndim(scores)} axes: give one for each.")
    total = float(np.var(scores))
    if total <= 0:
        raise ValueError("scores are all equal, so that there is no variance to divide: choose other ones.")
    return total
