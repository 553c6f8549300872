"""What a lab needs to know of a result besides its picture: how far it has come, and how to say it in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from course_utils.training import Runs


class Result(Protocol):
    """What the trainer of a lab yields, again and again as it grows; `Runs` is one."""

    @property
    def compiling(self) -> bool:
        """Whether there is nothing to see yet, because something is being compiled."""

    @property
    def started(self) -> bool:
        """Whether there is anything to see."""

    @property
    def finished(self) -> bool:
        """Whether this is the last; others also have `epochs` and `epochs_done`, by which a lab paces its frames."""

    def summary(self) -> str:
        """Says in the status line what came out."""

    def scores(self) -> dict[str, str]:
        """Gives what the table of runs tried shows, by the names of its columns."""


class AtOnce:
    """A result that is computed in one go: there is nothing on the way to it."""

    compiling: ClassVar[bool] = False
    started: ClassVar[bool] = True
    finished: ClassVar[bool] = True


@dataclass(frozen=True)
class OfRuns:
    """A result that is read from runs, and has come as far as they have.

    Args:
        runs: The runs, complete or not.
    """

    runs: Runs

    @property
    def epochs(self) -> int:
        """Epochs that were asked for."""
        return self.runs.epochs

    @property
    def epochs_done(self) -> int:
        """Epochs done."""
        return self.runs.epochs_done

    @property
    def compiling(self) -> bool:
        """Whether not even one step is taken."""
        return self.runs.compiling

    @property
    def started(self) -> bool:
        """Whether any epoch is done."""
        return self.runs.started

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.runs.finished
