"""Decision regions: which class a network gives to every point of a plane, drawn while it trains or afterwards."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from course_utils import predictions
from course_utils.datasets import Dataset
from course_utils.drawing import Display, style
from course_utils.lab import HEIGHT, LOSSES, WIDTH, Picture, draw_history, epoch_axis

#: From points, shape (points, 2), to the probability of each class, shape (points, classes).
Predict = Callable[[np.ndarray], np.ndarray]

#: A marker for each class, so that nothing hangs on colour alone, with the word for it.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_SHAPES = ("discs", "squares", "triangles", "diamonds", "hanging triangles", "pluses", "crosses")

#: Cells of the grid along and upward; in every eighth stands a small marker of the winning class.
_CELLS = (96, 72)
_EVERY = 8
#: Rows drawn of each class.
_SHOWN = 100
#: Depth of the colour where the network is undecided and where it is sure.
_DEPTHS = (0.06, 0.45)


class Plane(NamedTuple):
    """Probabilities on a grid over the plane.

    Args:
        across: Positions along, shape (columns,).
        upward: Positions upward, shape (rows,).
        probabilities: Shape (rows, columns, classes).
    """

    across: np.ndarray
    upward: np.ndarray
    probabilities: np.ndarray


def on_grid(predict: Predict, limits: tuple[tuple[float, float], tuple[float, float]]) -> Plane:
    """Asks a network at the middle of every cell of a grid.

    Args:
        predict: The network.
        limits: Lowest and highest value along, and upward.

    Returns:
        Its answers.
    """
    across, upward = (
        low + (high - low) * (np.arange(cells) + 0.5) / cells for (low, high), cells in zip(limits, _CELLS)
    )
    points = np.stack(np.meshgrid(across, upward), axis=-1).astype("float32")
    return Plane(across, upward, np.asarray(predict(points.reshape(-1, 2))).reshape(*points.shape[:2], -1))


def limits_of(x: np.ndarray, margin: float = 0.1) -> tuple[tuple[float, float], tuple[float, float]]:
    """Finds the part of the plane that holds some points.

    Args:
        x: Points, shape (rows, 2).
        margin: What to leave free around them, as a part of their spread.

    Returns:
        Lowest and highest value along, and upward.

    Raises:
        ValueError: If the points do not lie in a plane.
    """
    if np.ndim(x) != 2 or np.shape(x)[1] != 2:
        raise ValueError(f"x has shape {np.shape(x)}: decision regions need two features, shape (rows, 2).")
    low, high = np.min(x, axis=0), np.max(x, axis=0)
    edge = margin * (high - low)
    return tuple(zip((low - edge).tolist(), (high + edge).tolist()))


def draw_regions(ax: Axes, grid: Plane) -> list[Artist]:
    """Colours the plane by the most probable class, deeper where it is surer, with a small marker here and there.

    Args:
        ax: Where, with limits already set.
        grid: What to draw; cells without finite probabilities stay white.

    Returns:
        The artists.
    """
    table = np.nan_to_num(grid.probabilities)
    classes, winner = table.shape[-1], table.argmax(axis=-1)
    sure = np.clip((table.max(axis=-1) - 1 / classes) / (1 - 1 / classes), 0, 1)
    known = np.isfinite(grid.probabilities).all(axis=-1)
    depth = np.where(known, _DEPTHS[0] + (_DEPTHS[1] - _DEPTHS[0]) * sure, 0)
    pixels = np.dstack([np.array([to_rgb(color) for color in style.COLORS])[winner], depth])
    extent = (*ax.get_xlim(), *ax.get_ylim())
    found: list[Artist] = [ax.imshow(pixels, extent=extent, origin="lower", aspect="auto", interpolation="nearest")]
    some = slice(_EVERY // 2, None, _EVERY)
    for index in range(classes):
        rows, columns = np.nonzero((winner == index)[some, some] & known[some, some])
        places = (grid.across[some][columns], grid.upward[some][rows])
        found += ax.plot(*places, MARKERS[index], color=style.COLORS[index], markersize=2.6, alpha=0.8, linewidth=0)
    return found


def draw_borders(ax: Axes, grid: Plane, color: str = style.TEXT, dashes: str = "solid") -> list[Artist]:
    """Draws the lines between the regions, and returns the artists."""
    found, table = [], grid.probabilities
    for index in range(table.shape[-1] - (table.shape[-1] == 2)):  # with two classes, once is enough
        lead = table[..., index] - np.delete(table, index, axis=-1).max(axis=-1)
        if np.isfinite(lead).all() and lead.min() < 0 < lead.max():
            lines = ax.contour(grid.across, grid.upward, lead, levels=[0], colors=color, linestyles=dashes)
            lines.set_linewidth(1.1)
            found.append(lines)
    return found


def draw_points(ax: Axes, x: np.ndarray, y: np.ndarray) -> list[Artist]:
    """Draws points, each class with its own marker, of many only the first hundred; returns the artists."""
    edges = {"markeredgecolor": "white", "markeredgewidth": 0.5, "linewidth": 0, "markersize": 5}
    found = []
    for index in np.unique(y):
        found += ax.plot(*x[y == index][:_SHOWN].T, MARKERS[index], color=style.COLORS[index], **edges)
    return found


class DecisionRegions(Picture):
    """A lab's picture: the regions of one network with training points on them, and the losses of all networks.

    Args:
        dataset: Two features; at most seven classes.
        member: Number of the network whose regions are drawn.
        loss_limits: Lowest and highest loss shown.
        names: Names of the two features.

    Raises:
        ValueError: If the data have no two features, or too many classes.

    Example:
        >>> Lab(Trainer(models.mlp, moons), DecisionRegions(moons), learning_rate=log_slider(0.001, 10, 0.1))
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        member: int = 0,
        loss_limits: tuple[float, float] = (0, 1.2),
        names: tuple[str, str] = ("first feature", "second feature"),
    ) -> None:
        self.dataset, self.member, self.loss_limits, self.names = dataset, member, loss_limits, names
        self.limits, self.classes = limits_of(dataset.x_train), dataset.classes or 0
        if not 2 <= self.classes <= len(MARKERS):
            raise ValueError(f"dataset={dataset.name!r} has {self.classes} classes: regions need 2 to {len(MARKERS)}.")

    def axes_key(self, result: Any) -> Hashable:
        return result.epochs

    def axes(self, result: Any) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        figure.subplots_adjust(wspace=0.3)  # no names stand between the two
        style.label_axes(left, *self.names, "Regions of one network, training points")
        left.grid(visible=False)
        left.set(xlim=self.limits[0], ylim=self.limits[1])
        epoch_axis(right, result.epochs, "loss", "Loss")
        right.set_ylim(*self.loss_limits)
        return figure

    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        """Draws regions, points and losses; of a ghost, its borders and its validation loss."""
        left, right = figure.axes
        curves = draw_history(right, result, LOSSES, ghost=ghost)
        grid = on_grid(predict_of(result, self.member), self.limits)
        if ghost:
            return draw_borders(left, grid, style.GHOST, "dotted") + curves
        points = draw_points(left, self.dataset.x_train, self.dataset.y_train)
        return [*draw_regions(left, grid), *points, *draw_borders(left, grid), *curves]

    def alt(self) -> str:
        return (
            f"On the left the plane of two features, {_words(self.classes)} On the right training and validation loss "
            "after each epoch."
        )


class RegionsDisplay(Display):
    """The regions of one network, with points on them.

    Args:
        predict: The network, such as `predict_of(runs)`.
        x: Points, shape (rows, 2).
        y: Their classes, shape (rows,).
        title: The message.
        names: Names of the two features.
    """

    def __init__(
        self,
        predict: Predict,
        x: np.ndarray,
        y: np.ndarray,
        title: str = "",
        *,
        names: Sequence[str] = ("first feature", "second feature"),
    ) -> None:
        super().__init__(title, *names)
        self.x, self.y = np.asarray(x), np.asarray(y)
        self.grid = on_grid(predict, limits_of(self.x))

    def _draw(self, ax: Axes) -> None:
        limits = limits_of(self.x)
        ax.grid(visible=False)
        ax.set(xlim=limits[0], ylim=limits[1])
        ax.locator_params(nbins=5)
        draw_regions(ax, self.grid)
        draw_points(ax, self.x, self.y)
        draw_borders(ax, self.grid)

    def _words(self) -> str:
        return f"The plane is {_words(self.grid.probabilities.shape[-1])}"


def predict_of(runs: Any, member: int = 0) -> Predict:
    """Gives the function from points to probabilities of one network of some runs, complete or not."""
    one = runs.take([member])
    return lambda points: predictions.probabilities(one, points)[0]


def _words(classes: int) -> str:
    shapes = " and ".join([", ".join(_SHAPES[: classes - 1]), _SHAPES[classes - 1]])
    return (
        "coloured and dotted by the class that a network gives to each point, deeper where it is surer, with points "
        f"of the data on it; the classes are drawn as {shapes}."
    )
