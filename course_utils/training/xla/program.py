"""Training and validation of several networks of one architecture at once, compiled when they are first needed."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from course_utils.training import losses, optimizers
from course_utils.training.initialization import Weights
from course_utils.training.population import Computation
from course_utils.training.xla import fast_layers

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


@lru_cache(maxsize=8)
def program_of(computation: Computation, optimizer: str, *, jit_compile: bool, track_norms: bool) -> Program:
    """Makes a program, or gives the one of an equal computation: this is the one place that keeps what is compiled.

    Args:
        computation: What the networks compute.
        optimizer: A key of `optimizers.OPTIMIZERS`.
        jit_compile: Whether XLA compiles it; TensorFlow else runs it operation by operation.
        track_norms: Whether to measure the length of every gradient and of every update.

    Returns:
        The program.

    Raises:
        ValueError: If the model has a random layer other than Dropout.
    """
    return Program(computation, optimizer, jit_compile=jit_compile, track_norms=track_norms)


class Program:
    """Training of networks that share a computation and an optimizer, and differ in weights and knobs.

    Knobs are inputs of the compiled function, one value a member, so that no change of a knob compiles anything.

    Args:
        computation: What the networks compute; its model is copied.
        optimizer: A key of `optimizers.OPTIMIZERS`.
        jit_compile: Whether XLA compiles it; TensorFlow else runs it operation by operation.
        track_norms: Whether to measure the length of every gradient and of every update.

    Raises:
        ValueError: If the model has a random layer other than Dropout.
    """

    def __init__(self, computation: Computation, optimizer: str, *, jit_compile: bool, track_norms: bool) -> None:
        self.optimizer = optimizers.get(optimizer)
        self._loss = losses.LOSSES[computation.loss]
        self._classify = computation.classify
        self._track_norms = track_norms
        self._fast = fast_layers.fast_copy(computation.model, losses.FROM_LOGITS.get(computation.loss))
        self._dropouts = fast_layers.runtime_dropouts(self._fast)
        self._idle = fast_layers.idle_seeds(self._fast)
        own = {id(v) for v in (*self._idle, *(v for d in self._dropouts for v in d.non_trainable_variables))}
        self._kept = [id(v) not in own for v in self._fast.non_trainable_variables]
        self._kernels = [len(v.shape) >= 2 for v in self._fast.trainable_variables]
        self._constraints = [v.constraint for v in self._fast.trainable_variables]
        self.train = tf.function(self._train, jit_compile=jit_compile, autograph=False)
        #: Shapes of shards that are compiled, and a lock to hold meanwhile, so that no two threads compile the same.
        self.compiled: set[tuple] = set()
        self.compile_lock = threading.Lock()

    def begin(self, draws: list[tuple[Weights, Weights]], seeds: list[int], dropout: list[float | None]) -> State:
        """Makes the state of members that have not been trained.

        Args:
            draws: First weights of each member, in the order of the Keras model's variables.
            seeds: Seed of each member, from which its dropout noise follows.
            dropout: Dropout rate of each member, None for the rates that the model was built with.

        Returns:
            The state.
        """
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

    def _own_values(self, seeds: list[int], dropout: list[float | None]) -> dict[int, list]:
        """Makes the values of the variables that only the fast copy has, by the variables' ids."""
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
        return losses.correct(y, outputs) if self._classify else tf.zeros(tf.shape(outputs)[0])


def _beside(weights: tf.Tensor, knobs: dict) -> dict:
    """Shapes knobs, one value a member, so that they meet the weights of their member."""
    shape = [-1] + [1] * (len(weights.shape) - 1)
    return {name: tf.reshape(values, shape) for name, values in knobs.items()}


def _length(arrays: list) -> tf.Tensor:
    """Length of all of each member's arrays together, shape (members,)."""
    return tf.sqrt(sum(tf.reduce_sum(array * array, axis=range(1, len(array.shape))) for array in arrays))
