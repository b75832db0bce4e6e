import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.studies.statistics.paired import pair_by_seed

VALUES = st.dictionaries(st.integers(0, 12), st.floats(allow_nan=True, allow_infinity=True))


def test_pairs_are_matched_by_seed_and_not_by_position():
    pairs = pair_by_seed({3: 30.0, 1: 10.0, 2: 20.0}, {2: 22.0, 3: 33.0, 1: 11.0})
    assert pairs.seeds == (1, 2, 3)
    assert pairs.differences.tolist() == [1.0, 2.0, 3.0]
    assert pairs.left_out == {}


def test_every_seed_without_a_pair_is_listed_with_its_reason():
    pairs = pair_by_seed({0: 1.0, 1: math.nan, 2: 3.0, 4: 1.0}, {0: 2.0, 1: 2.0, 3: 4.0, 4: -math.inf})
    assert pairs.seeds == (0,)
    assert pairs.left_out == {
        1: "the baseline's value is nan",
        2: "the arm has no value",
        3: "the baseline has no value",
        4: "the arm's value is -inf",
    }


@given(VALUES, VALUES)
def test_no_seed_is_lost_or_counted_twice_and_order_does_not_matter(baseline, arm):
    pairs = pair_by_seed(baseline, arm)
    assert sorted([*pairs.seeds, *pairs.left_out]) == sorted(set(baseline) | set(arm))
    assert len(pairs) == len(pairs.baseline) == len(pairs.arm)
    assert np.isfinite(pairs.baseline).all()
    assert np.isfinite(pairs.arm).all()
    turned = pair_by_seed(dict(reversed(baseline.items())), dict(reversed(arm.items())))
    assert turned.seeds == pairs.seeds
    assert np.array_equal(turned.arm, pairs.arm)
