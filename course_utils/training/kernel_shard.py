"""A shard that the kernel trains: it stands in for one of compiled networks, and never waits for a compiler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from course_utils.portable import mean
from course_utils.training import optimizers
from course_utils.training.epoch import CURVES, batch_order, rates_of
from course_utils.training.initialization import Weights
from course_utils.training.kernel import engine
from course_utils.training.kernel.machine import choose
from course_utils.training.kernel.network import ModelPlan
from course_utils.training.population import Population


class KernelShard:
    """Members that the kernel trains on one core; it has the methods of `XLAShard`.

    Args:
        population: Where their first weights and their model come from.
        plan: The kernel's network of that model.
        members: Complete setting of each.
        places: The place of each among all members of the training.
        data: Training inputs, targets with the rows' weights, validation inputs and targets.
        epochs: Passes over the training rows.
    """

    needs_compiling: ClassVar[bool] = False

    def __init__(
        self,
        population: Population,
        plan: ModelPlan,
        members: list[dict[str, Any]],
        places: list[int],
        data: tuple,
        epochs: int,
    ) -> None:
        self.population, self.places, self.step = population, places, 0
        self._members, self._epochs, self._variables = members, epochs, plan.variables
        self._optimizer = optimizers.get(members[0]["optimizer"])
        self._batch_size, self._rows = members[0]["batch_size"], len(data[0])
        self.steps_per_epoch = self._rows // self._batch_size
        x_train, (y_train, weights), x_validation, y_validation = data
        self._training = engine.Training(
            plan.network,
            [self._start(member) for member in members],
            engine.Examples(x_train, y_train, weights),
            engine.Examples(x_validation, y_validation),
            steps=self.steps_per_epoch,
            machine=choose().make(),
        )
        shape = (len(members), epochs * self.steps_per_epoch)
        self.batch_loss, self.learning_rates, self.update_norm, self.gradient_norm = (
            np.full(shape, np.nan, "float32") for _ in range(4)
        )
        self.diverged_at = np.zeros(len(members), int)

    def _start(self, member: Mapping[str, Any]) -> engine.Start:
        trainable, rest = self.population.initial_weights(member["seed"], member["init_scale"])
        weights = [*trainable, *rest]
        return engine.Start(
            weights=[weights[place] for place in self._variables],
            slots=self._optimizer.slots,
            knobs={name: member[name] for name in ("weight_decay", "l1", "l2", *self._optimizer.defaults)},
            seed=member["seed"] % 2**32,
            dropout=member["dropout"],
        )

    @property
    def state(self) -> list[list[np.ndarray]]:
        """The weights of every member as they now are."""
        return [seat.weights() for seat in self._training.seats]

    def weights(self, state: list[list[np.ndarray]], seat: int) -> tuple[Weights, Weights]:
        """Picks a member's weights out of a state, in the order of the Keras model's variables."""
        ordered = [value for _, value in sorted(zip(self._variables, state[seat]), key=lambda pair: pair[0])]
        trainable = len(self.population.model.trainable_variables)
        return ordered[:trainable], ordered[trainable:]

    @property
    def epoch_done(self) -> bool:
        """Whether all steps of the epoch have been taken."""
        return self._training.epoch_done

    def begin(self, epoch: int, val_loss: np.ndarray) -> None:
        """Shuffles the data and sets the learning rates of an epoch, as `XLAShard.begin` does."""
        orders = {m["seed"]: batch_order(self._rows, self._batch_size, m["seed"], epoch) for m in self._members}
        rates = rates_of(self._members, self.places, epoch, self.steps_per_epoch, self._epochs, val_loss)
        first = epoch * self.steps_per_epoch
        self.learning_rates[:, first : first + self.steps_per_epoch] = rates
        self._training.begin(np.stack([orders[m["seed"]] for m in self._members]), rates)

    def advance(self, seconds: float) -> None:
        """Takes as many steps of the epoch as fit into a time."""
        self._training.advance(seconds)
        first = self.step - self.step % self.steps_per_epoch if self.step else 0
        for number, seat in enumerate(self._training.seats):
            measured = seat.measured
            past = slice(first, first + len(measured))
            self.batch_loss[number, past], self.update_norm[number, past], self.gradient_norm[number, past] = measured.T
            self.diverged_at[number] = seat.counters["diverged_at"]
        self.step = first + min(seat.done for seat in self._training.seats)

    def finish(self, epoch: int, history: Mapping[str, np.ndarray]) -> None:
        """Writes what an epoch has measured, as `XLAShard.finish` does."""
        losses = self.batch_loss[:, self.step - self.steps_per_epoch : self.step]
        correct = np.array([seat.counters["correct"] for seat in self._training.seats])
        accuracy = correct / (self.steps_per_epoch * self._batch_size)
        scores = self._training.evaluate().T
        for name, curve in zip(CURVES, (mean(losses, axis=1), accuracy, *scores)):
            if name in history:
                history[name][self.places, epoch] = curve
