"""Training: one or many networks at once, and what came of them."""

from course_utils.training import knobs, optimizers
from course_utils.training.runs import Runs
from course_utils.training.trainer import Trainer

__all__ = ["Runs", "Trainer", "knobs", "optimizers"]
