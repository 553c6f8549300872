"""Published figures: read as they were written down."""

import pytest

from course_utils import published


def test_the_table_of_mishkin_has_the_figures_that_the_course_cites():
    table = published.table("mishkin_batch_normalization")
    assert set(table.normalization) == {"none", "before", "after"}
    caffe = table[(table.network == "CaffeNet128") & (table.scale_and_bias == "no")]
    at = caffe.set_index(["normalization", "dropout"]).accuracy
    assert (at["before", 0.5], at["after", 0.5]) == (0.474, 0.499)
    assert (at["after", 0.2], at["after", 0]) == (0.527, 0.513)


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match="no published table 'nothing'"):
        published.table("nothing")
