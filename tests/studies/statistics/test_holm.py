import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.studies.statistics.p_values import holm

PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=6)


def by_closed_testing(p: list[float]) -> list[float]:
    """Holm's procedure is the closure of Bonferroni's test: the largest p over all intersections that contain i."""
    subsets = [s for size in range(1, len(p) + 1) for s in itertools.combinations(range(len(p)), size)]
    return [
        max(min(1.0, len(s) * min(p[i] for i in s)) for s in subsets if hypothesis in s) for hypothesis in range(len(p))
    ]


@given(PROBABILITIES)
def test_adjusted_p_values_are_those_of_closed_testing(p):
    assert holm(p) == pytest.approx(by_closed_testing(p))


def test_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_one_arm_needs_no_correction_and_none_gives_none():
    assert holm([0.03]).tolist() == [0.03]
    assert holm([]).tolist() == []


@pytest.mark.parametrize("p", [[0.5, 1.2], [-0.1], [np.nan], [[0.1]]])
def test_what_is_no_row_of_probabilities_is_refused(p):
    with pytest.raises(ValueError, match="probabilities in \\[0, 1\\]"):
        holm(p)
