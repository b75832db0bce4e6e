import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from faceswap_lab.studies.statistics.p_values import fewest_seeds, sign_flip_p, smallest_p

WHOLE = st.lists(st.integers(-9, 9), min_size=2, max_size=9)


def p_by_enumeration(differences: list[int]) -> float:
    """All sign choices one by one, in integers, so that ties are exact."""
    observed = abs(sum(differences))
    flips = list(itertools.product((-1, 1), repeat=len(differences)))
    return sum(abs(sum(s * d for s, d in zip(signs, differences))) >= observed for signs in flips) / len(flips)


@settings(max_examples=60)
@given(WHOLE, st.sampled_from([1.0, 0.1, 1e-30, 1e30]))
def test_p_equals_the_enumeration_of_all_signs_in_any_unit(differences, unit):
    assert float(sign_flip_p(np.array(differences) * unit)) == p_by_enumeration(differences)


@settings(max_examples=30)
@given(WHOLE, st.randoms())
def test_p_depends_neither_on_the_order_of_seeds_nor_on_which_arm_is_called_the_baseline(differences, random):
    shuffled = random.sample(differences, len(differences))
    p = float(sign_flip_p(differences))
    assert float(sign_flip_p(shuffled)) == p
    assert float(sign_flip_p([-d for d in differences])) == p


@pytest.mark.parametrize("differences", [[1, 2, -3, 1, 2, -3], [3, 6, -9, 7, -7, 1, -1], [1, 2, 3, 3, 4, 7, -20]])
def test_ties_are_ties_although_tenths_do_not_add_up_exactly(differences):
    assert float(sign_flip_p(np.array(differences) / 10)) == p_by_enumeration(differences)


@pytest.mark.parametrize("seeds", [14, 16])
def test_sixteen_seeds_are_still_exact(seeds):
    differences = np.random.default_rng(0).integers(-50, 80, seeds)
    signs = 1 - 2 * ((np.arange(2**seeds)[:, None] >> np.arange(seeds)) & 1)
    sums = np.abs(signs @ differences)
    assert float(sign_flip_p(differences)) == (sums >= abs(differences.sum())).mean()


def test_beyond_sixteen_a_fixed_random_sample_comes_close_to_the_exact_p_and_never_says_zero():
    differences = np.random.default_rng(1).standard_normal(18) + 0.4
    signs = 1 - 2 * ((np.arange(2**18)[:, None] >> np.arange(18)) & 1)
    exact = (np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9).mean()
    p = float(sign_flip_p(differences))
    assert 0.001 < exact < 0.5
    assert abs(p - exact) < 4 * np.sqrt(exact / 20_000)
    assert p == float(sign_flip_p(differences))
    assert float(sign_flip_p(np.full(40, 1.0))) == pytest.approx(1 / 20_001)


@settings(max_examples=20)
@given(st.lists(st.floats(-1, 1), min_size=3, max_size=12))
def test_p_is_scipys(differences):
    values = np.round(differences, 3)
    test = permutation_test(
        (values,), lambda x, axis: x.sum(axis=axis).round(9), permutation_type="samples", vectorized=True, axis=-1
    )
    assert float(sign_flip_p(values)) == pytest.approx(min(test.pvalue, 1.0))


def test_rows_are_tested_each_for_itself():
    rows = np.random.default_rng(2).standard_normal((2, 3, 6))
    assert np.array_equal(sign_flip_p(rows), [[float(sign_flip_p(row)) for row in block] for block in rows])


def test_no_seed_one_seed_and_no_difference_show_nothing():
    assert float(sign_flip_p([])) == 1
    assert float(sign_flip_p([5.0])) == 1
    assert float(sign_flip_p(np.zeros(8))) == 1


@pytest.mark.parametrize("seeds", range(2, 10))
def test_the_smallest_p_is_reached_when_all_differences_point_one_way(seeds):
    assert float(sign_flip_p(np.arange(1.0, seeds + 1))) == smallest_p(seeds)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.0625, 0.1])
@pytest.mark.parametrize("arms", [1, 2, 5, 8, 12])
def test_the_fewest_seeds_are_the_first_number_that_can_pass_after_correction(alpha, arms):
    slowly = next(n for n in range(1, 40) if arms * smallest_p(n) <= alpha)
    assert fewest_seeds(alpha, arms) == slowly
