import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from faceswap_lab.studies.statistics.intervals import Interval, mean_bounds, mean_interval

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=20)


@given(VALUES, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_the_interval_is_that_of_scipys_one_sample_t_test(values, confidence):
    if np.ptp(values) < 1e-6:
        values = [*values, values[0] + 1]
    expected = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    assert mean_interval(values, confidence) == pytest.approx((expected.low, expected.high))


@given(VALUES, st.floats(-50, 50), st.floats(0.01, 100))
def test_it_moves_and_stretches_with_the_unit(values, shift, scale):
    low, high = mean_interval(values)
    moved = mean_interval(np.array(values) * -scale + shift)
    assert moved == pytest.approx((shift - scale * high, shift - scale * low), abs=1e-9 * (1 + scale * 100))


def test_fewer_than_two_values_leave_everything_open():
    assert mean_interval([]) == mean_interval([3.0]) == (-np.inf, np.inf)


def test_bounds_run_along_the_last_axis():
    values = np.random.default_rng(0).standard_normal((2, 3, 5))
    low, high = mean_bounds(values)
    assert low.shape == high.shape == (2, 3)
    assert (low[1, 2], high[1, 2]) == pytest.approx(mean_interval(values[1, 2]))


def test_inside_and_outside():
    assert Interval(-0.9, 0.5).inside(1)
    assert not Interval(-1.0, 0.5).inside(1)
    assert not Interval(0.5, 1.0).inside(1)
    assert Interval(0.1, 2).excludes_zero()
    assert Interval(-2, -0.1).excludes_zero()
    assert not Interval(0, 2).excludes_zero()
    assert not Interval(-2, 0).excludes_zero()


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_outside_its_bounds_is_refused(confidence):
    with pytest.raises(ValueError, match=f"confidence={confidence}: must lie between 0 and 1"):
        mean_interval([1.0, 2.0], confidence)


def test_a_table_is_refused_where_a_row_is_meant():
    with pytest.raises(ValueError, match="shape \\(2, 2\\)"):
        mean_interval([[1.0, 2.0], [3.0, 4.0]])
