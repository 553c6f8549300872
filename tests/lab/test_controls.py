"""Controls of a lab."""

import pytest

from course_utils import schedules
from course_utils.lab import choice


def test_a_choice_among_values_shows_their_names():
    control = choice([8, 32, 128], 32)
    assert (control.value, control.label) == (32, "32")


@pytest.mark.parametrize("first", ["decays", schedules.Cosine()])
def test_a_choice_begins_with_a_value_or_its_name(first):
    control = choice({"stays": schedules.Constant(), "decays": schedules.Cosine()}, first)
    assert (control.value, control.label) == (schedules.Cosine(), "decays")


@pytest.mark.parametrize("options", [["sgd", "adam"], {"SGD": "sgd", "adam": "adam"}])
def test_a_choice_names_what_it_does_not_have(options):
    with pytest.raises(ValueError, match=r"value='rmsprop' cannot be used: choose (sgd|SGD) or adam\."):
        choice(options, "rmsprop")
