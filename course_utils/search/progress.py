"""How far a search is: a progress bar with the best value so far."""

from __future__ import annotations

from time import monotonic

import optuna
from optuna.trial import TrialState

from course_utils.search.samplers import sign
from course_utils.search.sharing import ended
from course_utils.training.progress import progress_bar

#: Seconds between two looks at how far a search is, other processes' trials included.
PAUSE = 0.2


class Bar:
    """A progress bar with the best value so far.

    Args:
        study: The study to follow.
        trials: How many trials it is to have.
        metric: What a trial's value is called.
        progress: Whether to show anything.
    """

    def __init__(self, study: optuna.Study, trials: int, metric: str, *, progress: bool) -> None:
        self._study, self._metric, self._shown = study, metric, 0.0
        self._bar = progress_bar(trials, "trials", shown=progress)

    def show(self) -> None:
        """Brings it up to date, if that was not done a moment ago."""
        if monotonic() - self._shown < PAUSE:
            return
        trials = self._study.get_trials(deepcopy=False)
        values = [sign(self._study) * t.value for t in trials if t.state == TrialState.COMPLETE]
        if values:
            best = sign(self._study) * max(values)
            self._bar.set_postfix_str(f"best {self._metric} {best:.3g}", refresh=False)
        self._bar.update(ended(self._study, self._bar.total) - self._bar.n)
        self._shown = monotonic()

    def close(self) -> None:
        """Takes it away."""
        self._bar.close()
