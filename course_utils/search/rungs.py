"""Rungs of successive halving and Hyperband: poor trials are stopped early, so that good ones get the epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

#: One trial in so many goes on to the next rung, for so many times as many epochs.
ETA = 3

#: Rungs of a bracket, at most.
_MOST = 3

#: Trials that compete with one another, those numbered from a multiple of it on: a whole number is left on every rung.
BLOCK = ETA**_MOST


def of(method: str, epochs: int) -> list[list[int]]:
    """Lists the rungs of every bracket that a method divides its trials among.

    Halving has one bracket, such as 2, 6 and 20 epochs. Hyperband hedges: it has others that begin later (6 and 20;
    20 only). Other methods train everything to the end, which is a bracket of a single rung.

    Args:
        method: A key of `search.METHODS`.
        epochs: Epochs of the last rung.

    Returns:
        For each bracket its rungs, in epochs, the shortest first.

    Source: Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, 2018.
    """
    rungs = [epochs]
    while method in ("halving", "hyperband") and len(rungs) < _MOST and rungs[0] // ETA >= 1:
        rungs.insert(0, rungs[0] // ETA)
    if method == "hyperband":
        return [rungs[start:] for start in range(len(rungs))]
    return [rungs]


def competition(number: int, brackets: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Tells which trials a trial competes with.

    Args:
        number: The trial's number.
        brackets: What `of` gives.

    Returns:
        The number of its block and of its bracket, which the trials of a block take in turn; (0, 0) where all are
        trained to the end and none competes.
    """
    if all(len(rungs) == 1 for rungs in brackets):
        return 0, 0
    return number // BLOCK, number % BLOCK % len(brackets)


def survivors(scores: Mapping[int, float]) -> set[int]:
    """Chooses the trials that go on to the next rung.

    Args:
        scores: The score of each trial that competes, by its number; larger is better.

    Returns:
        The numbers of the best; of equal ones, those that began first.
    """
    best_first = sorted(scores, key=lambda number: (-scores[number], number))
    return set(best_first[: math.ceil(len(best_first) / ETA)])
