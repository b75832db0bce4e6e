import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from faceswap_lab.studies.statistics.rank_correlation import (
    rank_correlation,
    rank_correlation_within,
    rank_correlation_within_arms,
    spearman,
)

ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5)
RUNS = st.dictionaries(st.integers(0, 99), ROWS, min_size=4, max_size=7)


def noisy_runs(count: int, rows: int, seed: int = 0) -> dict[int, list[tuple[float, float]]]:
    values = np.random.default_rng(seed).standard_normal((count, 1, 2)) @ [[1, 0.6], [0, 0.8]]
    values = values + 0.3 * np.random.default_rng(seed + 1).standard_normal((count, rows, 2))
    return {run: [tuple(row) for row in block] for run, block in enumerate(values.tolist())}


def by_jackknife(runs, confidence: float) -> tuple[float, float]:
    """Return Student's interval on Fisher's scale, from leaving out one run after the other."""

    def fisher(kept) -> float:
        return math.atanh(stats.spearmanr(*np.array([row for run in kept for row in runs[run]]).T).statistic)

    scores = [fisher([run for run in runs if run != left]) for left in runs]
    error = math.sqrt((len(runs) - 1) * np.var(scores))
    half = stats.t.ppf((1 + confidence) / 2, len(runs) - 1) * error
    return math.tanh(fisher(runs) - half), math.tanh(fisher(runs) + half)


def share_below(value: float, values) -> float:
    """Return which share of the values are smaller, with ties as half: itself too."""
    return sum((one < value) + (one == value) / 2 for one in values) / len(values)


def as_shares(rows):
    """Return an arm's rows with every number's share in its place."""
    return {
        seed: tuple(share_below(row[i], [one[i] for one in rows.values()]) for i in (0, 1))
        for seed, row in rows.items()
    }


@settings(max_examples=40)
@given(RUNS)
def test_rho_is_scipys_over_all_rows_and_lies_in_its_interval(runs):
    rows = np.array([row for block in runs.values() for row in block])
    result = rank_correlation(runs)
    assert (result.runs, result.rows) == (len(runs), len(rows))
    if len(set(rows[:, 0])) == 1 or len(set(rows[:, 1])) == 1:
        assert math.isnan(result.rho)
        assert result.interval == (-1, 1)
    else:
        assert result.rho == pytest.approx(stats.spearmanr(*rows.T).statistic)
        assert -1 <= result.interval.low <= result.rho <= result.interval.high <= 1


def test_rows_of_the_same_run_are_no_new_witnesses():
    once = noisy_runs(12, 3)
    tenfold = {run: rows * 10 for run, rows in once.items()}
    assert rank_correlation(tenfold).rho == pytest.approx(rank_correlation(once).rho)
    assert rank_correlation(tenfold).interval == pytest.approx(rank_correlation(once).interval)
    own_runs = {(run, copy): rows for run, rows in once.items() for copy in range(10)}
    assert np.diff(rank_correlation(own_runs).interval) < 0.5 * np.diff(rank_correlation(once).interval)


def test_only_the_order_of_values_counts_and_turning_one_side_mirrors():
    runs = noisy_runs(10, 2)
    plain = rank_correlation(runs)
    bent = rank_correlation({run: [(math.exp(x), y**3) for x, y in rows] for run, rows in runs.items()})
    assert (bent.rho, bent.interval) == (plain.rho, plain.interval)
    turned = rank_correlation({run: [(x, -y) for x, y in rows] for run, rows in runs.items()})
    assert turned.rho == pytest.approx(-plain.rho)
    assert turned.interval == pytest.approx((-plain.interval.high, -plain.interval.low))


def test_with_one_row_per_run_the_length_is_near_that_of_bonett_and_wright():
    result = rank_correlation(noisy_runs(60, 1))
    half = 1.96 * math.sqrt((1 + result.rho**2 / 2) / 57)
    expected = np.tanh(math.atanh(result.rho) + np.array([-half, half]))
    assert np.diff(result.interval) == pytest.approx(np.diff(expected), rel=0.35)


def test_a_perfect_order_of_few_runs_is_not_a_certainty():
    few = rank_correlation({run: [(run, run)] for run in range(5)})
    more = rank_correlation({run: [(run, run)] for run in range(20)})
    assert (few.rho, few.interval.high) == pytest.approx((1, 1))
    assert (more.rho, more.interval.high) == pytest.approx((1, 1))
    assert few.interval.low < 0.6 < more.interval.low < 1


@pytest.mark.parametrize(("count", "rows", "confidence"), [(8, 2, 0.95), (5, 4, 0.8)])
def test_the_interval_is_students_on_fishers_scale_with_the_jackknife(count, rows, confidence):
    runs = noisy_runs(count, rows)
    assert rank_correlation(runs, confidence).interval == pytest.approx(by_jackknife(runs, confidence))


@pytest.mark.parametrize("count", [4, 5, 9])
def test_the_interval_of_a_perfect_order_is_that_of_independent_rows(count):
    """ρ is half a step of 12 / (n³ - n) below 1 then, and its error that of Bonett and Wright at 1."""
    centre = math.atanh(1 - 6 / (count**3 - count))
    low = math.tanh(centre - stats.t.ppf(0.975, count - 1) * math.sqrt(1.5 / (count - 3)))
    for way, interval in ((1, (low, 1)), (-1, (-1, -low))):
        found = rank_correlation({run: [(run, way * run)] for run in range(count)})
        assert found.interval == pytest.approx(interval)


def test_arms_of_different_numbers_of_seeds_are_pooled_by_the_shares_below():
    rng = np.random.default_rng(8)
    arms = {
        name: {seed: (float(rng.integers(5)), float(rng.normal())) for seed in range(seeds)}
        for name, seeds in (("few", 3), ("many", 6), ("none", 2))
    }
    pooled = {}
    for rows in (as_shares(arms["few"]), as_shares(arms["many"])):
        for seed, row in rows.items():
            pooled.setdefault(seed, []).append(row)
    found = rank_correlation_within_arms(arms, 0.9)
    every = np.array([row for rows in pooled.values() for row in rows])
    assert (found.rho, found.rows) == (pytest.approx(stats.spearmanr(*every.T).statistic), 9)
    assert found.interval == pytest.approx(by_jackknife(pooled, 0.9))


def test_what_cannot_be_known_is_open():
    assert math.isnan(rank_correlation({}).rho)
    assert rank_correlation({}).interval == (-1, 1)
    three = rank_correlation(noisy_runs(3, 5))
    assert math.isfinite(three.rho)
    assert three.interval == (-1, 1)
    one_run_carries_all = {0: [(1, 1), (2, 2)], 1: [(3, 3)], 2: [(3, 3)], 3: [(3, 3)]}
    assert rank_correlation(one_run_carries_all).interval == (-1, 1)


def test_rows_that_are_not_finite_are_left_out():
    runs = noisy_runs(6, 2)
    spoilt = {**runs, 0: [*runs[0], (math.nan, 1.0)], "diverged": [(math.inf, 1.0)]}
    assert rank_correlation(spoilt) == rank_correlation(runs)


def test_within_runs_a_trend_counts_and_levels_do_not():
    rng = np.random.default_rng(5)
    levels = rng.standard_normal((8, 2)) * 100
    runs = {run: [(a - step, b - 2 * step) for step in range(4)] for run, (a, b) in enumerate(levels)}
    assert abs(rank_correlation(runs).rho) < 0.8
    within = rank_correlation_within(runs)
    assert (within.rho, within.interval, within.runs) == (1, (1, 1), 8)


def test_within_runs_is_the_mean_of_the_runs_own_correlations():
    runs = noisy_runs(6, 5)
    own = [stats.spearmanr(*np.array(rows).T).statistic for rows in runs.values()]
    too_short = {"short": [(1.0, 2.0), (2.0, 1.0)], "constant": [(1.0, float(step)) for step in range(4)]}
    result = rank_correlation_within({**runs, **too_short})
    assert result.rho == pytest.approx(np.mean(own))
    assert (result.runs, result.rows) == (6, 30)
    expected = stats.ttest_1samp(own, 0).confidence_interval()
    assert result.interval == pytest.approx((max(expected.low, -1), min(expected.high, 1)))


@pytest.mark.parametrize("count", [5, 6, 9, 12])
def test_spearmans_p_of_few_pairs_is_exact(count):
    rng = np.random.default_rng(count)
    for first, second in ((rng.normal(size=count), rng.normal(size=count)), (np.arange(count) // 2, np.arange(count))):
        rho, p = spearman(np.asarray(first, float), np.asarray(second, float))
        usual = stats.spearmanr(first, second)
        assert rho == pytest.approx(usual.statistic)
        if count > 9:
            test = stats.permutation_test(
                (first,),
                lambda order, second=second: stats.spearmanr(order, second).statistic,
                permutation_type="pairings",
                n_resamples=4_000,
                rng=np.random.default_rng(1),
            )
            assert p == pytest.approx(test.pvalue, abs=4 * np.sqrt(0.25 / 4_000))
            assert p == spearman(np.asarray(first, float), np.asarray(second, float))[1] > 0
        elif count < 7:
            arranged = [stats.spearmanr(order, second).statistic for order in permutations(first)]
            assert p == pytest.approx(np.mean(np.abs(arranged) >= abs(rho) - 1e-9))
