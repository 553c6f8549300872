"""The two engines, the kernel and TensorFlow: which of them trains a network, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course_utils.training import knobs
from course_utils.training.cores import cores
from course_utils.training.kernel.keras_parts import NotPlanned
from course_utils.training.kernel.machine import choose
from course_utils.training.kernel.network import ModelPlan, plan_model
from course_utils.training.kernel.placed import Unavailable
from course_utils.training.kernel.records import KNOBS
from course_utils.training.kernel_shard import KernelShard
from course_utils.training.population import Population
from course_utils.training.xla.program import Program, program_of
from course_utils.training.xla.shard import XLAShard

#: The knobs that networks on the kernel have: those of its own, of the penalties, and those that act before the steps.
_OF_THE_KERNEL = {*KNOBS, "l1", "l2", *knobs.BEFORE_STEPS}

#: The most networks that one call of XLA trains; more are no faster.
_MOST = 32


@dataclass(frozen=True)
class Engine:
    """What trains networks of one population, optimizer and batch size.

    Args:
        words: Which engine it is, and why.
        plan: The kernel's network, None where it does not train.
        program: TensorFlow's, None where the kernel trains.
    """

    words: str
    plan: ModelPlan | None = None
    program: Program | None = None

    def shards(
        self, population: Population, members: list[dict[str, Any]], places: list[int], data: tuple, epochs: int
    ) -> list[KernelShard | XLAShard]:
        """Divides members among shards, so that all cores are busy.

        Args:
            population: Where their first weights come from.
            members: Complete setting of each network of the training.
            places: Which of them to take.
            data: Training inputs, targets with the rows' weights, validation inputs and targets.
            epochs: Passes over the training rows.

        Returns:
            The shards.
        """
        population.check_dropout([members[place]["dropout"] for place in places])
        if self.plan is not None:
            parts = [places[core :: cores()] for core in range(min(cores(), len(places)))]
            chosen = [[members[place] for place in part] for part in parts]
            return [KernelShard(population, self.plan, *both, data, epochs) for both in zip(chosen, parts)]
        size = _seats(len(places))
        parts = [places[at : at + size] for at in range(0, len(places), size)]
        chosen = [[members[place] for place in part] for part in parts]
        return [XLAShard(population, self.program, *both, data, epochs) for both in zip(chosen, parts)]


def engine_for(population: Population, member: Mapping[str, Any], wanted: str, *, track_norms: bool) -> Engine:
    """Picks the engine: the kernel where it knows all parts of the model, and else TensorFlow, mostly with XLA.

    Args:
        population: The networks.
        member: Complete setting of one of them.
        wanted: "auto", "kernel" or "xla".
        track_norms: Whether to measure the lengths of gradients and updates.

    Returns:
        The engine.

    Raises:
        ValueError: If neither can train such a model, or the one that is wanted cannot.
    """
    if wanted == "xla":
        reason = "engine='xla' asks for it"
        return _tensorflow(population, member, reason, jit_compile=True, track_norms=track_norms)
    try:
        choice = choose()
        _check_knobs(member)
        plan = plan_model(
            population.model,
            loss=population.loss,
            optimizer=member["optimizer"],
            batch_size=member["batch_size"],
            track_norms=track_norms,
        )
    except (NotPlanned, Unavailable) as missing:
        if wanted == "kernel":
            raise ValueError(f"engine='kernel' cannot be used: {missing}; choose 'xla'.") from missing
        # Recurrent layers are unrolled, and compiling that takes longer than a training, and more memory than all else.
        jit_compile = not population.has_recurrence
        return _tensorflow(population, member, str(missing), jit_compile=jit_compile, track_norms=track_norms)
    return Engine(f"kernel, {choice.name}, since {choice.reason}", plan=plan)


def _check_knobs(member: Mapping[str, Any]) -> None:
    """Raises a NotPlanned if there is a knob that only XLA reads from the tables."""
    unknown = [name for name in (*knobs.RUNTIME, *knobs.OPTIMIZER) if name in member and name not in _OF_THE_KERNEL]
    if unknown:
        raise NotPlanned(f"the kernel does not know the knob {unknown[0]!r}")


def _tensorflow(
    population: Population, member: Mapping[str, Any], reason: str, *, jit_compile: bool, track_norms: bool
) -> Engine:
    program = program_of(population.computation, member["optimizer"], jit_compile=jit_compile, track_norms=track_norms)
    return Engine(f"{'XLA' if jit_compile else 'TensorFlow'}, since {reason}", program=program)


def _seats(members: int) -> int:
    """Counts the members of a shard: enough for all cores, and the same in every shard, so that XLA compiles once."""
    most = min(_MOST, math.ceil(members / cores()))
    return max(size for size in range(1, most + 1) if members % size == 0)
