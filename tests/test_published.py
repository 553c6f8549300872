"""Published figures: read as they were written down."""

import pytest

from course_utils import tables


def test_mishkins_batch_sizes():
    table = tables.published("mishkin2016_batch.csv").set_index("batch_size")
    assert table.rate_fixed[1024] == 0.419
    assert table.rate_scaled[1024] == 0.465
    assert table.rate_fixed[256] == table.rate_scaled[256] == 0.471
    assert table.rate_fixed.isna().sum() == 1


def test_mishkins_batch_normalisation():
    table = tables.published("mishkin2016_batch_normalization.csv")
    assert set(table.normalization) == {"none", "before", "after"}
    caffe = table[(table.network == "CaffeNet128") & (table.scale_and_bias == "no")]
    at = caffe.set_index(["normalization", "dropout"]).accuracy
    assert (at["before", 0.5], at["after", 0.5]) == (0.474, 0.499)
    assert (at["after", 0.2], at["after", 0]) == (0.527, 0.513)


@pytest.mark.parametrize("name", ["nothing.csv", "../data/claims.csv", "claims", "configurations.npz"])
def test_other_files_are_refused(name):
    with pytest.raises(ValueError, match="is no table"):
        tables.published(name)
