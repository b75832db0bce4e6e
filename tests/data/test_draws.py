from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from faceswap_lab.data.draws import draw, shown

MANY = 4000
BATCH = draw(0, "A", 0, MANY)


def flat(draws):
    """Every number of every sample: (n, 55)."""
    return np.concatenate([getattr(draws, f.name).reshape(len(draws), -1) for f in fields(draws)], axis=1)


@pytest.mark.parametrize("numbers", [BATCH.rotation, BATCH.zoom, BATCH.shift[:, 0], BATCH.shift[:, 1]])
def test_pose_is_uniform_between_minus_one_and_one(numbers):
    assert stats.kstest(numbers, stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_flip_is_uniform():
    assert stats.kstest(BATCH.flip, stats.uniform.cdf).pvalue > 1e-3


def test_jitter_is_standard_normal():
    assert stats.kstest(BATCH.jitter.ravel(), stats.norm.cdf).pvalue > 1e-3


def test_no_two_numbers_of_a_sample_are_correlated():
    correlation = np.corrcoef(flat(BATCH), rowvar=False)
    off_diagonal = correlation[~np.eye(len(correlation), dtype=bool)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(MANY)  # five standard errors; 1,485 pairs


@given(st.integers(0, 10**9), st.integers(0, 9), st.integers(1, 9), st.sampled_from("AB"))
def test_a_sample_does_not_depend_on_its_batch(first, before, count, side):
    alone = flat(draw(3, side, first + before, count))
    np.testing.assert_array_equal(flat(draw(3, side, first, before + count))[before:], alone)


def test_sides_and_seeds_draw_differently():
    here = flat(draw(0, "A", 0, 3))
    assert not np.any(here == flat(draw(0, "B", 0, 3)))
    assert not np.any(here == flat(draw(1, "A", 0, 3)))


@given(st.integers(1, 40), st.integers(0, 5))
def test_every_face_once_per_epoch(faces, epoch):
    assert sorted(shown(0, "A", epoch * faces, faces, faces)) == list(range(faces))


def test_epochs_and_sides_have_their_own_order():
    first, second = shown(0, "A", 0, 100, 50).reshape(2, 50)
    assert (first != second).any()
    assert (first != shown(0, "B", 0, 50, 50)).any()


@given(st.integers(1, 20), st.integers(0, 200), st.integers(0, 60), st.integers(0, 60))
def test_faces_shown_do_not_depend_on_the_batch(faces, first, left, right):
    parts = [shown(1, "B", first, left, faces), shown(1, "B", first + left, right, faces)]
    np.testing.assert_array_equal(shown(1, "B", first, left + right, faces), np.concatenate(parts))
