"""What the networks of runs answer for any inputs, while they train or afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from course_utils.training import Runs

#: Rows computed in one piece.
_PIECE = 4096


def outputs(runs: Runs, x: np.ndarray) -> np.ndarray:
    """Computes what the models of runs put out, with the weights that they had at that point of training.

    Args:
        runs: The runs, complete or not.
        x: Inputs, shape (rows, ...), scaled as the training inputs were.

    Returns:
        Logits for models without a softmax or sigmoid at the end, probabilities for those with one, predictions for a
        regression; shape (members, rows, outputs).
    """
    x = np.asarray(x)
    pieces = [x[at : at + _PIECE] for at in range(0, max(len(x), 1), _PIECE)]
    return np.stack([np.concatenate([model(piece, training=False) for piece in pieces]) for model in runs.models()])


def probabilities(runs: Runs, x: np.ndarray) -> np.ndarray:
    """Computes the probability that each network of runs gives to each class.

    Args:
        runs: The runs, complete or not.
        x: Inputs, shape (rows, ...), scaled as the training inputs were.

    Returns:
        Shape (members, rows, classes), float64.

    Raises:
        ValueError: If the targets are no classes.
    """
    from course_utils.training.keras_models import output_activation

    if "accuracy" not in runs.history:
        raise ValueError("runs predict numbers and no classes, which have no probabilities: use outputs(runs, x).")
    answers = outputs(runs, x).astype("float64")
    activation = output_activation(runs.model(0))
    if answers.shape[-1] == 1:
        positive = answers if activation == "sigmoid" else np.exp(-np.logaddexp(0, -answers))
        return np.concatenate([1 - positive, positive], axis=-1)
    return answers if activation == "softmax" else softmax(answers)


def softmax(logits: np.ndarray, temperature: float | np.ndarray = 1.0) -> np.ndarray:
    """Turns logits into probabilities.

    Args:
        logits: Any numbers, shape (..., classes).
        temperature: What to divide the logits by first, above 0; more than 1 makes the probabilities more even.

    Returns:
        Probabilities, of the same shape; each row sums to 1.
    """
    scaled = np.asarray(logits, "float64") / temperature
    # Taking away the largest logit changes no probability, and keeps exp from overflowing.
    odds = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)
