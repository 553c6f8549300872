"""Controls of a lab."""

import pytest

from course_utils import schedules
from course_utils.lab import choice, int_slider, log_slider, slider
from course_utils.lab.controls import check_values


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


@pytest.mark.parametrize(
    ("control", "ends"),
    [(slider(-2, -1, -1.5), (-2, -1)), (log_slider(1e-3, 10, 1), (1e-3, 10)), (int_slider(-3, 3, 0), (-3, 3))],
)
def test_a_slider_takes_its_ends_and_nothing_beyond(control, ends):
    for end in ends:
        check_values({"rate": end}, {"rate": control})
    for value in (ends[0] - 1, ends[1] + 1, True, "1", None):
        with pytest.raises(ValueError, match=r"rate=.* cannot be used: choose a (whole )?number from"):
            check_values({"rate": value}, {"rate": control})
