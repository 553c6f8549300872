"""How far a search is: a progress bar with the best value so far."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic

import optuna

from course_utils.search.storage import unfinished
from course_utils.training.progress import progress_bar

#: Seconds between two looks at how far a search is.
_PAUSE = 0.2


class Bar:
    """A progress bar with the best value so far.

    Args:
        study: The study to follow.
        total: How many trials it is to have.
        metric: What a trial's value is called.
        progress: Whether to show anything.
    """

    def __init__(self, study: optuna.Study, total: int, metric: str, *, progress: bool) -> None:
        self._study, self._metric, self._shown = study, metric, 0.0
        self._bar = progress_bar(total, "trials", shown=progress)

    def show(self) -> None:
        """Updates the bar, unless it was updated a moment ago."""
        if self._bar.disable or monotonic() - self._shown < _PAUSE:
            return
        with suppress(ValueError):  # no trial has a value yet
            self._bar.set_postfix_str(f"best {self._metric} {self._study.best_value:.3g}", refresh=False)
        self._bar.update(self._bar.total - len(unfinished(self._study, self._bar.total)) - self._bar.n)
        self._shown = monotonic()

    def close(self) -> None:
        """Closes the bar."""
        self._bar.close()
