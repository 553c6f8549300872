"""How a lab writes values as code."""

import numpy as np
import pytest

from course_utils import schedules
from course_utils.lab.words import as_code


@pytest.mark.parametrize(
    "value",
    [0.1, "adam", [8, 16], schedules.Cosine(), schedules.WarmUp(2, then=schedules.Step(0.5, 5)), schedules.Constant()],
)
def test_the_code_of_a_value_makes_the_value_again(value):
    assert eval(as_code(value), {"schedules": schedules}) == value  # noqa: S307 - the code under test


def test_a_class_elsewhere_that_has_the_name_of_a_schedule_is_none():
    class Step:
        def __repr__(self):
            return "Step of a dance"

    assert as_code(Step()) == "Step of a dance"
    assert as_code(np.float64(0.5)) == repr(np.float64(0.5))
