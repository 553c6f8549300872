"""Rare classes: training data in which some are few, weights that make up for it, and recall class by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from course_utils.datasets import Dataset
from course_utils.portable import Draws
from course_utils.training.knobs import POSITIVE, Rule, strength


def thin(dataset: Dataset, keep: Mapping[int, float], seed: int = 0) -> Dataset:
    """Takes away training rows of some classes; validation and test rows all stay.

    Args:
        dataset: Classes to tell apart.
        keep: Share of the training rows to keep, above 0 and at most 1, for each class that is to become rare.
        seed: Which rows stay.

    Returns:
        The data set with fewer training rows; at least one of each class.

    Raises:
        ValueError: If there is no such class, or a share cannot be used.
    """
    share = Rule(lambda value: POSITIVE.accepts(value) and value <= 1, "choose a share above 0 and at most 1")
    _check(dataset, keep, "keep", share)
    draws = Draws("thin", seed)
    stays = np.ones(len(dataset.x_train), bool)
    for label, share in keep.items():
        rows = np.flatnonzero(dataset.y_train == label)
        rows = rows[draws.permutation(len(rows))]
        stays[rows[max(1, round(share * len(rows))) :]] = False
    weights = dataset.sample_weight
    return replace(
        dataset,
        x_train=dataset.x_train[stays],
        y_train=dataset.y_train[stays],
        sample_weight=None if weights is None else weights[stays],
    )


def weigh(dataset: Dataset, class_weight: Mapping[int, float]) -> Dataset:
    """Multiplies the loss of every training row by the weight of its class, as `class_weight` does in Keras' `fit`.

    Args:
        dataset: Classes to tell apart.
        class_weight: Factor for each class that shall count other than 1, at least 0.

    Returns:
        The data set with `sample_weight`.

    Raises:
        ValueError: If there is no such class, or a weight cannot be used.
    """
    _check(dataset, class_weight, "class_weight", strength())
    factors = np.ones(dataset.classes, "float32")
    factors[list(class_weight)] = list(class_weight.values())
    weights = factors[dataset.y_train]
    if dataset.sample_weight is not None:
        weights = dataset.sample_weight * weights
    return replace(dataset, sample_weight=weights)


def recall(labels: np.ndarray, guesses: np.ndarray, classes: int) -> np.ndarray:
    """Measures for each class which share of its examples is found.

    Args:
        labels: True classes, shape (rows,).
        guesses: Guessed classes, shape (..., rows).
        classes: How many classes there are.

    Returns:
        Shape (..., classes); NaN for a class without examples.
    """
    guesses = np.asarray(guesses)
    return np.stack([_share(guesses == label, labels == label) for label in range(classes)], axis=-1)


def precision(labels: np.ndarray, guesses: np.ndarray, classes: int) -> np.ndarray:
    """Measures for each class which share of the answers that name it is right.

    Args:
        labels: True classes, shape (rows,).
        guesses: Guessed classes, shape (..., rows).
        classes: How many classes there are.

    Returns:
        Shape (..., classes); NaN for a class that no answer names.
    """
    guesses = np.asarray(guesses)
    return np.stack([_share(labels == label, guesses == label) for label in range(classes)], axis=-1)


def _share(hits: np.ndarray, among: np.ndarray) -> np.ndarray:
    count = among.sum(axis=-1)
    both = (hits & among).sum(axis=-1)
    return np.where(count > 0, both / np.maximum(count, 1), np.nan)


def _check(dataset: Dataset, given: Mapping[int, float], name: str, rule: Rule) -> None:
    if dataset.classes is None:
        raise ValueError(f"dataset={dataset.name!r} has no classes, so that none can be rare.")
    for label, value in given.items():
        if label not in range(dataset.classes):
            raise ValueError(f"{name} names the class {label!r}: choose among 0 … {dataset.classes - 1}.")
        rule.check(f"{name}[{label!r}]", value)
