"""Published tables: they are read as they were published, and only from the folder of data."""

import pytest

from course_utils import published


def test_mishkins_batch_sizes():
    table = published.table("mishkin2016_batch.csv")
    assert table.rate_fixed[1024] == 0.419
    assert table.rate_scaled[1024] == 0.465
    assert table.rate_fixed[256] == table.rate_scaled[256] == 0.471
    assert table.rate_fixed.isna().sum() == 1


@pytest.mark.parametrize("name", ["nowhere.csv", "../pyproject.toml"])
def test_other_files_are_refused(name):
    with pytest.raises(ValueError, match="is no file in the folder data"):
        published.table(name)
