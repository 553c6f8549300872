"""Signals in a network that has just been initialised: how large each layer's outputs and gradients are, in NumPy."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.chapters import activation_functions
from course_utils.datasets import Dataset
from course_utils.drawing import draw_curve, style
from course_utils.lab import HEIGHT, WIDTH, Instant, InstantExperiment, Picture
from course_utils.predictions import softmax
from course_utils.training.knobs import COUNT, POSITIVE, one_of

#: Standard deviation of a weight, for each family, from a layer's inputs and outputs.
FAMILIES = {
    "fixed": lambda _inputs, _outputs: 1.0,
    "lecun": lambda inputs, _outputs: np.sqrt(1 / inputs),
    "glorot": lambda inputs, outputs: np.sqrt(2 / (inputs + outputs)),
    "he": lambda inputs, _outputs: np.sqrt(2 / inputs),
}

#: The activations to choose from.
ACTIVATIONS = activation_functions.FUNCTIONS

_KEPT = 10.0  # a signal is called kept if no layer makes it ten times larger or smaller than it came in


@dataclass(frozen=True)
class Signals(Instant):
    """How large the signals of a few random networks are.

    Args:
        outputs: Root mean square of each hidden layer's outputs, shape (networks, depth).
        gradients: Root mean square of the loss's gradient with respect to them, shape (networks, depth).
    """

    outputs: np.ndarray
    gradients: np.ndarray

    @property
    def growth(self) -> float:
        """Factor by which the outputs grow from the first layer to the last, median over the networks."""
        return float(np.median(self.outputs[:, -1] / self.outputs[:, 0]))

    @property
    def gradient_growth(self) -> float:
        """Factor by which the gradients grow on their way back, from the last layer to the first."""
        return float(np.median(self.gradients[:, 0] / self.gradients[:, -1]))

    def summary(self) -> str:
        """Says what becomes of the signals."""
        words = [
            f"{name} × {_factor(growth)} {way}: {fate(growth)}"
            for name, growth, way in (
                ("outputs", self.growth, "to the last layer"),
                ("gradients", self.gradient_growth, "back to the first"),
            )
        ]
        return " · ".join(words)

    def scores(self) -> dict[str, str]:
        return {"outputs ×": _factor(self.growth), "gradients ×": _factor(self.gradient_growth)}


def fate(growth: float) -> str:
    """Names what becomes of a signal that grows by a factor: "explodes", "vanishes" or "kept"."""
    if not growth > 0:
        return "vanishes"
    return "explodes" if growth > _KEPT else "vanishes" if growth < 1 / _KEPT else "kept"


class RandomNetworks(InstantExperiment):
    """Networks straight after initialisation: their weights are drawn, a batch goes through, its gradient comes back.

    The networks have `depth` hidden layers without biases and an output layer with softmax and cross-entropy, all
    drawn from the same family. Draws are plain normal ones, since only their deviation matters for the sizes.

    Args:
        dataset: Classes to tell apart; rows of numbers.
        rows: How many of its training rows make the batch.

    Example:
        >>> RandomNetworks(datasets.digits()).run(family="he", activation="relu", depth=20).growth
    """

    def __init__(self, dataset: Dataset, rows: int = 100) -> None:
        self.x = np.asarray(dataset.x_train[:rows], float).reshape(min(rows, len(dataset.x_train)), -1)
        self.targets = np.eye(dataset.classes)[dataset.y_train[:rows]]

    def weights(self, seed: int, family: str, scale: float, depth: int, width: int) -> list[np.ndarray]:
        """Draws the weight matrix of every layer, output layer last; `run` says what the arguments are."""
        random = np.random.default_rng(seed)
        sizes = [self.x.shape[1], *[width] * depth, self.targets.shape[1]]
        return [
            scale * FAMILIES[family](inputs, outputs) * random.normal(size=(inputs, outputs))
            for inputs, outputs in pairwise(sizes)
        ]

    def forward(
        self, weights: list[np.ndarray], activation: str, *, normalize: bool = False
    ) -> tuple[list[np.ndarray], list[np.ndarray], list[Any]]:
        """Sends the batch forward; `signals` says what the arguments are.

        Returns:
            What goes into each hidden layer's activation, what comes out of it, and what it was divided by before.
        """
        sums, outputs, spreads = [], [self.x], []
        for matrix in weights[:-1]:
            z = outputs[-1] @ matrix
            spreads.append(z.std(axis=0) if normalize else 1.0)
            sums.append((z - z.mean(axis=0)) / spreads[-1] if normalize else z)
            outputs.append(ACTIVATIONS[activation][0](sums[-1]))
        return sums, outputs[1:], spreads

    def signals(
        self, weights: list[np.ndarray], activation: str, *, normalize: bool = False
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Sends the batch forward and the gradient of the loss back.

        Args:
            weights: A matrix for each layer, output layer last.
            activation: A key of `ACTIVATIONS`.
            normalize: Whether to normalise over the batch before each activation (γ = 1, β = 0, no ε).

        Returns:
            Outputs of each hidden layer, and the gradient of each row's loss with respect to them, all of shape
            (rows, width).

        Source: the backward pass of batch normalisation, Ioffe & Szegedy 2015, section 3.
        """
        _, slope = ACTIVATIONS[activation]
        sums, outputs, spreads = self.forward(weights, activation, normalize=normalize)
        gradient = (softmax(outputs[-1] @ weights[-1]) - self.targets) @ weights[-1].T
        gradients = [gradient]
        for matrix, z, spread in zip(weights[-2:0:-1], sums[:0:-1], spreads[:0:-1]):
            gradient = gradient * slope(z)
            if normalize:
                gradient = (gradient - gradient.mean(axis=0) - z * (gradient * z).mean(axis=0)) / spread
            gradient = gradient @ matrix.T
            gradients.insert(0, gradient)
        return outputs, gradients

    def run(
        self,
        *,
        family: str = "glorot",
        scale: float = 1.0,
        activation: str = "relu",
        depth: int = 10,
        width: int = 64,
        seeds: int = 5,
        normalize: bool = False,
    ) -> Signals:
        """Measures a few networks.

        Args:
            family: A key of `FAMILIES`.
            scale: Factor on every weight; for the family "fixed" it is their standard deviation.
            activation: A key of `ACTIVATIONS`.
            depth: Hidden layers, at least 1.
            width: Units of each, at least 1.
            seeds: How many networks (seeds 0, 1, …).
            normalize: Whether to normalise over the batch before each activation.

        Returns:
            The sizes of their signals.

        Raises:
            ValueError: If a value cannot be used.
        """
        POSITIVE.check("scale", scale)
        for name, value, known in (("family", family, FAMILIES), ("activation", activation, ACTIVATIONS)):
            one_of(*known).check(name, value)
        for name, value in (("depth", depth), ("width", width), ("seeds", seeds)):
            COUNT.check(name, value)
        drawn = [self.weights(seed, family, scale, depth, width) for seed in range(seeds)]
        measured = [self.signals(weights, activation, normalize=normalize) for weights in drawn]
        sizes = [[[np.sqrt(np.mean(array**2)) for array in part] for part in both] for both in measured]
        return Signals(*(np.array([both[part] for both in sizes]) for part in (0, 1)))


class SignalsByLayer(Picture):
    """Size of each hidden layer's outputs on the left, of the gradients that reach it on the right.

    Args:
        limits: Smallest and largest size shown; what lies outside is drawn at the edge.
    """

    def __init__(self, limits: tuple[float, float] = (1e-8, 1e8)) -> None:
        self.limits = limits

    def axes_key(self, result: Signals) -> Hashable:
        return result.outputs.shape[1]

    def axes(self, result: Signals) -> Figure:
        figure, axes = style.new_figure(2, WIDTH, HEIGHT)
        figure.subplots_adjust(left=0.95 / WIDTH, wspace=0.75)  # room for numbers such as 1e-06
        for ax, title in zip(axes, ("Outputs, layer by layer →", "← Gradients, on their way back")):
            style.label_axes(ax, "layer", "root mean square", title)
            style.scale(ax, y="log")
            ax.set_xlim(0.8, max(result.outputs.shape[1], 2))
            ax.set_ylim(*self.limits)
            style.whole_numbers(ax)
        return figure

    def artists(self, figure: Figure, result: Signals, *, ghost: str = "") -> list[Artist]:
        """Draws both sizes of every layer."""
        color, dashes = style.look(ghost)
        found = []
        for index, (ax, sizes) in enumerate(zip(figure.axes, (result.outputs, result.gradients))):
            layers, shown = np.arange(1, sizes.shape[1] + 1), np.clip(sizes, *self.limits)
            found += draw_curve(ax, layers, shown, color, dashes)
            if ghost and index == 0:  # gradients begin at the right end, where they all lie close together
                found += style.end_labels(ax, [(ghost, layers[-1], float(np.median(shown[:, -1])), color)])
        return found

    def alt(self) -> str:
        return (
            "Signals in random networks, on logarithmic scales: on the left the size of each layer's outputs, on the "
            "right the size of the gradients that come back to it."
        )


def _factor(growth: float) -> str:
    return f"{growth:.2g}"
