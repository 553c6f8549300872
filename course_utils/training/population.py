"""Compiled training and validation of several networks of one architecture at once."""

from __future__ import annotations

import copy
import threading
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from course_utils.training import fast_layers, losses
from course_utils.training.initialization import InitialWeights, Weights
from course_utils.training.optimizers import Optimizer

#: A run counts as diverged when a batch loss is not finite, or this many times the first one.
BLOW_UP = 1000.0

#: Rows evaluated in one piece.
_PIECE = 2048


class State(NamedTuple):
    """Everything that training changes; the leading axis of every array is the member."""

    trainable: list
    non_trainable: list
    slots: list
    step: tf.Tensor
    first_loss: tf.Tensor
    diverged_at: tf.Tensor


class Steps(NamedTuple):
    """What a stretch of steps measured, at each step and each member: arrays of shape (steps, members).

    `correct` is the number of right answers in all the steps, shape (members,). The last two, of the same shape, are
    measured on the validation rows after the last step of an epoch, and 0 elsewhere.
    """

    loss: tf.Tensor
    update_norm: tf.Tensor
    gradient_norm: tf.Tensor
    correct: tf.Tensor
    val_loss: tf.Tensor
    val_accuracy: tf.Tensor


class Population:
    """Networks that share architecture, optimizer and loss, and differ in weights and knobs.

    Knobs are inputs of the compiled functions, one value a member, so that no change of a knob compiles anything.

    Args:
        model: The Keras model; it is copied.
        optimizer: The update rule.
        loss: Name of a loss, None to pick one that fits.
        classes: Number of classes, None for a regression.
        track_norms: Whether to measure the length of every gradient and of every update.
    """

    def __init__(
        self, model: keras.Model, optimizer: Optimizer, loss: str | None, classes: int | None, *, track_norms: bool
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.loss_name, self._loss = losses.choose(loss, classes, model.output_shape[-1])
        self.classify = classes is not None
        self._track_norms = track_norms
        self._initial = InitialWeights(model)
        self._fast = fast_layers.fast_copy(model, _left_out(model, self.loss_name))
        self._dropouts = fast_layers.runtime_dropouts(self._fast)
        self._idle = fast_layers.idle_seeds(self._fast)
        own = {id(v) for v in (*self._idle, *(v for d in self._dropouts for v in d.non_trainable_variables))}
        self._kept = [id(v) not in own for v in self._fast.non_trainable_variables]
        self._kernels = [len(v.shape) >= 2 for v in self._fast.trainable_variables]
        self._constraints = [v.constraint for v in self._fast.trainable_variables]
        self.train = tf.function(self._train, jit_compile=True, autograph=False)
        #: Shapes of shards that are compiled, and a lock to hold meanwhile, so that no two threads compile the same.
        self.compiled: set[tuple] = set()
        self.compile_lock = threading.Lock()
        #: Seconds that a step of a shard of some shape took when it was last trained.
        self.seconds_per_step: dict[tuple, float] = {}

    def starting_as(self, model: keras.Model) -> Population:
        """Makes the population of a model that differs from this one's in its initialisers only; the rest is shared."""
        other = copy.copy(self)
        other.model, other._initial = model, InitialWeights(model)  # noqa: SLF001 - one of its own kind
        return other

    def initial_weights(self, seed: int, scale: float) -> tuple[Weights, Weights]:
        """Draws the first weights of a member, in the order of the Keras model's variables."""
        return self._initial.draw(seed, scale)

    def begin(self, seeds: list[int], scales: list[float], dropout: list[float | None]) -> State:
        """Makes the state of members that have not been trained.

        Args:
            seeds: Seed of each member: its weights and its dropout noise follow from it.
            scales: Factor on the random initial weights of each member.
            dropout: Dropout rate of each member, None for the rates that the model was built with.

        Returns:
            The state.

        Raises:
            ValueError: If there is a dropout rate and no layer to use it.
        """
        draws = [self._initial.draw(seed, scale) for seed, scale in zip(seeds, scales)]
        trainable = [tf.constant(np.stack(weights)) for weights in zip(*(draw[0] for draw in draws))]
        kept = iter(list(zip(*(draw[1] for draw in draws))))
        own = self._own_values(seeds, dropout)
        non_trainable = [
            tf.constant(np.stack(next(kept) if keep else own[id(v)]))
            for v, keep in zip(self._fast.non_trainable_variables, self._kept)
        ]
        slots = [tuple(tf.fill(w.shape, start) for start in self.optimizer.slots) for w in trainable]
        members = len(seeds)
        return State(
            trainable,
            non_trainable,
            slots,
            tf.constant(0),
            tf.fill((members,), np.float32(np.inf)),
            tf.zeros((members,), tf.int32),
        )

    def check_dropout(self, dropout: list[float | None]) -> None:
        """Raises a ValueError if there is a dropout rate and no layer to use it."""
        given = [rate for rate in dropout if rate is not None]
        if given and not self._dropouts:
            raise ValueError(
                f"dropout={given[0]!r} has nothing to act on: put keras.layers.Dropout into the model "
                "(models.mlp does with dropout_layers=True)."
            )

    def _own_values(self, seeds: list[int], dropout: list[float | None]) -> dict[int, list]:
        """Makes the values of the variables that only the fast copy has, by the variables' ids."""
        self.check_dropout(dropout)
        values = {id(seed): [seed.numpy()] * len(seeds) for seed in self._idle}
        for index, layer in enumerate(self._dropouts):
            values[id(layer.seed)] = list(fast_layers.noise_starts(seeds, index))
            values[id(layer.rate)] = [np.float32(layer.start_rate if rate is None else rate) for rate in dropout]
        return values

    def weights(self, state: State, member: int) -> tuple[Weights, Weights]:
        """Reads the weights of one member, in the order of the Keras model's variables."""
        kept = [values for values, keep in zip(state.non_trainable, self._kept) if keep]
        return [v[member].numpy() for v in state.trainable], [v[member].numpy() for v in kept]

    def _evaluate(self, state: State, x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Measures the mean loss and the accuracy of every member on the same rows, some rows at a time."""
        loss, right = 0.0, 0.0
        for at in range(0, x.shape[0], _PIECE):
            piece, targets = x[at : at + _PIECE], y[at : at + _PIECE]

            def member(weights: tuple, piece: tf.Tensor = piece, targets: tf.Tensor = targets) -> tuple:
                outputs, _ = self._fast.stateless_call(*weights, piece, training=False)
                return tf.reduce_sum(self._loss(targets, outputs)), tf.reduce_sum(self._correct(targets, outputs))

            sums = tf.vectorized_map(member, (state.trainable, state.non_trainable))
            loss, right = loss + sums[0], right + sums[1]
        return loss / x.shape[0], right / x.shape[0]

    def _train(
        self, state: State, data: tuple, order: tf.Tensor, rates: tf.Tensor, knobs: dict, span: tf.Tensor
    ) -> tuple[State, Steps]:
        """Takes the steps span[0] … span[1] of an epoch whose batches `order` lists, shape (members, steps, rows).

        In `data`, training targets come with the weight of each row in the loss.
        """
        x, y, *validation = data
        members, steps = order.shape[0], tf.shape(order)[1]
        empty = [tf.TensorArray(tf.float32, steps, element_shape=(members,)) for _ in range(3)]

        def body(at: tf.Tensor, state: State, measured: list, correct: tf.Tensor) -> tuple:
            rows = order[:, at]
            batch = (tf.gather(x, rows), *(tf.gather(column, rows) for column in y))
            state, loss, lengths, right = self._step(state, batch, {**knobs, "learning_rate": rates[:, at]})
            measured = [array.write(at, value) for array, value in zip(measured, (loss, *lengths))]
            return at + 1, state, measured, correct + right

        _, state, measured, correct = tf.while_loop(
            lambda at, *_: at < span[1], body, (span[0], state, empty, tf.zeros((members,)))
        )
        nothing = (tf.zeros((members,)), tf.zeros((members,)))
        scores = tf.cond(span[1] == steps, lambda: self._evaluate(state, *validation), lambda: nothing)
        return state, Steps(*(array.stack() for array in measured), correct, *scores)

    def _step(self, state: State, batch: tuple, knobs: dict) -> tuple:
        step = state.step + 1
        loss, right, gradients, non_trainable = tf.vectorized_map(
            lambda inputs: self._gradients(*inputs), (state.trainable, state.non_trainable, batch, knobs)
        )
        moved = [
            self.optimizer.update(w, g, m, tf.cast(step, tf.float32), _beside(w, knobs))
            for w, g, m in zip(state.trainable, gradients, state.slots)
        ]
        new = [
            w if constrain is None else tf.vectorized_map(constrain, w)
            for constrain, (w, _) in zip(self._constraints, moved)
        ]
        lengths = (tf.zeros_like(loss), tf.zeros_like(loss))
        if self._track_norms:
            lengths = (_length([a - b for a, b in zip(new, state.trainable)]), _length(gradients))
        first = tf.where(step == 1, loss, state.first_loss)
        gone = ~tf.math.is_finite(loss) | (loss > BLOW_UP * first)
        diverged_at = tf.where((state.diverged_at == 0) & gone, step, state.diverged_at)
        return State(new, non_trainable, [m for _, m in moved], step, first, diverged_at), loss, lengths, right

    def _gradients(self, trainable: list, non_trainable: list, batch: tuple, knobs: dict) -> tuple:
        x, y, sample_weight = batch
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            outputs, non_trainable, extra = self._fast.stateless_call(
                trainable, non_trainable, x, training=True, return_losses=True
            )
            loss = tf.reduce_mean(sample_weight * self._loss(y, outputs))
            kernels = [w for w, is_kernel in zip(trainable, self._kernels) if is_kernel]
            penalty = knobs["l1"] * sum(tf.reduce_sum(tf.abs(w)) for w in kernels)
            penalty += knobs["l2"] * sum(tf.reduce_sum(w * w) for w in kernels)
            objective = loss + penalty + sum(extra)
        right = tf.reduce_sum(self._correct(y, outputs))
        return loss, right, tape.gradient(objective, trainable), non_trainable

    def _correct(self, y: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        return losses.correct(y, outputs) if self.classify else tf.zeros(tf.shape(outputs)[0])


def _left_out(model: keras.Model, loss: str) -> str | None:
    """Names the output activation to leave out because the loss is computed from logits; checks that both fit."""
    fitting, activation = losses.FROM_LOGITS.get(loss), fast_layers.output_activation(model)
    if fitting and activation not in (fitting, None):
        raise ValueError(
            f"model={model.name!r} ends in {activation}, which does not fit loss={loss!r}: "
            f"let it end in {fitting}, or in no activation."
        )
    return fitting


def _beside(weights: tf.Tensor, knobs: dict) -> dict:
    """Shapes knobs, one value a member, so that they meet the weights of their member."""
    shape = [-1] + [1] * (len(weights.shape) - 1)
    return {name: tf.reshape(values, shape) for name, values in knobs.items()}


def _length(arrays: list) -> tf.Tensor:
    """Length of all of each member's arrays together, shape (members,)."""
    return tf.sqrt(sum(tf.reduce_sum(array * array, axis=range(1, len(array.shape))) for array in arrays))
