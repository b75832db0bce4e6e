import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.studies.statistics.paired import compare

VALUES = st.dictionaries(st.integers(0, 12), st.floats(-1e9, 1e9) | st.sampled_from([math.nan, math.inf]))
PAIRED = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=9)


def by_seed(values) -> dict[int, float]:
    return dict(enumerate(map(float, values)))


def test_the_numbers_of_a_small_example():
    result = compare(by_seed([1, 2, 3]), by_seed([2, 4, 6]), higher_is_better=True)
    assert (result.differences, result.difference) == ({0: 1, 1: 2, 2: 3}, 2)
    assert result.sd == 1
    assert result.effect == 2  # the baseline's sd over seeds is 1
    assert result.p == 0.25
    assert result.wins == 1
    assert result.interval == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))


def test_means_are_over_pairs_but_seed_noise_over_all_seeds_of_the_baseline():
    baseline = {0: 0.0, 1: 2.0, 2: 10.0, 3: math.nan, 4: 1.0}
    result = compare(baseline, {4: -math.inf, 0: 1.0, 1: 4.0, 3: 5.0, 5: 1.0}, higher_is_better=True)
    assert (result.differences, result.difference) == ({0: 1, 1: 2}, 1.5)
    assert result.effect == pytest.approx(1.5 / np.std([0, 2, 10, 1], ddof=1))


@given(VALUES, VALUES)
def test_every_seed_with_two_finite_values_is_a_pair_whatever_the_order(baseline, arm):
    found = compare(baseline, arm, higher_is_better=True).differences
    both = [seed for seed in range(13) if math.isfinite(baseline.get(seed, math.nan) - arm.get(seed, math.nan))]
    assert found == {seed: arm[seed] - baseline[seed] for seed in both}
    turned = compare(dict(reversed(baseline.items())), dict(reversed(arm.items())), higher_is_better=True)
    assert list(turned.differences) == list(found) == both


@pytest.mark.parametrize(("differences", "wins"), [([1, 0, -1, 0], 0.5), ([0, 2], 0.75), ([1, 2, 3, -1], 0.75)])
def test_a_tie_is_half_a_win_and_fewer_is_better_where_the_metric_says_so(differences, wins):
    nil = by_seed([0] * len(differences))
    assert compare(nil, by_seed(differences), higher_is_better=True).wins == wins
    assert compare(nil, by_seed(differences), higher_is_better=False).wins == 1 - wins


@pytest.mark.parametrize(("differences", "same"), [([1, 2, -1], 2), ([-3, -1, 2], 2), ([0, 0], 0), ([], 0)])
def test_pairs_that_go_the_way_of_their_mean_are_counted(differences, same):
    assert compare(by_seed([0] * len(differences)), by_seed(differences), higher_is_better=True).same_way == same


def test_equal_arms_have_no_effect_and_an_exact_shift_an_infinite_one():
    same = compare(by_seed([1, 1]), by_seed([1, 1]), higher_is_better=True)
    assert (same.effect, same.p, same.wins) == (0, 1, 0.5)
    assert compare(by_seed([1, 1]), by_seed([0, 0]), higher_is_better=True).effect == -math.inf


@pytest.mark.parametrize("seeds", [0, 1])
def test_what_too_few_seeds_leave_unknown_is_nan_and_open(seeds):
    result = compare(by_seed([1.0] * seeds), by_seed([2.0] * seeds), higher_is_better=False)
    assert result.seeds == seeds
    assert math.isnan(result.sd)
    assert math.isnan(result.effect)
    assert math.isnan(result.wins) == (seeds == 0)
    assert result.interval == result.prediction == (-math.inf, math.inf)
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
