"""The tables of the folder data: published figures as they were written down, and stories as they went on MNIST."""

import pandas as pd
import pytest

from course_utils import tables
from notebooks.build import reproduce


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
def test_what_is_no_published_table_is_refused(name):
    with pytest.raises(ValueError, match="is no table"):
        tables.published(name)


def test_the_table_has_the_stories_of_the_chapters_and_no_others():
    kept = pd.read_csv(tables.data_file("reproduced.csv"))
    assert list(kept["story"].unique()) == list(reproduce.STORIES)
    for name, rows in kept.groupby("story"):
        assert set(rows["chapter"]) == {reproduce.find(name).chapter}


@pytest.mark.parametrize("story", reproduce.STORIES)
def test_a_story_was_measured_on_mnist_over_five_seeds_and_more(story):
    rows = tables.reproduced(story)
    assert rows["dataset"].str.startswith("MNIST").all()
    assert (rows["training_rows"] >= 8000).all()
    assert (rows["seeds"] >= 5).all()


def test_an_unknown_story_is_refused():
    with pytest.raises(ValueError, match=r"story='my_story' is not kept: choose one of .*one_layer_story"):
        tables.reproduced("my_story")


def curves(story):
    """Gives the rows of a story by where its networks started."""
    return {start: rows.sort_values("epoch") for start, rows in tables.reproduced(story).groupby("start")}


def test_one_layer_starts_and_ends_well_from_zeros_and_badly_from_large_random_weights():
    one_layer = curves("one_layer_story")
    zeros, normal = one_layer["zeros"], one_layer["normal, σ = 1"]
    assert list(zeros["epoch"]) == list(range(1, 21))
    assert zeros["lowest"].iloc[0] > 0.8
    assert zeros["lowest"].iloc[-1] > 0.88
    assert normal["highest"].iloc[0] < 0.6
    assert normal["highest"].iloc[-1] < zeros["lowest"].iloc[-1] - 0.03
    assert normal["lowest"].iloc[-1] > normal["highest"].iloc[0] + 0.2, "the way is long, not closed"


def test_the_cnn_learns_from_xavier_and_from_a_narrow_normal_and_stays_far_behind_from_a_wide_one():
    cnn = curves("cnn_story")
    xavier, narrow, wide = cnn["Xavier"], cnn["σ = 0.05"], cnn["σ = 1"]
    assert xavier["lowest"].iloc[-1] > 0.95
    assert narrow["lowest"].iloc[-1] > 0.95
    assert wide["highest"].iloc[-1] < xavier["lowest"].iloc[-1] - 0.03
    assert (wide["highest"].to_numpy() < xavier["lowest"].to_numpy()).all()
    assert xavier["first loss"].max() < 3
    assert wide["first loss"].min() > 100


def test_at_a_fixed_rate_larger_batches_do_worse_and_scaling_the_rate_makes_up_for_most_of_it():
    rows = tables.reproduced("batch_table").set_index(["rule", "batch size"])
    for score in ("lowest", "accuracy", "highest"):
        fixed, linear = rows.loc["fixed", score], rows.loc["linear", score]
        assert fixed[16] - fixed[256] > 0.03
        assert linear[256] - fixed[256] > 0.7 * (fixed[16] - fixed[256])
    assert rows.loc[("fixed", 256), "highest"] < rows.loc[("fixed", 16), "lowest"]
    assert rows.loc[("fixed", 256), "highest"] < rows.loc[("linear", 256), "lowest"]
