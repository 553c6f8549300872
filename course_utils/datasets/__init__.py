"""Data sets: arrays split into training, validation and test parts."""

from course_utils.datasets.bundled import digits, line, moons
from course_utils.datasets.dataset import Dataset, from_arrays
from course_utils.datasets.downloaded import fashion_mnist, mnist
from course_utils.datasets.text import as_text

__all__ = ["Dataset", "as_text", "digits", "fashion_mnist", "from_arrays", "line", "mnist", "moons"]
