"""Draws: the published generator, the rule of its key and its counter, and the distributions."""

import statistics

import numpy as np
import pytest
from scipy import stats

from course_utils.portable import Draws
from course_utils.portable.draws import normal_quantile

#: Counter, key and result of Philox4x64-10: three known answers that its authors publish with it, in
#: tests/kat_vectors of Random123.
KNOWN_ANSWERS = [
    (
        [0] * 4,
        [0] * 2,
        [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B],
    ),
    (
        [0xFFFFFFFFFFFFFFFF] * 4,
        [0xFFFFFFFFFFFFFFFF] * 2,
        [0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0],
    ),
    (
        [0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89],
        [0x452821E638D01377, 0xBE5466CF34E90C6C],
        [0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6],
    ),
]


def philox(counter, key):
    """Philox4x64-10 in whole numbers, as its paper has it."""
    x, k, low = list(counter), list(key), 2**64 - 1
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * x[0], 0xCA5A826395121157 * x[2]
        x = [(second >> 64) ^ x[1] ^ k[0], second & low, (first >> 64) ^ x[3] ^ k[1], first & low]
        k = [(k[0] + 0x9E3779B97F4A7C15) & low, (k[1] + 0xBB67AE8584CAA73B) & low]
    return x


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_the_generator_is_the_published_one(counter, key, words):
    assert philox(counter, key) == words


@pytest.mark.parametrize("seed", [0, 7, 2**40 + 1])
def test_words_follow_from_the_letters_the_seed_and_the_numbers_of_the_stream(seed):
    key = [seed, sum(ord(letter) << 8 * place for place, letter in enumerate("order"))]
    expected = [word for block in (1, 2, 3) for word in philox([block, 5, 6, 0], key)]
    draws = Draws("order", seed, 5, 6)
    assert [*draws.bits(5).tolist(), *draws.bits(7).tolist()] == expected


def test_of_large_seeds_64_bits_count():
    np.testing.assert_array_equal(Draws("a", 2**64 + 3).bits(4), Draws("a", 3).bits(4))


def test_streams_differ_in_every_part_of_their_name():
    streams = [("a", 0), ("b", 0), ("ab", 0), ("a", 1), ("a", 0, 1), ("a", 0, 0, 1), ("a", 0, 0, 0, 1)]
    assert len({tuple(Draws(*stream).bits(4).tolist()) for stream in streams}) == len(streams)


@pytest.mark.parametrize("what", ["", "nine_char", "größe"])
def test_a_word_that_fits_no_key_is_refused(what):
    with pytest.raises(ValueError, match=f"what='{what}' .*choose"):
        Draws(what, 0)


def test_four_numbers_are_too_many():
    with pytest.raises(ValueError, match="choose at most three"):
        Draws("a", 0, 1, 2, 3, 4)


def test_numbers_are_made_of_words_as_the_documents_tell():
    words = Draws("a", 5).bits(200).tolist()
    assert Draws("a", 5).uniform(200, 2, 6).tolist() == [2 + 4 * ((word >> 11) / 2**53) for word in words]
    assert Draws("a", 5).integers(10, (20, 10)).ravel().tolist() == [(word >> 32) * 10 >> 32 for word in words]
    normal = [statistics.NormalDist().inv_cdf(((word >> 12) + 0.5) / 2**52) for word in words]
    np.testing.assert_allclose(Draws("a", 5).normal(200, 1, 3), 1 + 3 * np.array(normal), rtol=1e-13, atol=1e-13)
    order = sorted(range(200), key=lambda place: (words[place] >> 8, place))
    assert Draws("a", 5).permutation(200).tolist() == order


def test_a_permutation_has_every_number_once():
    for count in (0, 1, 2, 255, 256, 257):
        assert sorted(Draws("a", 0).permutation(count)) == list(range(count))


def test_all_orders_are_equally_likely():
    orders = [tuple(Draws("a", seed).permutation(4).tolist()) for seed in range(4800)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 0.001


def test_quantiles_are_right_to_the_last_digits_far_into_the_tails():
    share = np.concatenate([np.linspace(0.0005, 0.9995, 2000), 10.0 ** -np.linspace(3, 16, 50)])
    exact = [statistics.NormalDist().inv_cdf(one) for one in share]
    np.testing.assert_allclose(normal_quantile(share), exact, rtol=2e-15)


@pytest.mark.parametrize(
    ("drawn", "distribution"),
    [
        (Draws("a", 0).uniform(100_000, -2, 3), stats.uniform(-2, 5)),
        (Draws("b", 1).normal(100_000, 1, 2), stats.norm(1, 2)),
        (Draws("c", 2).truncated_normal(100_000, 1, 3), stats.truncnorm(-2, 2, 1, 3)),
    ],
    ids=["uniform", "normal", "truncated normal"],
)
def test_distributions_are_what_they_are_called(drawn, distribution):
    assert stats.kstest(drawn, distribution.cdf).pvalue > 0.01
    assert drawn.std() == pytest.approx(distribution.std(), rel=0.01)
    below, above = distribution.support()
    assert below <= drawn.min()
    assert drawn.max() <= above
