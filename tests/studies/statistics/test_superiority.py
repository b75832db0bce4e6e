import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from faceswap_lab.studies.statistics.paired import probability_better


@given(st.integers(0, 20), st.integers(0, 20), st.sampled_from([0.9, 0.95]))
def test_without_ties_it_is_the_exact_binomial_interval(wins, losses, confidence):
    if wins + losses == 0:
        return
    share, interval = probability_better([1.0] * wins + [-1.0] * losses, higher_is_better=True, confidence=confidence)
    exact = stats.binomtest(wins, wins + losses).proportion_ci(confidence, method="exact")
    assert share == wins / (wins + losses)
    assert interval == pytest.approx((exact.low, exact.high))


def test_a_tie_counts_half():
    share, interval = probability_better([1.0, 0.0, -1.0, 0.0], higher_is_better=True)
    assert share == 0.5
    assert interval == probability_better([1.0, 1.0, -1.0, -1.0], higher_is_better=True)[1]
    assert probability_better([0.0, 2.0], higher_is_better=True)[0] == 0.75


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=12))
def test_the_direction_of_the_metric_mirrors_the_answer(differences):
    share, (low, high) = probability_better(differences, higher_is_better=True)
    mirrored, (mirrored_low, mirrored_high) = probability_better(differences, higher_is_better=False)
    assert mirrored == pytest.approx(1 - share)
    assert (mirrored_low, mirrored_high) == pytest.approx((1 - high, 1 - low))
    assert low <= share <= high


def test_no_seed_says_nothing():
    share, interval = probability_better([], higher_is_better=True)
    assert np.isnan(share)
    assert interval == (0, 1)
