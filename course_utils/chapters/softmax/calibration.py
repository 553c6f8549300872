"""Confidence: whether a network is right as often as it says, and what asking a person gains when it is unsure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.lab import HEIGHT, WIDTH, Instant, InstantExperiment, Picture
from course_utils.predictions import softmax
from course_utils.training.knobs import POSITIVE, UNIT_INTERVAL, one_of

_BINS = 10
_THRESHOLDS = np.concatenate([np.linspace(0, 0.98, 50), [0.99, 0.995, 0.999]])


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Measures the mean cross-entropy.

    Args:
        probabilities: Shape (..., rows, classes).
        labels: True classes, shape (rows,).

    Returns:
        Shape (...,).
    """
    return -np.log(np.maximum(probabilities[..., np.arange(len(labels)), labels], 1e-12)).mean(axis=-1)


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sorts answers by confidence into ten bins, and compares what they promise with what they hold.

    Args:
        probabilities: Shape (..., rows, classes); all but the last axis are taken together.
        labels: True classes, shape (rows,).

    Returns:
        Mean confidence, share of right answers (NaN in empty bins), and share of all answers, each of shape (bins,).
    """
    confidence, right = _answers(probabilities, labels)
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    sums = (np.bincount(bins, values, _BINS) for values in (confidence, right))
    with np.errstate(invalid="ignore"):
        mean, share = (total / count for total in sums)
    return mean, share, count / count.sum()


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Measures how far confidence and share of right answers lie apart, on average over the answers.

    Source: the expected calibration error of Naeini, Cooper and Hauskrecht 2015, with ten bins.
    """
    mean, share, weight = reliability(probabilities, labels)
    return float(np.nansum(weight * np.abs(mean - share)))


def answered(probabilities: np.ndarray, labels: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keeps only answers at least as confident as a threshold.

    Args:
        probabilities: Shape (..., rows, classes); all but the last axis are taken together.
        labels: True classes, shape (rows,).
        thresholds: Shape (thresholds,).

    Returns:
        Coverage (the share of answers kept) and the share of them that is right (NaN if none is kept), each of shape
        (thresholds,).
    """
    confidence, right = _answers(probabilities, labels)
    kept = confidence[None] >= np.asarray(thresholds, float)[:, None]
    count = kept.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return kept.mean(axis=1), (kept * right).sum(axis=1) / count


def best_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Finds the temperature at which the cross-entropy is lowest, on a fine grid from 0.2 to 5.

    Args:
        logits: Shape (..., rows, classes).
        labels: True classes, shape (rows,).

    Returns:
        The temperature.

    Source: Guo, Pleiss, Sun and Weinberger 2017, On calibration of modern neural networks.
    """
    grid = np.geomspace(0.2, 5, 65)
    return float(grid[np.argmin([negative_log_likelihood(softmax(logits, t), labels).mean() for t in grid])])


def _answers(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    probabilities = np.asarray(probabilities)
    return probabilities.max(axis=-1).ravel(), (probabilities.argmax(axis=-1) == labels).ravel()


@dataclass(frozen=True)
class Filtered(Instant):
    """Answers of some networks, filtered by their confidence.

    Args:
        probabilities: Shape (members, rows, classes).
        labels: True classes, shape (rows,).
        threshold: Least confidence of an answer that is kept.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    threshold: float

    @property
    def kept(self) -> tuple[float, float]:
        """Coverage, and accuracy of what is answered."""
        coverage, accuracy = answered(self.probabilities, self.labels, np.array([self.threshold]))
        return float(coverage[0]), float(accuracy[0])

    def summary(self) -> str:
        """Says what the filter does."""
        coverage, accuracy = self.kept
        error = calibration_error(self.probabilities, self.labels)
        right = "nothing is answered" if np.isnan(accuracy) else f"{accuracy:.1%} of them right"
        return f"{coverage:.0%} answered, {right} · {1 - coverage:.0%} go to a person · calibration error {error:.3f}"

    def scores(self) -> dict[str, str]:
        coverage, accuracy = self.kept
        return {"answered": f"{coverage:.0%}", "of them right": f"{accuracy:.1%}"}


class Confidence(InstantExperiment):
    """Answers that are given only above a threshold.

    Args:
        logits: For each named group of networks its logits, shape (members, rows, classes).
        labels: True classes, shape (rows,).
    """

    def __init__(self, logits: Mapping[str, np.ndarray], labels: np.ndarray) -> None:
        self.logits, self.labels = dict(logits), np.asarray(labels)

    def run(self, *, network: str, threshold: float = 0.0, temperature: float = 1.0) -> Filtered:
        """Filters.

        Args:
            network: Name of the networks.
            threshold: Least confidence of an answer, from 0 to just below 1.
            temperature: What to divide the logits by, above 0.

        Returns:
            The answers.

        Raises:
            ValueError: If a name is unknown or a value cannot be used.
        """
        one_of(*self.logits).check("network", network)
        UNIT_INTERVAL.check("threshold", threshold)
        POSITIVE.check("temperature", temperature)
        return Filtered(softmax(self.logits[network], temperature), self.labels, threshold)


class CoverageAndReliability(Picture):
    """Coverage and accuracy against the threshold on the left, confidence against accuracy on the right.

    Args:
        lowest: Lowest share shown on the left.
    """

    def __init__(self, lowest: float = 0.5) -> None:
        self.lowest = lowest

    def axes_key(self, _: Filtered) -> Hashable:
        return "all"

    def axes(self, _: Filtered) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        style.label_axes(left, "threshold", "share", "Asked to be surer, it is right more often")
        left.set(xlim=(0, 1), ylim=(self.lowest, 1.01))
        style.label_axes(right, "confidence", "share of right answers", "Right as often as it says?")
        right.set(xlim=(0, 1), ylim=(0, 1.01))
        right.plot([0, 1], [0, 1], color=style.GHOST, linewidth=1, linestyle="--")
        return figure

    def artists(self, figure: Figure, result: Filtered, *, ghost: str = "") -> list[Artist]:
        """Draws both."""
        left, right = figure.axes
        curves = answered(result.probabilities, result.labels, _THRESHOLDS)
        looks = [style.look(ghost, 1), style.look(ghost, 0)]
        found, ends = [], []
        for name, (color, dashes), curve, now in zip(("answered", "of them right"), looks, curves, result.kept):
            found += left.plot(_THRESHOLDS, curve, color=color, linestyle=dashes, linewidth=1.8)
            found += left.plot([result.threshold], [now], "o", color=color, markersize=7)
            known = np.flatnonzero(np.isfinite(curve))[-1]
            ends.append((ghost or name, _THRESHOLDS[known], max(curve[known], self.lowest), color))
        mean, share, weight = reliability(result.probabilities, result.labels)
        color, dashes = style.look(ghost)
        known = weight > 0
        found += right.plot(mean[known], share[known], dashes, color=color, linewidth=1.4)
        found.append(right.scatter(mean[known], share[known], 12 + 200 * weight[known], color=color, alpha=0.75))
        return found + style.end_labels(left, ends if not ghost else ends[1:])

    def alt(self) -> str:
        return (
            "On the left, against the threshold, the share of answers that are confident enough and the share of those "
            "that is right; discs mark the threshold chosen. On the right the share of right answers against "
            "confidence, larger discs for more answers; on the diagonal a network is right as often as it says."
        )
