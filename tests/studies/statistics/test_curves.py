import math

import numpy as np
import pytest
from scipy import stats

from faceswap_lab.studies.statistics.curves import curve_difference
from faceswap_lab.studies.statistics.intervals import mean_interval


def curves(values: np.ndarray) -> dict[int, dict[int, float]]:
    return {seed: {10 * (k + 1): value for k, value in enumerate(row)} for seed, row in enumerate(values.tolist())}


def zeros(values: np.ndarray) -> dict[int, dict[int, float]]:
    return curves(np.zeros_like(values))


def test_differences_are_paired_by_seed_and_step_whatever_the_order_of_rows():
    baseline = {1: {20: 2.0, 10: 1.0}, 0: {10: 5.0, 20: 6.0}}
    arm = {0: {20: 7.0, 10: 5.5}, 1: {10: 2.0, 20: 2.5}}
    result = curve_difference(baseline, arm)
    assert result.seeds == (0, 1)
    assert result.steps.tolist() == [10, 20]
    assert result.difference.tolist() == [0.75, 0.75]


def test_each_step_has_the_interval_of_its_own_differences():
    values = np.random.default_rng(0).standard_normal((6, 4))
    result = curve_difference(zeros(values), curves(values), confidence=0.9)
    for k in range(4):
        assert (result.low[k], result.high[k]) == pytest.approx(mean_interval(values[:, k], 0.9))


def test_the_band_equals_the_interval_where_there_is_one_step_or_all_steps_move_together():
    one = np.random.default_rng(1).standard_normal((6, 1))
    together = one * np.array([1.0, 2.0, 5.0])
    for values in (one, together):
        result = curve_difference(zeros(values), curves(values))
        assert result.band_high - result.band_low == pytest.approx(result.high - result.low, rel=0.07)


def test_the_band_is_wider_than_the_interval_and_narrower_than_bonferronis():
    rng = np.random.default_rng(2)
    values = rng.standard_normal((8, 1)) + 0.5 * rng.standard_normal((8, 30))
    result = curve_difference(zeros(values), curves(values))
    bonferroni = curve_difference(zeros(values), curves(values), confidence=1 - 0.05 / 30)
    assert (result.band_high > result.high).all()
    assert (result.band_low < result.low).all()
    assert (result.band_high < bonferroni.high).all()


@pytest.mark.parametrize("seeds", [3, 4, 5])
def test_the_band_of_three_or_four_seeds_is_bonferronis_and_that_of_five_is_narrower(seeds):
    values = np.cumsum(np.random.default_rng(7).standard_normal((seeds, 12)), axis=1)
    result = curve_difference(zeros(values), curves(values), confidence=0.9)
    half = stats.t.ppf(1 - 0.05 / 12, seeds - 1) * stats.sem(values)  # to both sides of 12 steps
    if seeds < 5:
        assert result.band_high == pytest.approx(values.mean(axis=0) + half)
        assert result.band_low == pytest.approx(values.mean(axis=0) - half)
    else:
        assert (result.band_high < values.mean(axis=0) + 0.9 * half).all()


@pytest.mark.parametrize(("seeds", "steps"), [(3, 60), (5, 12)])
def test_the_band_holds_the_whole_true_curve_as_often_as_it_says_and_the_interval_does_not(seeds, steps):
    rng = np.random.default_rng(3)
    in_band, in_interval, studies = 0, 0, 200
    for _ in range(studies):
        values = np.cumsum(rng.standard_normal((seeds, steps)), axis=1)  # the truth is zero at every step
        result = curve_difference(zeros(values), curves(values))
        in_band += bool(((result.band_low <= 0) & (result.band_high >= 0)).all())
        in_interval += bool(((result.low <= 0) & (result.high >= 0)).all())
    assert in_band >= 0.95 * studies - 3 * math.sqrt(0.95 * 0.05 * studies)
    assert in_interval < 0.9 * studies


def test_the_same_curves_give_the_same_band_and_another_unit_scales_it():
    values = np.random.default_rng(4).standard_normal((4, 5))
    first = curve_difference(zeros(values), curves(values))
    again = curve_difference(zeros(values), curves(values))
    scaled = curve_difference(zeros(values), curves(-3 * values))
    assert np.array_equal(first.band_low, again.band_low)
    assert scaled.band_low == pytest.approx(-3 * first.band_high)


def test_seeds_and_steps_without_a_partner_are_left_out():
    baseline = {0: {10: 1.0, 20: 1.0, 30: 1.0}, 1: {10: 1.0, 20: 1.0}, 2: {10: 1.0}, 5: {}}
    arm = {0: {10: 2.0, 20: 2.0, 30: 2.0}, 1: {10: 3.0}, 3: {10: 0.0}, 5: {10: 1.0}}
    result = curve_difference(baseline, arm)
    assert result.seeds == (0, 1)
    assert result.steps.tolist() == [10]


def test_few_seeds_leave_the_band_open_and_no_curves_give_none():
    lone = curve_difference({0: {10: 1.0}}, {0: {10: 3.0}})
    assert lone.difference.tolist() == [2]
    assert (lone.band_low[0], lone.band_high[0]) == (-math.inf, math.inf)
    assert len(curve_difference({}, {}).steps) == 0
    assert len(curve_difference({0: {1: 1.0}, 1: {2: 1.0}}, {0: {1: 1.0}, 1: {2: 1.0}}).steps) == 0


def test_steps_at_which_all_seeds_agree_have_no_width():
    values = np.random.default_rng(6).standard_normal((4, 3))
    values[:, 0] = 0.0  # before the first step the arms are the same
    result = curve_difference(zeros(values), curves(values))
    assert (result.band_low[0], result.band_high[0]) == (0, 0)
    assert np.isfinite(result.band_high).all()
