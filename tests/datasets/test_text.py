"""Pictures as text: every grey value has its character, and what cannot be drawn is refused."""

import numpy as np
import pytest

from course_utils import datasets

# Two pictures of 2 × 2 pixels; of the second, the lower row is empty.
PICTURES = np.array([[0.0, 1.0, 0.5, 0.99], [0.13, 0.26, 0.0, 0.0]])


@pytest.mark.parametrize("shape", [(2, 4), (2, 2, 2), (2, 2, 2, 1)])
def test_pictures_stand_side_by_side_in_whatever_shape_they_come(shape):
    assert datasets.as_text(PICTURES.reshape(shape)) == "  @      . :\n= %"


@pytest.mark.parametrize("wrong", [np.zeros((1, 5)), np.full((1, 4), 16.0), np.full((1, 4), -0.1)])
def test_what_is_not_square_or_not_between_0_and_1_is_refused(wrong):
    with pytest.raises(ValueError, match=r"cannot be used: choose square ones with values from 0 to 1"):
        datasets.as_text(wrong)
