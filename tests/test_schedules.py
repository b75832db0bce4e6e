"""The learning rate over a training, against closed forms."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.schedules import SCHEDULES, Schedule


@pytest.mark.parametrize(
    ("name", "length", "factor", "expected"),
    [
        ("constant", 1, 1.0, {0: 1, 99: 1}),
        ("warm_up", 10, 1.0, {0: 0.1, 4: 0.5, 9: 1, 10: 1, 99: 1}),
        ("cosine", 1, 1.0, {0: 1, 25: 0.5 + math.sqrt(0.125), 50: 0.5, 75: 0.5 - math.sqrt(0.125)}),
        ("linear_decay", 1, 1.0, {0: 1, 25: 0.75, 99: 0.01}),
        ("drops", 30, 0.5, {0: 1, 29: 1, 30: 0.5, 59: 0.5, 60: 0.25, 99: 0.125}),
        ("waves", 40, 1.0, {0: 1, 10: 0.5, 20: 0, 40: 1, 50: 0.5}),
    ],
)
def test_closed_forms(name, length, factor, expected):
    schedule = Schedule(name, 0.2, 100, length, factor)
    assert {step: schedule(step) for step in expected} == pytest.approx({k: 0.2 * v for k, v in expected.items()})


@given(st.sampled_from(sorted(SCHEDULES)), st.integers(1, 50), st.integers(1, 60), st.floats(0, 1))
def test_never_above_the_whole_rate_and_whoever_does_not_know_the_end_goes_on_alike(name, last, length, factor):
    short, long = (Schedule(name, 1.0, n, length, factor) for n in (last, 2 * last))
    rates = [short(step) for step in range(last)]
    assert all(0 <= rate <= 1 for rate in rates)
    if not SCHEDULES[name].knows_end:
        assert rates == [long(step) for step in range(last)]


def test_who_knows_the_end():
    knowing = {name for name, choice in SCHEDULES.items() if choice.knows_end}
    assert {name for name in SCHEDULES if Schedule(name, 1.0, 10)(3) != Schedule(name, 1.0, 20)(3)} == knowing
