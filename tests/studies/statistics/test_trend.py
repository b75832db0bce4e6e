"""A line through levels, against numpy's own fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.studies.statistics.trend import change_along_a_line


@given(st.lists(st.lists(st.floats(-10, 10), min_size=2, max_size=2), min_size=2, max_size=6))
def test_it_is_the_slope_of_least_squares_times_the_steps_between_levels(values):
    found = change_along_a_line([dict(zip((7, 3), level)) for level in values])
    slopes = np.polyfit(np.arange(len(values)), np.array(values), 1)[0]
    assert list(found) == [3, 7]
    assert [found[7], found[3]] == pytest.approx(slopes * (len(values) - 1), abs=1e-9)


def test_only_seeds_of_every_level_have_one():
    assert change_along_a_line([{1: 0.0, 2: 1.0}, {1: 9.0, 2: 2.0, 3: 5.0}, {2: 3.0, 3: 1.0}]) == {2: pytest.approx(2)}
    assert change_along_a_line([{1: 0.25}, {1: 1.0}]) == {1: 0.75}
    with pytest.raises(ValueError, match="1 levels"):
        change_along_a_line([{1: 0.0}])
