"""Ways to propose the next setting of a search, as Optuna samplers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from course_utils.search.spaces import UnitCube
from course_utils.search.storage import scores

#: Trials in a round from coarse to fine.
ROUND = 16

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


class PointSampler(BaseSampler):
    """Proposes points between 0 and 1, which `UnitCube` turns into settings.

    A proposal depends on the seed, the trial's number and the trials before, and on nothing else, so that a search
    continues after an interruption as if there had been none.

    Args:
        space: An Optuna distribution for each knob.
        seed: Which random proposals.
    """

    def __init__(self, space: Mapping[str, BaseDistribution], seed: int = 0) -> None:
        self.cube = UnitCube(space)
        self.seed = seed
        self._outside = RandomSampler(seed)

    @abstractmethod
    def propose(self, study: Study, trial: FrozenTrial) -> np.ndarray:
        """Proposes a point for a trial.

        Args:
            study: The study, with the trials so far.
            trial: The trial that needs a setting.

        Returns:
            The point, shape (knobs,), each coordinate from 0 to 1.
        """

    def random(self, trial: FrozenTrial) -> np.random.Generator:
        """The random numbers of a trial."""
        return np.random.default_rng([self.seed, trial.number])

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Takes the whole space at once, as Optuna asks for it."""
        del study, trial
        return self.cube.space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Proposes a setting, as Optuna asks for it."""
        del search_space
        return self.cube.setting(self.propose(study, trial))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draws a knob that the space does not hold."""
        return self._outside.sample_independent(study, trial, param_name, param_distribution)


class Random(PointSampler):
    """Every point as likely as any other.

    Source: Bergstra & Bengio, Random Search for Hyper-Parameter Optimization, 2012.
    """

    def propose(self, study: Study, trial: FrozenTrial) -> np.ndarray:
        """Draws a point."""
        del study
        return self.random(trial).uniform(size=len(self.cube.space))


class Grid(PointSampler):
    """Every combination once, in a random order, so that a part of them is spread evenly too.

    Raises:
        ValueError: If a knob has a range, of which no grid takes every value.
    """

    def __init__(self, space: Mapping[str, BaseDistribution], seed: int = 0) -> None:
        super().__init__(space, seed)
        found = list(product(*(_every_value(knob, kind) for knob, kind in space.items())))
        order = np.random.default_rng(seed).permutation(len(found))
        self.combinations = [dict(zip(space, found[index])) for index in order]

    def propose(self, study: Study, trial: FrozenTrial) -> np.ndarray:
        """Takes the trial's combination."""
        del study
        return self.cube.point(self.combinations[trial.number % len(self.combinations)])


def _every_value(knob: str, kind: BaseDistribution) -> list[Any]:
    if isinstance(kind, CategoricalDistribution):
        return list(kind.choices)
    if kind.step is None or kind.log:
        raise ValueError(f"space[{knob!r}] is a range, of which a grid cannot take every value: give a list of values.")
    return [kind.low + index * kind.step for index in range(round((kind.high - kind.low) / kind.step) + 1)]


class QuasiRandom(PointSampler):
    """Scrambled Sobol points: as irregular as random ones, but without gaps and clusters.

    Source: Bousquet et al., Critical Hyper-Parameters: No Random, No Cry, 2017.
    """

    def __init__(self, space: Mapping[str, BaseDistribution], seed: int = 0) -> None:
        super().__init__(space, seed)
        self._points = np.empty((0, len(space)))

    def propose(self, study: Study, trial: FrozenTrial) -> np.ndarray:
        """Takes the next point of the sequence."""
        del study
        if trial.number >= len(self._points):
            from scipy.stats import qmc

            # The points of a longer sequence begin with those of a shorter one.
            sequence = qmc.Sobol(len(self.cube.space), rng=np.random.default_rng(self.seed))
            self._points = sequence.random_base2(max(6, (trial.number + 1).bit_length()))
        return self._points[trial.number]


class CoarseToFine(PointSampler):
    """Rounds of random points, each within a smaller box around the best point so far.

    Args:
        space: An Optuna distribution for each knob.
        seed: Which random proposals.
        each: Trials in a round.
        shrink: Width of each round's box, as a fraction of the one before, along every knob.

    Source: the procedure that the course's documents A, B and C describe.
    """

    def __init__(
        self, space: Mapping[str, BaseDistribution], seed: int = 0, *, each: int = ROUND, shrink: float = 0.5
    ) -> None:
        super().__init__(space, seed)
        self.each, self.shrink = each, shrink

    def box(self, study: Study, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Gives the box that a trial is drawn from.

        Args:
            study: The study; the best of its trials from earlier rounds is the centre of the box.
            number: The trial's number, counted from 0, from which its round follows.

        Returns:
            Lower and upper ends of the box, each of shape (knobs,), from 0 to 1.
        """
        width = self.shrink ** (number // self.each)
        earlier = {t: score for t, score in scores(study).items() if t < number - number % self.each}
        if width == 1 or not earlier:
            return np.zeros(len(self.cube.space)), np.ones(len(self.cube.space))
        best = self.cube.point(study.get_trials(deepcopy=False)[max(earlier, key=earlier.get)].params)
        lower = np.clip(best - width / 2, 0, 1 - width)
        return lower, lower + width

    def propose(self, study: Study, trial: FrozenTrial) -> np.ndarray:
        """Draws a point from the round's box."""
        lower, upper = self.box(study, trial.number)
        return self.random(trial).uniform(lower, upper)


class TreeParzen(PointSampler):
    """Optuna's tree-structured Parzen estimator: where are good trials dense and bad ones sparse?

    Args:
        space: An Optuna distribution for each knob.
        seed: Which random proposals.
        start: Random trials before the first estimate.

    Source: Bergstra et al., Algorithms for Hyper-Parameter Optimization, 2011.
    """

    def __init__(self, space: Mapping[str, BaseDistribution], seed: int = 0, *, start: int = 16) -> None:
        super().__init__(space, seed)
        self.start = start

    def propose(self, study: Study, trial: FrozenTrial) -> np.ndarray:
        """Asks a new sampler of Optuna's each time: its random numbers would otherwise depend on earlier questions."""
        if len(scores(study)) < self.start:
            return self.random(trial).uniform(size=len(self.cube.space))
        seed = int(self.random(trial).integers(2**31))
        # Trials that still run count as poor ones, so that others stay away from them.
        sampler = TPESampler(seed=seed, multivariate=True, n_startup_trials=self.start, constant_liar=True)
        found = sampler.sample_relative(study, trial, self.cube.space)
        return self.cube.point(found) if found else self.random(trial).uniform(size=len(self.cube.space))


def worst_filled(study: Study) -> list[tuple[FrozenTrial, float]]:
    """Lists the trials that ended, with their scores; one that failed or was pruned counts as the worst of all.

    Otherwise a model of the scores would take a region where everything fails for one that is still unexplored.

    Args:
        study: The study.

    Returns:
        Each trial that ended and has a setting, with its score; larger is better.
    """
    known = scores(study)
    worst = min(known.values(), default=0.0)
    ended = study.get_trials(deepcopy=False, states=_ENDED)
    return [(t, known.get(t.number, worst)) for t in ended if t.params]
