"""From the knobs that are given to the complete setting of every network, with all values checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course_utils.training import knobs as knob_rules
from course_utils.training import optimizers


class Settings:
    """The knobs of a trainer: which it has, their defaults, and what they accept.

    Args:
        optimizer: A key of `optimizers.OPTIMIZERS`.
        batch_size: Rows in a mini-batch.
        model_knobs: Keywords of the function that builds the model, with their defaults.
        rows: Number of training rows.
    """

    def __init__(self, optimizer: str, batch_size: int, model_knobs: Mapping[str, Any], rows: int) -> None:
        self.optimizer, self.batch_size = optimizers.get(optimizer).name, batch_size
        self.model_knobs = model_knobs
        self._rows = rows
        self.check_batch_size(batch_size)

    def check_batch_size(self, value: Any) -> None:
        """Raises a ValueError unless there are batches of that many rows."""
        knob_rules.batch_size(self._rows).check("batch_size", value)

    def unfold(self, settings: Sequence[Mapping[str, Any]] | None, knobs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Lists the complete settings that are asked for.

        Args:
            settings: Knobs of each, or None for one.
            knobs: Knobs of all; of lists of values, all combinations are meant.

        Returns:
            A value of every knob, for each setting.

        Raises:
            ValueError: If there is no setting, a knob is unknown, or a value cannot be used.
        """
        chosen = [{**knobs, **setting} for setting in ([{}] if settings is None else settings)]
        if not chosen:
            raise ValueError("settings=[] trains nothing: give at least one setting.")
        unfolded = [one for setting in chosen for one in knob_rules.unfold(setting)]
        used = {name for s in unfolded for name in optimizers.get(s.get("optimizer", self.optimizer)).defaults}
        for setting in unfolded:
            for name in setting:
                self._check_name(name, used)
        return [self.complete(setting) for setting in unfolded]

    def complete(self, setting: Mapping[str, Any]) -> dict[str, Any]:
        """Adds the default of every knob that a setting leaves out, and checks all values.

        Args:
            setting: Some of the knobs.

        Returns:
            A value of every knob.

        Raises:
            ValueError: If a value cannot be used.
        """
        optimizer = optimizers.get(setting.get("optimizer", self.optimizer))
        defaults = {name: knob.default for name, knob in knob_rules.RUNTIME.items()}
        known = {**defaults, **optimizer.defaults, **self._own, **self.model_knobs}
        full = {name: setting.get(name, default) for name, default in known.items()}
        rules = {**knob_rules.RUNTIME, **knob_rules.OPTIMIZER}
        for name, value in full.items():
            if name in rules:
                rules[name].check(name, value)
        self.check_batch_size(full["batch_size"])
        return full

    def signature(self, member: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """Picks the knobs that must be equal in networks that one compiled call trains.

        Args:
            member: A value of every knob.

        Returns:
            Names and values, sorted by name.
        """
        return tuple((name, member[name]) for name in sorted((*self._own, *self.model_knobs)))

    @property
    def _own(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer, "batch_size": self.batch_size}

    def _check_name(self, name: str, used: set[str]) -> None:
        known = {*knob_rules.RUNTIME, *used, *self._own, *self.model_knobs}
        if name in known:
            return
        if name in knob_rules.OPTIMIZER:
            having = [o.name for o in optimizers.OPTIMIZERS.values() if name in o.defaults]
            raise ValueError(f"{name} is no knob of this optimizer: leave it out, or choose {' or '.join(having)}.")
        raise ValueError(f"{name} is no knob of this trainer: choose among {', '.join(sorted(known))}.")
