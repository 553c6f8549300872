"""Pictures as text, so that a learner sees the data before anything that draws is explained."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def as_text(pictures: ArrayLike) -> str:
    """Draws grey pictures side by side with characters: the darker the character, the more ink.

    Args:
        pictures: Grey values of square pictures, from 0 to 1, shape (pictures, pixels) or (pictures, side, side).

    Returns:
        A line of text for each row of pixels.

    Raises:
        ValueError: If the pictures are not square, or a value is not from 0 to 1.
    """
    pictures = np.asarray(pictures)
    side = math.isqrt(pictures[0].size)
    if side**2 != pictures[0].size or pictures.min() < 0 or pictures.max() > 1:
        raise ValueError(
            f"pictures of shape {pictures.shape} with values from {pictures.min():g} to {pictures.max():g} cannot be "
            "used: choose square ones with values from 0 to 1."
        )
    ink = np.array(list(" .:-=+*%@"))
    drawn = ink[(pictures.reshape(-1, side, side) * 8).astype(int)]
    return "\n".join("      ".join(" ".join(line) for line in lines).rstrip() for lines in zip(*drawn))
