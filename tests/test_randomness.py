"""Named streams: reproducible for ever, independent of one another, and the same however they are cut."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from faceswap_lab.randomness import key, seed_of, stream, uniforms

SEEDS = st.integers(min_value=0, max_value=2**63 - 1)
NAMES = st.lists(st.text(max_size=6) | st.integers(), max_size=4).map(tuple)


def test_known_answers_of_the_key():
    """Stored values: a change here is another numbering, and every run made so far another run."""
    assert key(0) == 0xB6BA2B51A6A6A414C5663D7D4385B67
    assert key(3, "init", "decoder_A") == 0x83BC77AD8E8F52F2155955B3611C1C37
    assert seed_of(3, "init", "decoder_A") == 4746296850947484025


def test_known_answers_of_the_numbers():
    assert stream(3, "draw", "A", 7).integers(0, 2**32, 4).tolist() == [3548330900, 989564454, 930145716, 3355994818]
    expected = [
        [0.024048895390837544, 0.9386893231200949, 0.35873636667463815],
        [0.289528166743921, 0.3301499481579897, 0.9883956626859931],
    ]
    np.testing.assert_allclose(uniforms(3, "draw", "A", first=7, count=2, width=3), expected, rtol=0, atol=0)


def test_the_key_is_a_hash_of_types_lengths_and_values():
    """The parts are told apart: no two lists of names run into one another."""
    alike = [("a", "b"), ("ab",), ("a/b",), ("a/str:1:b",), ("", "ab"), (1,), ("1",), (-1,), ("-1",), (), ("",), (0,)]
    keys = [key(0, *names) for names in alike] + [key(seed) for seed in (1, 10, 11)] + [key(1, 0), key(10)]
    assert len(set(keys)) == len(keys) - 1  # key(10) is there twice
    assert all(0 <= k < 2**128 for k in keys)


@given(SEEDS, NAMES, SEEDS, NAMES)
def test_two_streams_are_the_same_only_if_seed_and_names_are(seed: int, names: tuple, other: int, others: tuple):
    assert (key(seed, *names) == key(other, *others)) == ((seed, names) == (other, others))
    assert 0 <= seed_of(seed, *names) < 2**63


@settings(max_examples=60)
@given(
    seed=SEEDS,
    first=st.integers(0, 2**40),
    width=st.integers(1, 70),
    cuts=st.lists(st.integers(0, 40), max_size=4),
)
def test_blocks_are_the_same_however_they_are_cut(seed: int, first: int, width: int, cuts: list[int]):
    whole = uniforms(seed, "draw", "A", first=first, count=40, width=width)
    edges = [0, *sorted(cuts), 40]
    parts = [
        uniforms(seed, "draw", "A", first=first + a, count=b - a, width=width) for a, b in itertools.pairwise(edges)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.shape == (40, width)
    assert whole.dtype == np.float64
    assert ((whole >= 0) & (whole < 1)).all()


@given(SEEDS, st.integers(1, 20))
def test_a_row_is_the_streams_words_as_philox_counts_them(seed: int, width: int):
    """Against NumPy's own reading of the same generator, without jumping."""
    padded = -(-width // 4) * 4
    words = np.random.Philox(key=key(seed, "x")).random_raw(5 * padded).reshape(5, padded)
    expected = (words[:, :width] >> np.uint64(11)) / 2**53
    np.testing.assert_array_equal(uniforms(seed, "x", first=0, count=5, width=width), expected)


def test_rows_do_not_share_numbers():
    drawn = uniforms(0, "draw", "A", first=0, count=2000, width=7)
    assert len(np.unique(drawn)) == drawn.size


@pytest.mark.parametrize("seed", range(3))
def test_the_numbers_are_uniform(seed: int):
    """Kolmogorov-Smirnov over all numbers, and over each column of many rows."""
    drawn = uniforms(seed, "draw", "B", first=0, count=20_000, width=6)
    assert stats.kstest(drawn.ravel(), "uniform").pvalue > 1e-4
    assert min(stats.kstest(column, "uniform").pvalue for column in drawn.T) > 1e-4


def test_streams_beside_one_another_are_uncorrelated():
    """Neighbouring seeds, sides, names and columns: what a weak seeding would tie together."""
    count = 20_000
    streams = [
        uniforms(seed, kind, side, first=0, count=count, width=1)[:, 0]
        for seed in (0, 1)
        for kind in ("draw", "init")
        for side in ("A", "B")
    ]
    streams += list(uniforms(0, "draw", "A", first=0, count=count, width=4).T[1:])
    streams.append(uniforms(0, "draw", "A", first=1, count=count, width=1)[:, 0])
    correlations = np.corrcoef(streams)[np.triu_indices(len(streams), 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(count)  # five standard errors over 66 pairs


def test_seeds_for_other_generators_spread_over_their_range():
    seeds = np.array([seed_of(0, "noise", i) for i in range(5000)]) / 2.0**63
    assert stats.kstest(seeds, "uniform").pvalue > 1e-4
