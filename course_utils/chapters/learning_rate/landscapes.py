"""Functions of one or two weights on which training can be watched step by step, in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils.lab import Instant, InstantExperiment
from course_utils.training import optimizers
from course_utils.training.knobs import COUNT, POSITIVE

#: A path ends where its weights pass this size, before they overflow.
_FAR = 1e6


def descend(
    gradient: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray | list[float],
    *,
    optimizer: str = "sgd",
    steps: int = 100,
    noise: float = 0.0,
    seed: int = 0,
    **knobs: float,
) -> np.ndarray:
    """Follows a gradient downhill with the same update rules that train networks.

    Args:
        gradient: Function from weights, shape (dims,), to the gradient there, same shape.
        start: First weights, shape (dims,).
        optimizer: A key of `optimizers.OPTIMIZERS`.
        steps: How many updates.
        noise: Standard deviation of normal noise added to the gradient, as a mini-batch would add it.
        seed: Which noise.
        **knobs: Learning rate and the optimizer's other knobs; Keras' defaults where left out.

    Returns:
        The weights before the first update and after each, shape (steps + 1, dims).
    """
    rule = optimizers.get(optimizer)
    knobs = {"weight_decay": 0.0, **rule.defaults, **knobs}
    random = np.random.default_rng(seed)
    weights = np.asarray(start, float)
    slots = tuple(np.full_like(weights, value) for value in rule.slots)
    path = [weights]
    for step in range(1, steps + 1):
        slope = np.asarray(gradient(weights), float) + noise * random.normal(size=weights.shape)
        if np.abs(weights).max() < _FAR:
            weights, slots = rule.update(weights, slope, slots, step, knobs)
        path.append(weights)
    return np.stack(path)


@dataclass(frozen=True)
class Descent(Instant):
    """A weight on its way down a parabola.

    Args:
        weights: The weight before the first step and after each, shape (steps + 1,).
        curvature: Second derivative of the parabola.
        learning_rate: The rate.
    """

    weights: np.ndarray
    curvature: float
    learning_rate: float

    @property
    def loss(self) -> np.ndarray:
        """Height on the parabola at each step."""
        return self.curvature / 2 * self.weights**2

    @property
    def regime(self) -> str:
        """How the weight moves, in words: it is multiplied by 1 − rate × curvature at every step."""
        factor = 1 - self.learning_rate * self.curvature
        if abs(factor) < 1e-9:
            return "one step to the minimum: the rate is 1 / curvature"
        if abs(abs(factor) - 1) < 1e-9:
            return "back and forth for ever: the rate is 2 / curvature"
        if factor > 0:
            return "creeps towards the minimum from one side"
        return "overshoots, yet comes closer" if factor > -1 else "diverges: every step leads further away"

    def summary(self) -> str:
        """Says how it went."""
        return f"{len(self.weights) - 1} steps · {self.regime} · loss {self.loss[0]:.2g} → {self.loss[-1]:.2g}"

    def scores(self) -> dict[str, str]:
        return {"last loss": f"{self.loss[-1]:.2g}"}


class Quadratic(InstantExperiment):
    """Gradient descent on loss = curvature / 2 × weight².

    The ideal learning rate is 1 / curvature and the limit 2 / curvature.

    Args:
        start: Where the weight starts.

    Source: LeCun et al. 1998, Efficient BackProp, section 5.
    """

    def __init__(self, start: float = 1.6) -> None:
        self.start = start

    def run(self, *, learning_rate: float, curvature: float = 2.0, steps: int = 20) -> Descent:
        """Takes gradient steps.

        Args:
            learning_rate: The rate, above 0.
            curvature: Second derivative of the loss, above 0.
            steps: How many, at least 1.

        Returns:
            The path of the weight.

        Raises:
            ValueError: If a value cannot be used.
        """
        POSITIVE.check("learning_rate", learning_rate)
        POSITIVE.check("curvature", curvature)
        COUNT.check("steps", steps)
        path = descend(lambda w: curvature * w, [self.start], learning_rate=learning_rate, steps=steps)
        return Descent(path[:, 0], curvature, learning_rate)
