"""Bayesian optimisation: a Gaussian process guesses the score everywhere, and how sure it is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from course_utils.proposing import PointSampler, worst_filled


@dataclass(frozen=True)
class Belief:
    """What a Gaussian process believes about the score at some points.

    Args:
        mean: Score expected at each point, shape (points,).
        deviation: How unsure that is, as a standard deviation, shape (points,).
        improvement: How much a trial at each point is expected to add to the best score so far, shape (points,).
    """

    mean: np.ndarray
    deviation: np.ndarray
    improvement: np.ndarray


def believe(points: np.ndarray, scores: np.ndarray, where: np.ndarray, seed: int = 0) -> Belief:
    """Fits a Gaussian process to the trials so far.

    Args:
        points: Where was tried, between 0 and 1, shape (trials, knobs).
        scores: What came out, larger is better, shape (trials,).
        where: Points to ask about, shape (points, knobs).
        seed: Where the search for the kernel's parameters starts anew.

    Returns:
        The belief.

    Source: Snoek, Larochelle & Adams, Practical Bayesian Optimization of Machine Learning Algorithms, 2012; expected
    improvement after Jones, Schonlau & Welch, 1998.
    """
    from scipy.stats import norm
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    lengths = np.full(points.shape[1], 0.3)
    kernel = ConstantKernel(1.0, (0.1, 10)) * Matern(lengths, (0.05, 10), nu=2.5) + WhiteKernel(1e-2, (1e-5, 1))
    process = GaussianProcessRegressor(kernel, n_restarts_optimizer=1, random_state=seed)
    centre, width = scores.mean(), scores.std() or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound says that the knob does not matter
        process.fit(points, (scores - centre) / width)
    mean, deviation = process.predict(where, return_std=True)
    # The noise of a single run is no reason to look there again.
    noise = process.kernel_.k2.noise_level
    deviation = np.sqrt(np.maximum(deviation**2 - noise, 1e-12))
    best = process.predict(points).max()
    above = (mean - best) / deviation
    improvement = deviation * (above * norm.cdf(above) + norm.pdf(above))
    return Belief(centre + width * mean, width * deviation, width * improvement)


class GaussianProcess(PointSampler):
    """Proposes the point where a trial is expected to improve the best score most.

    Trials that still run count as if they had come out as expected, so that several can be proposed at once without
    all being the same (the "kriging believer").

    Args:
        space: An Optuna distribution for each knob.
        seed: Which random proposals.
        start: Random trials before the first belief.
        candidates: Random points among which the best is taken.
    """

    def __init__(self, space: dict, seed: int = 0, *, start: int = 10, candidates: int = 1000) -> None:
        super().__init__(space, seed)
        self.start, self.candidates = start, candidates

    def propose(self, study: Study, trial: FrozenTrial) -> np.ndarray:
        """Draws points and takes the one with the largest expected improvement."""
        random = self.random(trial)
        ended = worst_filled(study)
        if len(ended) < self.start:
            return random.uniform(size=len(self.cube.space))
        points = np.array([self.cube.point(t.params) for t, _ in ended])
        scores = np.array([score for _, score in ended])
        where = random.uniform(size=(self.candidates, points.shape[1]))
        near = np.clip(
            points[scores.argmax()] + random.normal(scale=0.05, size=(self.candidates // 4, len(where[0]))), 0, 1
        )
        where = np.vstack([where, near])
        unfinished = study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING))
        known = [t.params for t in unfinished if t.params.keys() >= self.cube.space.keys() and t.number != trial.number]
        if known:
            pending = np.array([self.cube.point(params) for params in known])
            expected = believe(points, scores, pending, self.seed).mean
            points, scores = np.vstack([points, pending]), np.concatenate([scores, expected])
        return where[believe(points, scores, where, self.seed).improvement.argmax()]
