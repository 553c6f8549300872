"""Losses of single examples, computed from what a model puts out before any softmax or sigmoid."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def _categorical(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def _binary(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, tf.float32), logits[:, 0])


def _squared(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    difference = tf.reshape(outputs, tf.shape(targets)) - targets
    return tf.reduce_mean(tf.reshape(difference * difference, (tf.shape(targets)[0], -1)), axis=1)


def _absolute(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    difference = tf.abs(tf.reshape(outputs, tf.shape(targets)) - targets)
    return tf.reduce_mean(tf.reshape(difference, (tf.shape(targets)[0], -1)), axis=1)


#: Losses by the name that Keras gives them.
LOSSES: dict[str, Loss] = {
    "sparse_categorical_crossentropy": _categorical,
    "binary_crossentropy": _binary,
    "mean_squared_error": _squared,
    "mean_absolute_error": _absolute,
}

#: Losses computed from logits, which is more exact, and the activation that would make these probabilities.
FROM_LOGITS = {"sparse_categorical_crossentropy": "softmax", "binary_crossentropy": "sigmoid"}


def choose(name: str | None, classes: int | None, outputs: int) -> tuple[str, Loss]:
    """Picks the loss that fits the targets, or checks the one that was asked for.

    Args:
        name: A key of `LOSSES`, or None to pick.
        classes: Number of classes, None for a regression.
        outputs: Numbers that the model puts out for one example.

    Returns:
        The loss' name and the loss.

    Raises:
        ValueError: If the name is unknown, or model, targets and loss do not fit each other.
    """
    if name is None:
        binary = classes == 2 and outputs == 1
        name = "binary_crossentropy" if binary else "sparse_categorical_crossentropy"
        name = "mean_squared_error" if classes is None else name
    if name not in LOSSES:
        raise ValueError(f"loss={name!r} is not known: choose one of {', '.join(LOSSES)}.")
    if (classes is None) == name.endswith("crossentropy"):
        kind = "numbers" if classes is None else f"{classes} classes"
        raise ValueError(f"loss={name!r} does not fit targets that are {kind}: leave it out to have one chosen.")
    if name == "sparse_categorical_crossentropy" and outputs < classes:
        raise ValueError(
            f"model puts out {outputs} numbers for {classes} classes: give its last layer {classes} units."
        )
    if name == "binary_crossentropy" and (outputs, classes) != (1, 2):
        raise ValueError(f"loss={name!r} needs one output and two classes, not {outputs} and {classes}.")
    return name, LOSSES[name]


def correct(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Marks the examples whose most probable class is the right one, as 1.0 and 0.0."""
    if logits.shape[-1] == 1:
        guess = tf.cast(logits[:, 0] > 0, tf.int32)
    else:
        guess = tf.argmax(logits, axis=-1, output_type=tf.int32)
    return tf.cast(guess == labels, tf.float32)
