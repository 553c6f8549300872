"""The noise of mini-batch gradients: how far, and how often, they point elsewhere than the gradient of all rows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.drawing import style
from course_utils.lab import HEIGHT, WIDTH, Instant, InstantExperiment, Picture
from course_utils.training.knobs import COUNT, integer, one_of

if TYPE_CHECKING:
    import keras

#: Batches from which the curve of angles is made, for each batch size.
_CURVE_DRAWS = 60


def per_row(model: keras.Model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Computes the gradient of each row's loss, exactly; the gradient of a mini-batch is the mean over its rows.

    Args:
        model: A Keras model that puts out logits, or numbers for a regression.
        x: Inputs, shape (rows, ...).
        y: Targets, shape (rows,): whole numbers for classes, otherwise a regression with squared error.

    Returns:
        Gradients with respect to all trainable weights in a row, shape (rows, weights).
    """
    import tensorflow as tf

    from course_utils.training import losses

    classes = model.output_shape[-1] if np.asarray(y).dtype.kind in "iub" else None
    _, loss_of = losses.choose(None, classes, model.output_shape[-1])
    weights, rest = [tf.convert_to_tensor(v) for v in model.trainable_variables], model.non_trainable_variables
    rest = [tf.convert_to_tensor(v) for v in rest]

    def row(inputs: tuple) -> tf.Tensor:
        one, target = inputs
        with tf.GradientTape() as tape:
            tape.watch(weights)
            outputs, _ = model.stateless_call(weights, rest, one[None], training=False)
            loss = loss_of(target[None], outputs)[0]
        return tf.concat([tf.reshape(g, [-1]) for g in tape.gradient(loss, weights)], axis=0)

    table = (tf.constant(x), tf.constant(y))
    # Several models in a row, called in the usual way, would make TensorFlow warn of tracing too often.
    rows = tf.function(lambda *table: tf.vectorized_map(row, table)).get_concrete_function(*table)
    return rows(*table).numpy()


class RowGradients:
    """All that has to be known of the rows' gradients: their products with one another.

    `variance` is that of a single row, over the squared length of the full gradient.

    Args:
        gradients: Gradient of each row, shape (rows, weights).
    """

    def __init__(self, gradients: np.ndarray) -> None:
        self.rows = len(gradients)
        self.products = (gradients @ gradients.T).astype(float)
        self.squared_length = self.products.mean()
        self.variance = float(self.products.trace() / self.rows / self.squared_length - 1)

    def seen(self, batch_size: int, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws mini-batches; returns how far each gradient goes along and across the full one, shape (draws,)."""
        shuffled = np.random.default_rng([seed, batch_size]).random((draws, self.rows)).argsort(axis=1)
        share = np.zeros((draws, self.rows))
        np.put_along_axis(share, shuffled[:, :batch_size], 1 / batch_size, axis=1)
        products = share @ self.products
        along = products.mean(axis=1) / self.squared_length
        squared = (products * share).sum(axis=1) / self.squared_length
        return along, np.sqrt(np.maximum(squared - along**2, 0))

    @cached_property
    def angle_curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Batch sizes from 1 to all rows, and the median angle for each."""
        sizes = np.unique(np.geomspace(1, self.rows, 12).astype(int))
        seen = [self.seen(size, _CURVE_DRAWS, seed=0) for size in sizes]
        return sizes, np.array([np.median(np.degrees(np.arctan2(across, along))) for along, across in seen])


@dataclass(frozen=True)
class Noise(Instant):
    """Gradients of many mini-batches, seen from the gradient of all rows, whose length is 1 here.

    Args:
        batch_size: Rows in each.
        along: How far each points along the full gradient, shape (draws,).
        across: How far it points away from it, at a right angle, shape (draws,).
        known: What is known of the rows that they are drawn from.
    """

    batch_size: int
    along: np.ndarray
    across: np.ndarray
    known: RowGradients

    @property
    def angles(self) -> np.ndarray:
        """Angle of each to the full gradient, in degrees."""
        return np.degrees(np.arctan2(self.across, self.along))

    @property
    def typical_angle(self) -> float:
        """Median of the angles."""
        return float(np.median(self.angles))

    @property
    def sideways(self) -> np.ndarray:
        """The way across with a sign that takes turns, since a picture has only two directions to go."""
        return self.across * np.where(np.arange(len(self.across)) % 2, -1, 1)

    @property
    def variance(self) -> float:
        """Mean squared distance from the full gradient, over its squared length."""
        return float(np.mean((self.along - 1) ** 2 + self.across**2))

    @property
    def expected_variance(self) -> float:
        """What the formula says: that of one row / B, times (N − B) / (N − 1) since no row is drawn twice."""
        rows = self.known.rows
        return self.known.variance / self.batch_size * (rows - self.batch_size) / (rows - 1)

    def summary(self) -> str:
        """Says how true the mini-batches point."""
        uphill = np.mean(self.along < 0)
        return (
            f"{len(self.along)} batches of {self.batch_size} · median angle {self.typical_angle:.0f}° · variance "
            f"{self.variance:.2g} (formula {self.expected_variance:.2g}) · {uphill:.0%} point the wrong way"
        )

    def scores(self) -> dict[str, str]:
        return {"angle": f"{self.typical_angle:.0f}°", "variance": f"{self.variance:.2g}"}


class GradientNoise(InstantExperiment):
    """Mini-batches drawn from rows whose gradients are known, at several moments of training.

    Args:
        moments: Gradient of each row, shape (rows, weights), for each named moment.

    Example:
        >>> GradientNoise({"start": per_row(model, x, y)}).run(moment="start", batch_size=32).typical_angle
    """

    def __init__(self, moments: Mapping[str, np.ndarray]) -> None:
        self._moments = {name: RowGradients(gradients) for name, gradients in moments.items()}

    def run(self, *, moment: str, batch_size: int, draws: int = 100, seed: int = 0) -> Noise:
        """Draws mini-batches, each without drawing a row twice.

        Args:
            moment: Name of a moment.
            batch_size: Rows in each, from 1 to all.
            draws: How many mini-batches.
            seed: Which.

        Returns:
            Their gradients.

        Raises:
            ValueError: If a value cannot be used.
        """
        one_of(*self._moments).check("moment", moment)
        known = self._moments[moment]
        for name, value, rule in (
            ("batch_size", batch_size, integer(1, known.rows)),
            ("draws", draws, COUNT),
            ("seed", seed, integer(0)),
        ):
            rule.check(name, value)
        along, across = known.seen(batch_size, draws, seed)
        return Noise(batch_size, along, across, known)


class Fan(Picture):
    """Gradients of many mini-batches as a fan around the full gradient, and their angle against the batch size."""

    def axes_key(self, result: Noise) -> Hashable:
        return result.known.rows

    def axes(self, result: Noise) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        style.label_axes(left, "along the full gradient", "across it", "Every line is a mini-batch")
        left.set_xlim(-2.5, 4.5)
        left.set_ylim(-3.5, 3.5)
        left.axhline(0, color=style.GHOST, linewidth=0.8)
        style.label_axes(right, "batch size", "angle, degrees", "Angle to the full gradient")
        style.scale(right, x="log")
        right.set_xlim(0.8, result.known.rows * 1.25)
        right.set_ylim(0, 92)
        right.set_yticks(range(0, 91, 15))
        return figure

    def artists(self, figure: Figure, result: Noise, *, ghost: str = "") -> list[Artist]:
        """Draws the fan and the angles; of a ghost, only the angles."""
        left, right = figure.axes
        found: list[Artist] = []
        if not ghost:
            x, y = (_from_zero(ends) for ends in (result.along, result.sideways))
            found += left.plot(x, y, color=style.COLORS[0], linewidth=0.8, alpha=0.5)
            found += left.plot([0, 1], [0, 0], color=style.COLORS[1], linewidth=3, solid_capstyle="butt")
            found.append(left.text(1.05, 0.15, "all rows", color=style.COLORS[1], fontsize=9))
        color, dashes = style.look(ghost)
        sizes, angles = result.known.angle_curve
        found += right.plot(sizes, angles, color=color, linestyle=dashes, linewidth=1.8)
        found += right.plot([result.batch_size], [result.typical_angle], "o", color=color, markersize=8)
        if ghost:
            found += style.end_labels(right, [(ghost, sizes[0], float(angles[0]), color)])
        return found

    def alt(self) -> str:
        return (
            "Gradients of mini-batches: on the left a line for each, with the gradient of all rows as a thick line to "
            "the right; on the right the median angle between the two against the batch size."
        )


def _from_zero(ends: np.ndarray) -> np.ndarray:
    """Lists the places of one long line that goes from 0 to each end, and is broken in between."""
    return np.stack([np.zeros(len(ends)), ends, np.full(len(ends), np.nan)], axis=1).ravel()
