"""Optimizers as pure update rules: new weights and slots from old weights, gradient and slots.

A rule uses nothing but arithmetic, so the same lines move NumPy arrays by hand and TensorFlow tensors in a
compiled loop. The tests compare each with its counterpart in `keras.optimizers`. Where formulas of a paper and of Keras
differ (the place of epsilon, say), these follow Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Slots = tuple[Any, ...]
UpdateRule = Callable[[Any, Any, Slots, Any, Mapping[str, Any]], tuple[Any, Slots]]


@dataclass(frozen=True)
class Optimizer:
    """A named update rule.

    Args:
        name: What it is called.
        rule: Function of (weights, gradient, slots, step counted from 1, knobs) that returns the new weights
            and the new slots. Knobs hold `learning_rate` and whatever `defaults` names.
        slots: Start value of each array that the rule remembers per weight.
        defaults: Its knobs, with Keras' default values.
    """

    name: str
    rule: UpdateRule
    slots: tuple[float, ...] = ()
    defaults: Mapping[str, float] = field(default_factory=dict)

    def update(self, weights: Any, gradient: Any, slots: Slots, step: Any, knobs: Mapping[str, Any]) -> Any:
        """Decays the weights, then applies the rule.

        Args:
            weights: Array of any shape.
            gradient: Array of the same shape.
            slots: The arrays that the last update returned, each of the same shape.
            step: Number of this update, counted from 1.
            knobs: `learning_rate`, `weight_decay` and the rule's own knobs, each a number.

        Returns:
            The new weights and the new slots.

        Source: decoupled weight decay, Loshchilov & Hutter 2017, algorithm 2, as Keras scales it by the rate.
        """
        decayed = weights - weights * (knobs["weight_decay"] * knobs["learning_rate"])
        return self.rule(decayed, gradient, slots, step, knobs)


def _sgd(weights: Any, gradient: Any, slots: Slots, step: Any, knobs: Mapping[str, Any]) -> Any:
    return weights - knobs["learning_rate"] * gradient, slots


def _momentum(weights: Any, gradient: Any, slots: Slots, step: Any, knobs: Mapping[str, Any]) -> Any:
    (velocity,) = slots
    velocity = knobs["momentum"] * velocity - knobs["learning_rate"] * gradient
    return weights + velocity, (velocity,)


def _nesterov(weights: Any, gradient: Any, slots: Slots, step: Any, knobs: Mapping[str, Any]) -> Any:
    (velocity,) = slots
    push = knobs["learning_rate"] * gradient
    velocity = knobs["momentum"] * velocity - push
    return weights + knobs["momentum"] * velocity - push, (velocity,)


def _adagrad(weights: Any, gradient: Any, slots: Slots, step: Any, knobs: Mapping[str, Any]) -> Any:
    (total,) = slots
    total = total + gradient * gradient
    return weights - knobs["learning_rate"] * gradient / (total + knobs["epsilon"]) ** 0.5, (total,)


def _adadelta(weights: Any, gradient: Any, slots: Slots, step: Any, knobs: Mapping[str, Any]) -> Any:
    square, moved = slots
    rho, epsilon = knobs["rho"], knobs["epsilon"]
    square = rho * square + (1 - rho) * gradient * gradient
    move = gradient * (moved + epsilon) ** 0.5 / (square + epsilon) ** 0.5
    moved = rho * moved + (1 - rho) * move * move
    return weights - knobs["learning_rate"] * move, (square, moved)


def _rmsprop(weights: Any, gradient: Any, slots: Slots, step: Any, knobs: Mapping[str, Any]) -> Any:
    (square,) = slots
    square = knobs["rho"] * square + (1 - knobs["rho"]) * gradient * gradient
    return weights - knobs["learning_rate"] * gradient / (square + knobs["epsilon"]) ** 0.5, (square,)


def _adam(weights: Any, gradient: Any, slots: Slots, step: Any, knobs: Mapping[str, Any]) -> Any:
    mean, square = slots
    beta_1, beta_2 = knobs["beta_1"], knobs["beta_2"]
    mean = mean + (1 - beta_1) * (gradient - mean)
    square = square + (1 - beta_2) * (gradient * gradient - square)
    rate = knobs["learning_rate"] * (1 - beta_2**step) ** 0.5 / (1 - beta_1**step)
    return weights - rate * mean / (square**0.5 + knobs["epsilon"]), (mean, square)


_ADAM = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}

#: Every optimizer of the course by name. Sources: momentum, Polyak 1964; Nesterov 1983 as in Sutskever et al. 2013;
#: Adagrad, Duchi et al. 2011; Adadelta, Zeiler 2012; RMSProp, Hinton 2012, lecture 6e; Adam, Kingma & Ba 2014,
#: algorithm 1; AdamW, Loshchilov & Hutter 2017, algorithm 2.
OPTIMIZERS: dict[str, Optimizer] = {
    optimizer.name: optimizer
    for optimizer in (
        Optimizer("sgd", _sgd, (), {"learning_rate": 0.01}),
        Optimizer("momentum", _momentum, (0.0,), {"learning_rate": 0.01, "momentum": 0.9}),
        Optimizer("nesterov", _nesterov, (0.0,), {"learning_rate": 0.01, "momentum": 0.9}),
        Optimizer("adagrad", _adagrad, (0.1,), {"learning_rate": 0.001, "epsilon": 1e-7}),
        Optimizer("adadelta", _adadelta, (0.0, 0.0), {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-7}),
        Optimizer("rmsprop", _rmsprop, (0.0,), {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7}),
        Optimizer("adam", _adam, (0.0, 0.0), _ADAM),
        Optimizer("adamw", _adam, (0.0, 0.0), {**_ADAM, "weight_decay": 0.004}),
    )
}


def get(name: str) -> Optimizer:
    """Looks an optimizer up.

    Args:
        name: One of `OPTIMIZERS`.

    Returns:
        The optimizer.

    Raises:
        ValueError: If there is none of that name.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"optimizer={name!r} is not known: choose one of {', '.join(OPTIMIZERS)}.")
    return OPTIMIZERS[name]
