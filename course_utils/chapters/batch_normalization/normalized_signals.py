"""Gradients in random networks with and without batch normalisation, in NumPy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from course_utils.datasets import Dataset


def gradient_sizes(
    dataset: Dataset, *, scale: float = 1.0, normalize: bool = False, depth: int = 16, width: int = 32, seed: int = 0
) -> np.ndarray:
    """Sends a hundred rows through a network with random weights, and the gradient of the loss back.

    The network has ReLU layers without biases and ends in softmax and cross-entropy.

    Args:
        dataset: Classes to tell apart; rows of numbers.
        scale: Factor on He's weights, whose deviation is √(2 / inputs).
        normalize: Whether to normalise over the batch before each activation (γ = 1, β = 0, no ε).
        depth: Number of hidden layers.
        width: Units of each.
        seed: Which weights.

    Returns:
        Root mean square of the gradient with respect to each hidden layer's outputs, first layer first, shape (depth,).

    Source: the backward pass of batch normalisation, Ioffe & Szegedy 2015, section 3.
    """
    weights = _draw(dataset, scale, depth, width, seed)
    signal, passed = dataset.x_train[:100].astype(float), []
    for matrix in weights[:-1]:
        sums = signal @ matrix
        spread = sums.std(axis=0) if normalize else 1.0
        sums = (sums - sums.mean(axis=0)) / spread if normalize else sums
        passed.append((sums, spread))
        signal = np.maximum(sums, 0)
    gradient = _error(signal @ weights[-1], dataset.y_train[:100]) @ weights[-1].T
    sizes = [_size(gradient)]
    for matrix, (sums, spread) in zip(weights[-2:0:-1], passed[:0:-1]):
        gradient = gradient * (sums > 0)
        if normalize:
            gradient = (gradient - gradient.mean(axis=0) - sums * (gradient * sums).mean(axis=0)) / spread
        gradient = gradient @ matrix.T
        sizes.append(_size(gradient))
    return np.array(sizes[::-1])


def _draw(dataset: Dataset, scale: float, depth: int, width: int, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    sizes = [dataset.x_train.shape[1], *[width] * depth, dataset.classes]
    return [scale * np.sqrt(2 / n) * random.normal(size=(n, m)) for n, m in pairwise(sizes)]


def _error(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Gives the gradient of the mean cross-entropy with respect to the logits."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (odds / odds.sum(axis=1, keepdims=True) - np.eye(logits.shape[1])[labels]) / len(labels)


def _size(array: np.ndarray) -> float:
    return float(np.sqrt(np.mean(array**2)))
