import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.studies.statistics.paired import compare

PAIRED = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=9)


def by_seed(values) -> dict[int, float]:
    return dict(enumerate(map(float, values)))


def test_the_numbers_of_a_small_example():
    result = compare(by_seed([1, 2, 3]), by_seed([2, 4, 6]), higher_is_better=True)
    assert (result.seeds, result.baseline_mean, result.arm_mean, result.difference) == (3, 2, 4, 2)
    assert result.sd == 1
    assert result.effect == 2  # the baseline's sd over seeds is 1
    assert result.paired_effect == 2
    assert result.p == 0.25
    assert result.wins == 1
    assert result.interval == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))


def test_means_are_over_pairs_but_seed_noise_over_all_seeds_of_the_baseline():
    baseline = {0: 0.0, 1: 2.0, 2: 10.0, 3: math.nan}
    result = compare(baseline, {0: 1.0, 1: 3.0, 3: 5.0}, higher_is_better=True)
    assert (result.seeds, result.baseline_mean, result.arm_mean, result.difference) == (2, 1, 2, 1)
    assert result.effect == pytest.approx(1 / np.std([0, 2, 10], ddof=1))
    assert set(result.pairs.left_out) == {2, 3}


def test_equal_arms_have_no_effect_and_an_exact_shift_an_infinite_one():
    same = compare(by_seed([1, 1]), by_seed([1, 1]), higher_is_better=True)
    assert (same.effect, same.paired_effect, same.p, same.wins) == (0, 0, 1, 0.5)
    shifted = compare(by_seed([1, 1]), by_seed([0, 0]), higher_is_better=True)
    assert (shifted.effect, shifted.paired_effect) == (-math.inf, -math.inf)


@pytest.mark.parametrize("seeds", [0, 1])
def test_what_too_few_seeds_leave_unknown_is_nan_and_open(seeds):
    result = compare(by_seed([1.0] * seeds), by_seed([2.0] * seeds), higher_is_better=False)
    assert result.seeds == seeds
    assert math.isnan(result.sd)
    assert math.isnan(result.effect)
    assert result.interval == (-math.inf, math.inf)
    assert result.p == 1


@settings(max_examples=40)
@given(PAIRED, st.integers(-100, 100), st.sampled_from([0.5, 2, 1024]))
def test_a_shift_of_both_and_another_unit_change_nothing_but_the_unit(values, shift, unit):
    baseline, arm = map(np.array, zip(*values))
    plain = compare(by_seed(baseline), by_seed(arm), higher_is_better=True)
    moved = compare(by_seed(baseline * unit + shift), by_seed(arm * unit + shift), higher_is_better=True)
    assert moved.p == plain.p
    assert moved.wins == plain.wins
    assert moved.effect == pytest.approx(plain.effect)
    assert moved.paired_effect == pytest.approx(plain.paired_effect)
    assert moved.difference == pytest.approx(unit * plain.difference)


@settings(max_examples=40)
@given(PAIRED)
def test_baseline_and_arm_swapped_mirror_each_other(values):
    baseline, arm = zip(*values)
    plain = compare(by_seed(baseline), by_seed(arm), higher_is_better=True)
    swapped = compare(by_seed(arm), by_seed(baseline), higher_is_better=True)
    assert swapped.difference == -plain.difference
    assert swapped.interval == pytest.approx((-plain.interval.high, -plain.interval.low))
    assert swapped.p == plain.p
    assert swapped.wins == pytest.approx(1 - plain.wins)
