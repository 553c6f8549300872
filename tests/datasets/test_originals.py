"""What was published: the numbers are those of the papers, and another set under the same name is recognised."""

from pathlib import Path

import numpy as np
import pytest

from course_utils.datasets.idx import DamagedFileError
from course_utils.datasets.originals import FASHION_MNIST, MNIST, check
from tests.idx_files import pictures


@pytest.mark.parametrize("collection", [MNIST, FASHION_MNIST])
def test_the_parts_have_60000_and_10000_pictures(collection):
    assert [sum(collection.label_counts[part]) for part in ("train", "t10k")] == [60_000, 10_000]


def full(collection, part="t10k"):
    y = np.repeat(np.arange(10, dtype=np.uint8), collection.label_counts[part])
    return np.zeros((len(y), 28, 28), np.uint8), y


@pytest.mark.parametrize(
    ("collection", "arrays", "message"),
    [
        (MNIST, full(FASHION_MNIST), "file holds Fashion-MNIST, not MNIST"),
        (FASHION_MNIST, full(MNIST), "file holds MNIST, not Fashion-MNIST"),
        (MNIST, full(MNIST), r"file holds other pixels than MNIST has \(t10k\)"),
        (MNIST, (full(MNIST)[0], np.zeros(10_000, np.uint8)), r"\[10000, 0.* pictures of the classes, not \[980"),
        (MNIST, pictures(10_010), "file holds 10,010 pictures, and MNIST has 10,000"),
    ],
)
def test_another_set_under_the_same_name_is_refused(collection, arrays, message):
    with pytest.raises(DamagedFileError, match=message):
        check(collection, "t10k", Path("file"), arrays, smaller=True)


def test_a_smaller_set_is_taken_only_where_it_may_be():
    check(MNIST, "t10k", Path("file"), pictures(30), smaller=True)
    with pytest.raises(DamagedFileError, match="file holds 30 pictures, and MNIST has 10,000"):
        check(MNIST, "t10k", Path("file"), pictures(30), smaller=False)


def test_the_published_numbers_are_taken():
    check(FASHION_MNIST, "t10k", Path("file"), full(FASHION_MNIST), smaller=False)
    check(MNIST, "train", Path("file"), full(MNIST, "train"), smaller=False)
