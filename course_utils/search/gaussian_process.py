"""Bayesian optimisation: the next trial is where a Gaussian process expects the most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from course_utils.search.samplers import PointSampler, worst_filled
from course_utils.search.surrogate import Surrogate, one_core


@dataclass(frozen=True)
class Posterior:
    """What a Gaussian process expects of the score at some points, after the trials so far.

    Args:
        mean: Score expected at each point, shape (points,).
        deviation: How unsure that is, as a standard deviation, shape (points,).
        improvement: The acquisition function, expected improvement: how much a trial at each point is expected to add
            to the best score so far, shape (points,).
    """

    mean: np.ndarray
    deviation: np.ndarray
    improvement: np.ndarray


def posterior(points: np.ndarray, scores: np.ndarray, where: np.ndarray) -> Posterior:
    """Fits a Gaussian process to the trials so far.

    Args:
        points: Where was tried, between 0 and 1, shape (trials, knobs).
        scores: What came out, larger is better, shape (trials,).
        where: Points to ask about, shape (points, knobs).

    Returns:
        The posterior there.

    Source: Snoek, Larochelle & Adams, Practical Bayesian Optimization of Machine Learning Algorithms, 2012; expected
    improvement after Jones, Schonlau & Welch, 1998.
    """
    return _posterior(Surrogate(points, scores), points, where)


def _posterior(surrogate: Surrogate, points: np.ndarray, where: np.ndarray) -> Posterior:
    from scipy.stats import norm

    mean, deviation = surrogate.predict(where)
    # The best score is guessed too: that of a single run may have been luck.
    best = surrogate.predict(points)[0].max()
    above = (mean - best) / deviation
    return Posterior(mean, deviation, deviation * (above * norm.cdf(above) + norm.pdf(above)))


class GaussianProcess(PointSampler):
    """Proposes the point where a trial is expected to improve the best score most.

    Trials that still run count as if they had come out as expected, so that several can be proposed at once without
    all being the same (the "kriging believer").

    Args:
        space: An Optuna distribution for each knob.
        seed: Which random proposals.
        start: Random trials before the first fit.
        candidates: Random points among which the best is taken.
    """

    def __init__(self, space: dict, seed: int = 0, *, start: int = 8, candidates: int = 1000) -> None:
        super().__init__(space, seed)
        self.start, self.candidates = start, candidates
        self._fitted: tuple[list, Surrogate] | None = None

    def propose(self, study: Study, trial: FrozenTrial) -> np.ndarray:
        """Draws points and takes the one with the largest expected improvement."""
        random = self.random(trial)
        ended = worst_filled(study)
        if len(ended) < self.start:
            return random.uniform(size=len(self.cube.space))
        points = np.array([self.cube.point(t.params) for t, _ in ended])
        scores = np.array([score for _, score in ended])
        # How poor the poorer half is does not tell where the best are, and would make small differences there vanish.
        scores = np.maximum(scores, np.median(scores))
        unfinished = study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING))
        known = [t.params for t in unfinished if t.params.keys() >= self.cube.space.keys() and t.number != trial.number]
        pending = np.array([self.cube.point(params) for params in known])
        where = random.uniform(size=(self.candidates, points.shape[1]))
        near = points[scores.argmax()] + random.normal(scale=0.05, size=(self.candidates // 4, points.shape[1]))
        where = np.vstack([where, np.clip(near, 0, 1)])
        tried = np.vstack([points, pending]) if known else points
        with one_core():
            surrogate = self._surrogate([t.number for t, _ in ended], points, scores).with_guesses(pending)
            return where[_posterior(surrogate, tried, where).improvement.argmax()]

    def _surrogate(self, numbers: list[int], points: np.ndarray, scores: np.ndarray) -> Surrogate:
        """Fits anew only when further trials have ended, and not for each of a batch of proposals."""
        known = [*numbers, *scores]
        if self._fitted is None or self._fitted[0] != known:
            self._fitted = known, Surrogate(points, scores)
        return self._fitted[1]
