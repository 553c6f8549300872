"""Saturation: how many units of a random network stand where their activation is flat, and what that does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.chapters import activation_functions
from course_utils.chapters.signal_propagation import RandomNetworks, Signals, SignalsByLayer
from course_utils.drawing import draw_curve, style


@dataclass(frozen=True)
class Saturation(Signals):
    """Signals, and where the units stand.

    Args:
        flat: Share of units and rows at a flat place of the activation, shape (networks, depth).
    """

    flat: np.ndarray = None

    def summary(self) -> str:
        """Says how many units are flat, and what becomes of the gradients."""
        words = super().summary().split(" · ")[-1]
        return (
            f"at a flat place: {_percent(self.flat[:, 0])} in the first layer, {_percent(self.flat)} in all · {words}"
        )

    def scores(self) -> dict[str, str]:
        return {"flat": _percent(self.flat), "gradients ×": super().scores()["gradients ×"]}


class SaturatingNetworks(RandomNetworks):
    """Networks straight after initialisation, like `RandomNetworks`, measured with an eye on their flat units.

    Example:
        >>> SaturatingNetworks(datasets.digits()).run(activation="tanh", scale=4.0).flat.mean()
    """

    def run(
        self,
        *,
        activation: str = "sigmoid",
        scale: float = 1.0,
        depth: int = 10,
        family: str = "glorot",
        width: int = 64,
        seeds: int = 5,
    ) -> Saturation:
        """Measures a few networks; takes what `RandomNetworks.run` takes."""
        found = super().run(family=family, scale=scale, activation=activation, depth=depth, width=width, seeds=seeds)
        sums = [self.forward(self.weights(s, family, scale, depth, width), activation)[0] for s in range(seeds)]
        flat = [[np.mean(activation_functions.is_flat(activation, z)) for z in layers] for layers in sums]
        return Saturation(found.outputs, found.gradients, flat=np.array(flat))


class FlatByLayer(SignalsByLayer):
    """Share of units at a flat place in each layer on the left, the gradients that come back on the right."""

    def axes(self, result: Saturation) -> Figure:
        figure = super().axes(result)
        left = figure.axes[0]
        style.label_axes(left, "layer", "share of units", "At a flat place of the activation")
        left.set_yscale("linear")
        left.set_ylim(-0.02, 1.02)
        return figure

    def artists(self, figure: Figure, result: Saturation, *, ghost: str = "") -> list[Artist]:
        """Draws both for every layer."""
        left, right = figure.axes
        color, dashes = style.look(ghost)
        layers = np.arange(1, result.flat.shape[1] + 1)
        found = draw_curve(left, layers, result.flat, color, dashes)
        found += draw_curve(right, layers, np.clip(result.gradients, *self.limits), color, dashes)
        if ghost:
            found += style.end_labels(left, [(ghost, layers[-1], float(np.median(result.flat[:, -1])), color)])
        return found

    def alt(self) -> str:
        return (
            "Random networks: on the left the share of each layer's units that stand at a flat place of their "
            "activation, on the right, on a logarithmic scale, the size of the gradients that come back to it."
        )


def _percent(share: Any) -> str:
    return f"{100 * np.mean(share):.0f} %"
