"""What a lab demands: an experiment that yields results, results that know how far they are, a picture that draws them.

What is written here is checked by `tests/contract.py`, for every picture and every experiment.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.training import Runs

#: Size of a lab's picture in inches; one that needs more height takes it.
WIDTH, HEIGHT = 9.2, 3.3


class Result(Protocol):
    """What came of an experiment so far; `Runs` is one.

    A lab with a `goal` also calls `final(metric)`, which gives the last value of a curve, shape (members,).

    Attributes:
        progress: How far the experiment has come, a field or a property: 0 as long as there is nothing to draw, 1 for
            the last result, None while something is compiled and there is nothing new to see. It never falls.
        engine: Which engine trained the networks, and why; empty where no network is trained.
    """

    progress: float | None
    engine: str = ""

    @abstractmethod
    def summary(self) -> str:
        """Says what came out so far.

        Returns:
            Words for the status line.
        """

    @abstractmethod
    def scores(self) -> dict[str, str]:
        """Gives what the table of tried runs shows; a lab calls it for the last result only.

        Returns:
            The text of each cell, by the name of its column.
        """


class Instant(Result):
    """A result that is computed in one go."""

    progress: ClassVar[float] = 1.0


@dataclass(frozen=True)
class FromRuns(Result):
    """A result that is read from runs, and has come as far as they have.

    Args:
        runs: The runs, complete or not.
    """

    runs: Runs

    @property
    def progress(self) -> float | None:
        """How far the runs have come."""
        return self.runs.progress

    @property
    def engine(self) -> str:
        """Which engine trained them."""
        return self.runs.engine

    def final(self, metric: str) -> np.ndarray:
        """Reads a curve's last value, shape (members,), as `Runs.final` does."""
        return self.runs.final(metric)


class Experiment(ABC):
    """What a lab runs. A `Trainer` has the same methods, so a lab takes either."""

    @abstractmethod
    def stream(self, **knobs: Any) -> Iterator[Result]:
        """Runs step by step, and checks the knobs before it returns.

        Args:
            **knobs: A keyword for each control of the lab and each value that it fixes.

        Returns:
            Results so far, the last of them complete. Closing the iterator ends the experiment.

        Raises:
            ValueError: If a knob is unknown or a value cannot be used; the message names it and says what to do.
        """

    def run(self, **knobs: Any) -> Any:
        """Runs to the end.

        Args:
            **knobs: As for `stream`.

        Returns:
            The last result, which is complete.

        Raises:
            ValueError: As `stream` does.
        """
        last = None
        for last in self.stream(**knobs):  # noqa: B007 - results before the last are not kept, as they may be large
            pass
        return last


class InstantExperiment(Experiment):
    """An experiment that computes its result in one go, so that only `run` has to be written."""

    @abstractmethod
    def run(self, **knobs: Any) -> Result:
        """Computes the result.

        Args:
            **knobs: A keyword for each control of the lab and each value that it fixes.

        Returns:
            The result, complete.

        Raises:
            ValueError: If a knob is unknown or a value cannot be used; the message names it and says what to do.
        """

    def stream(self, **knobs: Any) -> Iterator[Result]:
        """Computes the result before it returns.

        Args:
            **knobs: As for `run`.

        Returns:
            An iterator over that one result.

        Raises:
            ValueError: As `run` does.
        """
        return iter([self.run(**knobs)])


class Picture(ABC):
    """What a lab draws. Axes are kept as pixels, so that only what changes with a result is drawn for each."""

    @abstractmethod
    def axes_key(self, result: Any) -> Hashable:
        """Names the axes that a result needs.

        Args:
            result: A result of the experiment.

        Returns:
            A key: results with equal keys are drawn on the same axes and can be compared there.
        """

    @abstractmethod
    def axes(self, result: Any) -> Figure:
        """Makes the axes, with limits, labels and everything else that stays the same from result to result.

        Args:
            result: A result with the key for which the axes are made.

        Returns:
            A figure, `WIDTH` inches wide.
        """

    @abstractmethod
    def artists(self, figure: Figure, result: Any, *, ghost: str = "") -> list[Artist]:
        """Draws a result on its axes.

        Args:
            figure: What `axes` has made.
            result: A result whose progress is above 0.
            ghost: Name of an earlier result, such as "kept", to be drawn in grey (`style.look`); empty for the newest.

        Returns:
            Every artist drawn, since the lab takes them off again; axes and their limits stay as they are.
        """

    @abstractmethod
    def alt(self) -> str:
        """Says what is drawn, whatever the result.

        Returns:
            Whole sentences, for the picture's alternative text.
        """
