"""A Gaussian process: from scores at some points to a guess of the score everywhere, and of how sure it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

#: What lengths, strength and noise are likely to be before there is a score: centre and deviation of their logarithms.
#: With few trials in many dimensions the scores alone would not tell.
_LENGTH, _STRENGTH, _NOISE = (0.0, 1.0), (0.0, 1.0), (-4.0, 2.0)

#: Added to the diagonal, so that two equal points can be told apart in floating-point numbers.
_JITTER = 1e-8


@dataclass(frozen=True)
class Parameters:
    """What a Gaussian process takes for granted about the scores, which are scaled to mean 0 and deviation 1.

    Args:
        lengths: How far one must go along each knob for the score to change, shape (knobs,).
        strength: Variance of the score over the whole space.
        noise: Variance of the score between two trials of the same setting.
    """

    lengths: np.ndarray
    strength: float
    noise: float


class Surrogate:
    """A Gaussian process that knows some scores.

    Args:
        points: Where was tried, between 0 and 1, shape (trials, knobs).
        scores: What came out, shape (trials,).
        parameters: What to take for granted; None takes what makes the scores most probable.

    Source: Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, algorithm 2.1 and equation 5.9; the
    Matérn 5/2 kernel after Snoek, Larochelle & Adams, 2012.
    """

    def __init__(self, points: np.ndarray, scores: np.ndarray, parameters: Parameters | None = None) -> None:
        self._points, self._scores = points, scores
        self._centre, self._width = scores.mean(), scores.std() or 1.0
        self.parameters = parameters or _most_probable(points, (scores - self._centre) / self._width)
        self._factor = np.linalg.cholesky(
            _kernel(points, points, self.parameters) + (self.parameters.noise + _JITTER) * np.eye(len(points))
        )
        self._weights = _solve(self._factor, (scores - self._centre) / self._width)

    def predict(self, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Guesses the score that a setting has on average over its trials.

        Args:
            where: Points between 0 and 1, shape (points, knobs).

        Returns:
            Mean and standard deviation of the guess, each of shape (points,).
        """
        from scipy.linalg import solve_triangular

        likeness = _kernel(self._points, where, self.parameters)
        explained = (solve_triangular(self._factor, likeness, lower=True) ** 2).sum(axis=0)
        deviation = np.sqrt(np.maximum(self.parameters.strength - explained, 1e-12))
        return self._centre + self._width * (likeness.T @ self._weights), self._width * deviation

    def with_guesses(self, pending: np.ndarray) -> Surrogate:
        """Gives one that takes its own guesses at some points, shape (points, knobs), for scores."""
        if not len(pending):
            return self
        guessed, _ = self.predict(pending)
        points, scores = np.vstack([self._points, pending]), np.concatenate([self._scores, guessed])
        return Surrogate(points, scores, self.parameters)


def one_core() -> AbstractContextManager:
    """Keeps linear algebra to one core: with so small matrices, cores that are busy otherwise only wait for another."""
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401 - what is not loaded yet would not be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _kernel(one: np.ndarray, other: np.ndarray, parameters: Parameters) -> np.ndarray:
    """How much the scores at two points go together, shape (points of one, points of other)."""
    from scipy.spatial.distance import cdist

    distance = np.sqrt(5) * cdist(one / parameters.lengths, other / parameters.lengths)
    return parameters.strength * (1 + distance + distance**2 / 3) * np.exp(-distance)


def _most_probable(points: np.ndarray, scores: np.ndarray) -> Parameters:
    """Finds the parameters that are most probable, given the scores and what is likely beforehand."""
    from scipy.optimize import minimize

    knobs = points.shape[1]
    squares = (points[:, None] - points[None]) ** 2
    prior = np.array([_LENGTH] * knobs + [_STRENGTH, _NOISE])
    bounds = [(-3, 3)] * knobs + [(-3, 3), (-11, 1)]
    start = prior[:, 0]
    found = minimize(_improbable, start, (squares, scores, prior), jac=True, bounds=bounds, options={"maxiter": 40})
    return _parameters(found.x)


def _parameters(logarithms: np.ndarray) -> Parameters:
    *lengths, strength, noise = np.exp(logarithms)
    return Parameters(np.array(lengths), float(strength), float(noise))


def _improbable(
    logarithms: np.ndarray, squares: np.ndarray, scores: np.ndarray, prior: np.ndarray
) -> tuple[float, np.ndarray]:
    """Minus the logarithm of the parameters' probability, up to a constant, and its gradient.

    Args:
        logarithms: Of the lengths, the strength and the noise, shape (knobs + 2,).
        squares: Squared differences of the points along each knob, shape (trials, trials, knobs).
        scores: Mean 0 and deviation 1, shape (trials,).
        prior: Centre and deviation of each logarithm, shape (knobs + 2, 2).
    """
    parameters = _parameters(logarithms)
    scaled = squares / parameters.lengths**2
    distance = np.sqrt(5 * scaled.sum(axis=-1))
    fall = parameters.strength * np.exp(-distance)
    likeness = fall * (1 + distance + distance**2 / 3)
    trials = np.eye(len(scores))
    factor = np.linalg.cholesky(likeness + (parameters.noise + _JITTER) * trials)
    weights = _solve(factor, scores)
    # The derivative of the probability with respect to each element of the covariance.
    outer = np.outer(weights, weights) - _solve(factor, trials)
    by_length = np.einsum("ij,ijk->k", outer * fall * (1 + distance) * 5 / 3, scaled)
    by_rest = [(outer * likeness).sum(), parameters.noise * outer.trace()]
    off = (logarithms - prior[:, 0]) / prior[:, 1]
    value = scores @ weights / 2 + np.log(factor.diagonal()).sum() + off @ off / 2
    return value, -np.array([*by_length, *by_rest]) / 2 + off / prior[:, 1]


def _solve(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solves a system whose matrix has this Cholesky factor."""
    from scipy.linalg import cho_solve

    return cho_solve((factor, True), right, check_finite=False)
