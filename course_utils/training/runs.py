"""Results of training: settings and history of every network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    import pandas as pd


@dataclass(frozen=True)
class Runs:
    """One or many trained networks, complete or as far as training has come.

    Args:
        settings: The knobs of each member, its seed among them.
        history: Curves in the words of Keras' `History.history`, each of shape (members, epochs so far). `loss` and
            `accuracy` are means over the batches of the epoch, measured while the weights change and without
            penalties; `val_loss` and `val_accuracy` are measured after the epoch.
        epochs: Epochs that were asked for.
        diverged_at: Step, counted from 1, at which a member's batch loss was first not finite or a thousand times
            the first one; 0 where that never happened. Shape (members,).
        batch_loss: Loss of every batch so far, one array a member.
        learning_rates: Learning rate of every step so far, one array a member.
        steps_per_epoch: Update steps in an epoch, one number a member.
        engine: Which engine trained, and why.
        update_norm: Length of every update, one array a member, if the trainer tracks updates.
        gradient_norm: Length of every gradient, likewise.
    """

    settings: Sequence[Mapping[str, Any]]
    history: Mapping[str, np.ndarray]
    epochs: int
    diverged_at: np.ndarray
    batch_loss: Sequence[np.ndarray]
    learning_rates: Sequence[np.ndarray]
    steps_per_epoch: Sequence[int]
    engine: str = ""
    update_norm: Sequence[np.ndarray] | None = None
    gradient_norm: Sequence[np.ndarray] | None = None
    _model: Callable[[int, dict], keras.Model] | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.settings)

    def __repr__(self) -> str:
        return f"Runs({_count(len(self), 'network')} · {self.summary()})"

    @property
    def epochs_done(self) -> int:
        """Epochs that every member has completed."""
        return next(iter(self.history.values())).shape[1]

    @property
    def progress(self) -> float | None:
        """Share of the epochs that are done; None while not even one step is taken, since something is compiled."""
        return self.epochs_done / self.epochs if any(map(len, self.batch_loss)) else None

    def final(self, metric: str) -> np.ndarray:
        """Reads a curve's last value.

        Args:
            metric: A key of `history`.

        Returns:
            The value of each member after the last epoch so far, shape (members,).

        Raises:
            ValueError: If there is no such curve, or no epoch is done yet.
        """
        if metric not in self.history:
            raise ValueError(f"metric={metric!r} was not measured: choose one of {', '.join(self.history)}.")
        if not self.epochs_done:
            raise ValueError(f"metric={metric!r} has no value yet: no epoch is done.")
        return self.history[metric][:, -1]

    def by(self, knob: str, metric: str) -> np.ndarray:
        """Reads a curve's last value for each value of a knob and each seed.

        Args:
            knob: The only knob that differs between the members.
            metric: A key of `history`.

        Returns:
            The values after the last epoch so far, shape (values of the knob, seeds), both in the order given.

        Raises:
            ValueError: If there is no such knob or curve, no epoch is done yet, another knob differs too, or there is
                not exactly one network for each value and seed.
        """
        values, seeds = self.values(knob), self.values("seed")
        for other in self.settings[0]:
            found = list(dict.fromkeys(setting[other] for setting in self.settings if other in setting))
            if other not in {knob, "seed"} and len(found) > 1:
                raise ValueError(
                    f"knob={knob!r} cannot be used while {other} differs too: choose one of its values first, as in "
                    f"runs.select({other}={found[0]!r})."
                )
        places = {(setting[knob], setting["seed"]): place for place, setting in enumerate(self.settings)}
        if not len(places) == len(self) == len(values) * len(seeds):
            raise ValueError(
                f"knob={knob!r} cannot be used: choose one with a network for each of its {len(values)} values and "
                f"each of the {len(seeds)} seeds, or use final({metric!r})."
            )
        order = [places[value, seed] for value in values for seed in seeds]
        return self.final(metric)[order].reshape(len(values), len(seeds))

    def summary(self) -> str:
        """Says how training went or goes, in words."""
        if not self.epochs_done:
            return "before the first epoch"
        parts = [f"{self.epochs_done} of {self.epochs} epochs"]
        parts += [f"{name} {value}" for name, value in self.scores().items()]
        seeds = len(self.values("seed"))
        settings = len(self) // seeds
        parts.append(f"{settings} settings × {seeds} seeds" if settings > 1 else _count(seeds, "seed"))
        lost = self.diverged_at[self.diverged_at > 0]
        if len(lost):
            who = "" if len(self) == 1 else f"{len(lost)} of {len(self)} "
            parts.append(f"{who}diverged at step {lost.min()}" + (" at the earliest" if len(lost) > 1 else ""))
        return " · ".join(parts)

    def scores(self) -> dict[str, str]:
        """Gives the last validation score in words: mean ± standard deviation, or the range over several settings."""
        metric = "val_accuracy" if "val_accuracy" in self.history else "val_loss"
        name = metric.replace("val_", "validation ")
        if not self.epochs_done:
            return {}
        last = self.final(metric)
        last = last[np.isfinite(last)]
        if not len(last):
            return {name: "not a number"}
        if len(last) == 1:
            return {name: _score(last[0])}
        if len(self) > len(self.values("seed")):
            return {name: f"{_score(last.min())} … {_score(last.max())}"}
        return {name: f"{_score(last.mean())} ± {_score(last.std())}"}

    def values(self, knob: str) -> list[Any]:
        """Lists the different values of a knob.

        Args:
            knob: The knob, or "seed".

        Returns:
            The values, in the order in which they were given.

        Raises:
            ValueError: If there is no such knob.
        """
        self._require_knob(knob)
        return list(dict.fromkeys(setting[knob] for setting in self.settings))

    def select(self, **knobs: Any) -> Runs:
        """Picks the members that have the given knob values.

        Args:
            **knobs: Value of each knob to look for.

        Returns:
            The runs of those members.

        Raises:
            ValueError: If a knob is unknown or no member matches.
        """
        for knob in knobs:
            self._require_knob(knob)
        members = [i for i, s in enumerate(self.settings) if all(s[k] == v for k, v in knobs.items())]
        if not members:
            wanted = ", ".join(f"{k}={v!r} (has {self.values(k)})" for k, v in knobs.items())
            raise ValueError(f"no network was trained with {wanted}.")
        return self.take(members)

    def take(self, members: Sequence[int]) -> Runs:
        """Picks members by their numbers.

        Args:
            members: Numbers of the members, counted from 0.

        Returns:
            The runs of those members, in that order.

        Raises:
            IndexError: If no member has such a number.
        """

        def pick(values: Sequence | None) -> list | None:
            return None if values is None else [values[i] for i in members]

        return replace(
            self,
            settings=pick(self.settings),
            history={key: curve[list(members)] for key, curve in self.history.items()},
            diverged_at=self.diverged_at[list(members)],
            batch_loss=pick(self.batch_loss),
            learning_rates=pick(self.learning_rates),
            steps_per_epoch=pick(self.steps_per_epoch),
            update_norm=pick(self.update_norm),
            gradient_norm=pick(self.gradient_norm),
            _model=self._model and (lambda member, ready: self._model(members[member], ready)),
        )

    def model(self, member: int = 0) -> keras.Model:
        """Makes a Keras model with the weights of one member, to predict with, save or train further.

        Args:
            member: Number of the member, counted from 0.

        Returns:
            A new model, not compiled.
        """
        return self._model(member, {})

    def models(self) -> Iterator[keras.Model]:
        """Goes through the members' models, faster than `model` does, since it makes one for each architecture.

        Yields:
            A Keras model with the weights of the next member: the one before with other weights where their layers are
            the same, so use each before you take the next.
        """
        ready: dict = {}
        return (self._model(member, ready) for member in range(len(self)))

    def to_frame(self) -> pd.DataFrame:
        """Lists every epoch of every member as a row of a table.

        Returns:
            Columns: `member`, the knobs, `diverged_at`, `epoch` counted from 1, and the curves.
        """
        import pandas as pd

        shape = (len(self), self.epochs_done)
        member, epoch = (axis.ravel() for axis in np.indices(shape))
        knobs = pd.DataFrame(list(self.settings)).iloc[member].reset_index(drop=True)
        curves = {name: curve.ravel() for name, curve in self.history.items()}
        frame = pd.DataFrame({"member": member, **knobs, "diverged_at": self.diverged_at[member]})
        return frame.assign(epoch=epoch + 1, **curves)

    def _require_knob(self, knob: str) -> None:
        if knob not in self.settings[0]:
            raise ValueError(f"knob={knob!r} is not known: choose one of {', '.join(self.settings[0])}.")


def _score(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.1e}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)
