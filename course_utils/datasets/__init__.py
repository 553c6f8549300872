"""Data sets: arrays split into training, validation and test parts."""

from course_utils.datasets.dataset import Dataset, digits, fashion_mnist, from_arrays, line, mnist, moons
from course_utils.datasets.text import as_text

__all__ = ["Dataset", "as_text", "digits", "fashion_mnist", "from_arrays", "line", "mnist", "moons"]
