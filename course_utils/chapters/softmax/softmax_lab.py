"""From logits to probabilities, to the loss and its gradient, for a single example, in NumPy."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.lab import HEIGHT, WIDTH, Instant, InstantExperiment, Picture
from course_utils.predictions import softmax
from course_utils.training.knobs import POSITIVE, Rule, one_of

_REACH = 6.0  # largest logit that the picture shows
_BAR = 0.62
_LOGIT = Rule(lambda value: isinstance(value, Real) and np.isfinite(value), "choose a finite number")


@dataclass(frozen=True)
class Distribution(Instant):
    """Probabilities of the classes for one example.

    Args:
        names: Name of each class.
        logits: Logit of each class, shape (classes,).
        probabilities: Probability of each class, shape (classes,).
        truth: Number of the true class.
        temperature: What the logits were divided by.
    """

    names: tuple[str, ...]
    logits: np.ndarray
    probabilities: np.ndarray
    truth: int
    temperature: float

    @property
    def loss(self) -> float:
        """Cross-entropy: minus the logarithm of the true class's probability."""
        return float(-np.log(self.probabilities[self.truth]))

    @property
    def gradient(self) -> np.ndarray:
        """Slope of the loss along each logit that went into the softmax: p − y."""
        return self.probabilities - np.eye(len(self.names))[self.truth]

    def summary(self) -> str:
        """Says what the network believes, and what that costs."""
        belief = ", ".join(f"{name} {share:.2f}" for name, share in zip(self.names, self.probabilities))
        return f"{belief} · the truth is {self.names[self.truth]} · loss {self.loss:.2f}"

    def scores(self) -> dict[str, str]:
        return {"probability of the truth": f"{self.probabilities[self.truth]:.2f}", "loss": f"{self.loss:.2f}"}


class Softmax(InstantExperiment):
    """The softmax of a few logits.

    Args:
        names: Name of each class; each is a knob, the logit of that class.

    Example:
        >>> Softmax(("cat", "dog", "bird")).run(cat=2, dog=1, bird=0).probabilities
    """

    def __init__(self, names: Sequence[str] = ("cat", "dog", "bird")) -> None:
        self.names = tuple(names)

    def run(self, *, truth: str | None = None, temperature: float = 1.0, **logits: float) -> Distribution:
        """Computes.

        Args:
            truth: Name of the true class; None takes the first.
            temperature: What to divide the logits by, above 0.
            **logits: Logit of each class by its name, 0 where left out.

        Returns:
            The probabilities.

        Raises:
            ValueError: If a name is unknown or a value cannot be used.
        """
        POSITIVE.check("temperature", temperature)
        truth = self.names[0] if truth is None else truth
        one_of(*self.names).check("truth", truth)
        for name, logit in logits.items():
            one_of(*self.names).check("class", name)
            _LOGIT.check(name, logit)
        values = np.array([float(logits.get(name, 0)) for name in self.names])
        return Distribution(
            self.names, values, softmax(values, temperature), self.names.index(truth), float(temperature)
        )


class SoftmaxBars(Picture):
    """The logits on the left; on the right the probabilities, each with its part of the gradient."""

    def axes_key(self, result: Distribution) -> Hashable:
        return result.names

    def axes(self, result: Distribution) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        figure.subplots_adjust(right=1 - 0.3 / WIDTH, wspace=0.25)
        style.label_axes(left, "class", "logit / temperature", "What goes in: logits")
        style.label_axes(right, "class", "probability", "What comes out: probabilities")
        left.set_ylim(-_REACH, _REACH)
        right.set_ylim(0, 1.22)
        right.set_yticks(np.linspace(0, 1, 6))
        left.axhline(0, color=style.GHOST, linewidth=0.8)
        for ax in (left, right):
            ax.set_xlim(-0.6, len(result.names) - 0.4)
            ax.set_xticks(range(len(result.names)), result.names)
        return figure

    def artists(self, figure: Figure, result: Distribution, *, ghost: str = "") -> list[Artist]:
        """Draws a bar for each class; those of a ghost are outlines."""
        left, right = figure.axes
        logits = np.clip(result.logits / result.temperature, -_REACH, _REACH)
        found = [*_bars(left, logits, result.truth, ghost), *_bars(right, result.probabilities, result.truth, ghost)]
        if ghost:
            return found
        for at, (share, slope) in enumerate(zip(result.probabilities, result.gradient)):
            words = f"p = {share:.2f}\np − y = {slope:+.2f}".replace("-", "−")
            found.append(right.text(at, share + 0.02, words, ha="center", va="bottom", fontsize=9, color=style.TEXT))
        return found

    def alt(self) -> str:
        return (
            "Bars for each class: on the left its logit divided by the temperature, on the right its probability with "
            "the gradient p − y written above; the true class is hatched."
        )


def _bars(ax: Axes, heights: np.ndarray, truth: int, ghost: str) -> list[Artist]:
    places = np.arange(len(heights))
    if ghost:
        return list(ax.bar(places, heights, _BAR, fill=False, edgecolor=style.GHOST, linestyle=":", linewidth=1.6))
    bars = ax.bar(places, heights, _BAR, color=style.COLORS[0], alpha=0.75)
    bars[truth].set(facecolor=style.COLORS[1], hatch="//", edgecolor="white")
    return list(bars)
