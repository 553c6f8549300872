"""Pictures of the chapter on the learning rate: a weight on its parabola, schedules, and paths over contour lines."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.chapters.learning_rate.landscapes import Descent
from course_utils.drawing import Display, draw_curve, style
from course_utils.lab import HEIGHT, WIDTH, LearningCurves, Picture, draw_history, epoch_axis
from course_utils.training import Runs


class Parabola(Picture):
    """A weight's way down a parabola on the left, its loss at each step on the right."""

    def axes_key(self, result: Descent) -> Hashable:
        return len(result.weights), result.weights[0]

    def axes(self, result: Descent) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        reach = 2.2 * abs(result.weights[0])
        style.label_axes(left, "weight", "loss", "The weight on its parabola")
        left.set_xlim(-reach, reach)
        left.set_ylim(-0.3, 12)
        style.label_axes(right, "step", "loss", "Loss at each step")
        style.scale(right, y="log")
        right.set_xlim(0, len(result.weights) - 1)
        right.set_ylim(1e-6, 1e3)
        style.whole_numbers(right)
        return figure

    def artists(self, figure: Figure, result: Descent, *, ghost: str = "") -> list[Artist]:
        left, right = figure.axes
        color, dashes = style.look(ghost)
        found = left.plot(result.weights, result.loss, dashes, color=color, marker="o", markersize=4, linewidth=1)
        steps = np.arange(len(result.loss))
        found += right.plot(steps, np.maximum(result.loss, 1e-12), dashes, color=color, marker=".", linewidth=1.6)
        if ghost:
            return found
        w = np.linspace(*left.get_xlim(), 200)
        return [*left.plot(w, result.curvature / 2 * w**2, color="#8A8A8A", linewidth=1.2), *found]

    def alt(self) -> str:
        return "A weight moves step by step on a parabola; beside it the loss at each step, on a logarithmic scale."


class RateAndLoss(LearningCurves):
    """The learning rate over the run on the left, the validation loss it leads to on the right.

    Args:
        loss_limits: Lowest and highest loss shown.
        rate_limits: Lowest and highest learning rate shown.
        loss_scale: "linear" or "log".
    """

    def __init__(
        self,
        loss_limits: tuple[float, float] = (0, 2.5),
        rate_limits: tuple[float, float] = (0, 1),
        loss_scale: str = "linear",
    ) -> None:
        super().__init__(loss_limits, None, loss_scale)
        self.rate_limits = rate_limits

    def axes(self, result: Runs) -> Figure:
        figure, (left, right) = style.new_figure(2, WIDTH, HEIGHT)
        epoch_axis(left, result.epochs, "learning rate", "Learning rate at each step")
        left.set_ylim(*self.rate_limits)
        style.scale(right, y=self.loss_scale)
        epoch_axis(right, result.epochs, "loss", "Validation loss")
        right.set_ylim(*self.loss_limits)
        return figure

    def artists(self, figure: Figure, result: Runs, *, ghost: str = "") -> list[Artist]:
        left, right = figure.axes
        color, dashes = style.look(ghost)
        rates = result.learning_rates[0]
        epochs = np.arange(len(rates)) / result.steps_per_epoch[0]
        found = draw_curve(left, epochs, rates[None], color, dashes)
        return found + draw_history(right, result, [("", "val_loss")], ghost=ghost)

    def alt(self) -> str:
        return "The learning rate at each step on the left, the validation loss after each epoch on the right."


class SurfaceDisplay(Display):
    """Paths of an optimizer over the contour lines of a function of two weights.

    Args:
        function: Loss of two weights, working on arrays.
        paths: Weights after each step, shape (steps, 2), for each named path.
        title: The message.
        xlim: Range of the first weight.
        ylim: Range of the second weight.
        xlabel: Name of the first weight.
        ylabel: Name of the second weight.
        levels: Values of the contour lines, or how many.
    """

    def __init__(
        self,
        function: Callable[[np.ndarray, np.ndarray], np.ndarray],
        paths: Mapping[str, np.ndarray],
        title: str = "",
        *,
        xlim: tuple[float, float] = (-2, 2),
        ylim: tuple[float, float] = (-2, 2),
        xlabel: str = "first weight",
        ylabel: str = "second weight",
        levels: int | Sequence[float] = 18,
    ) -> None:
        super().__init__(title, xlabel, ylabel)
        self.function, self.levels, self.xlim, self.ylim = function, levels, xlim, ylim
        self.paths = {name: np.asarray(path, float) for name, path in paths.items()}

    def _draw(self, ax: Axes) -> None:
        grid = np.meshgrid(np.linspace(*self.xlim, 120), np.linspace(*self.ylim, 120))
        ax.contour(*grid, self.function(*grid), levels=self.levels, colors="#B5B5B5", linewidths=0.7)
        ax.set_xlim(*self.xlim)
        ax.set_ylim(*self.ylim)
        ends = []
        for index, (name, path) in enumerate(self.paths.items()):
            color = style.COLORS[index % len(style.COLORS)]
            ax.plot(*path.T, style.DASHES[0], marker=".", markersize=4, color=color, linewidth=1.2)
            inside = [point for point in path if abs(point[1]) <= max(map(abs, self.ylim))]
            ends.append((name, *(inside[-1] if inside else path[0]), color))
        style.end_labels(ax, ends)

    def _words(self) -> str:
        return f"Contour lines of the loss, with the paths {', '.join(self.paths)}."
