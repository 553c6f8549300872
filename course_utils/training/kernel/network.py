"""From a Keras model to a plan for the kernel, or a reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from course_utils.training.kernel.keras_parts import NotPlanned
from course_utils.training.kernel.layout import lay_out
from course_utils.training.kernel.plan import Network
from course_utils.training.kernel.reader import Reader
from course_utils.training.kernel.records import OPTIMIZERS
from course_utils.training.losses import FROM_LOGITS


@dataclass(frozen=True)
class ModelPlan:
    """The kernel's network of a Keras model.

    Args:
        network: The network.
        variables: For each of the network's weights its place in
            `[*model.trainable_variables, *model.non_trainable_variables without seeds]`.
    """

    network: Network
    variables: list[int]


def plan_model(
    model: keras.Model, *, loss: str, optimizer: str, batch_size: int, track_norms: bool = False
) -> ModelPlan:
    """Plans the training of a Keras model.

    The last softmax or sigmoid is left out where the loss undoes it, as in the other engine.

    Args:
        model: A built Sequential or Functional model; it is read, never changed.
        loss: A key of `losses.LOSSES`.
        optimizer: A key of `optimizers.OPTIMIZERS`.
        batch_size: Rows in a batch.
        track_norms: Whether to measure the lengths of gradients and updates.

    Returns:
        The plan.

    Raises:
        NotPlanned: If the kernel does not know some part of the model; the message names it.
    """
    if optimizer not in OPTIMIZERS:
        raise NotPlanned(f"the kernel does not know the optimizer {optimizer!r}")
    reader = Reader(model, undone=FROM_LOGITS.get(loss))
    try:
        network = lay_out(
            reader.plan, reader.output, loss=loss, optimizer=optimizer, batch_size=batch_size, track_norms=track_norms
        )
    except ValueError as too_large:
        raise NotPlanned(str(too_large)) from too_large
    kept = [v for v in model.non_trainable_variables if "seed_generator" not in v.path]
    places = {id(v): place for place, v in enumerate([*model.trainable_variables, *kept])}
    return ModelPlan(network, [places[id(reader.variables[id(w)])] for w in network.weights])
