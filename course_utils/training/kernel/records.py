"""The words that Python and `kernel.c` share: the fields of each record and the numbers of each choice, in order."""

from __future__ import annotations

NETWORK = [
    *("batch_size", "places", "width", "outputs", "loss", "optimizer", "track_norms"),
    *("input", "output", "output_error", "operations", "tensors"),
    *("weights", "gradients", "slots", "before", "size", "scratch", "transposed", "sums", "mask_size"),
]
OPERATION = [
    *("kind", "variant", "input", "second", "output"),
    *("input_error", "second_error", "output_error", "adds", "second_adds", "places", "width", "output_width"),
    *("kernel", "bias", "kernel_gradient", "bias_gradient", "state", "settings", "kept", "frozen"),
    *("high", "wide", "out_high", "out_wide", "taps_high", "taps_wide"),
    *("step_high", "step_wide", "gap_high", "gap_wide", "top", "left"),
]
TENSOR = ["place", "rows", "width", "settings", "constraint"]
COUNTERS = ["step", "diverged_at", "correct", "noise_seed"]
KNOBS = [
    *("first_loss", "weight_decay", "momentum", "beta_1", "beta_2", "rho", "epsilon"),
    *("clipnorm", "global_clipnorm", "clipvalue", "label_smoothing"),
]

KINDS = [
    *("dense", "activation", "batch_normalization", "dropout", "add", "flatten", "rescaling"),
    *("layer_normalization", "convolution", "max_pooling", "average_pooling", "embedding"),
]
ACTIVATIONS = [
    *("linear", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "softmax"),
    *("gelu", "gelu_tanh", "silu", "selu", "softplus"),
]
LOSSES = [
    "sparse_categorical_crossentropy",
    "sparse_categorical_crossentropy of probabilities",
    "categorical_crossentropy",
    "categorical_crossentropy of probabilities",
    "binary_crossentropy",
    "binary_crossentropy of probabilities",
    "mean_squared_error",
    "mean_absolute_error",
]
OPTIMIZERS = {"sgd": 0, "momentum": 1, "nesterov": 2, "adagrad": 3, "adadelta": 4, "rmsprop": 5, "adam": 6, "adamw": 6}
CONSTRAINTS = ["free", "max_norm", "non_negative", "unit_norm"]

#: Losses whose targets are labels, whole numbers below the number of outputs; those of the others are numbers.
WITH_LABELS = LOSSES[:2]

#: Activations whose slope follows from what they put out, so that they may overwrite what went in.
SLOPE_FROM_OUTPUT = {"relu", "leaky_relu", "elu", "tanh", "sigmoid", "softmax", "selu"}


def padded(width: int) -> int:
    """Rounds the width of a row up to whole vectors."""
    return -(-width // 16) * 16
