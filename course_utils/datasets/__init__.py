"""Data sets: arrays split into training, validation and test parts."""

from course_utils.datasets.dataset import Dataset, digits, fashion_mnist, from_arrays, line, mnist, moons

__all__ = ["Dataset", "digits", "fashion_mnist", "from_arrays", "line", "mnist", "moons"]
