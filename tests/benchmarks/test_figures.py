import pytest

from benchmarks.figures import Figure, Goal, duration, shown, times_as_long, times_faster
from benchmarks.measure import Spread

SECONDS = {"ours": [0.010, 0.020, 0.030], "theirs": [0.020, 0.040, 0.060]}


def figure(value, goal):
    return Figure("work", "", "", Spread.of([value]), "×", goal)


@pytest.mark.parametrize(
    ("value", "goal", "verdict"),
    [
        (1.05, Goal(1.05), "holds"),
        (1.0499, Goal(1.05), "missed"),  # as it is, not as it is shown
        (1.03, Goal(1.03, at_least=False), "holds"),
        (1.0301, Goal(1.03, at_least=False), "missed"),
        (0.0, None, ""),
    ],
)
def test_a_goal_is_a_bound_that_may_be_touched(value, goal, verdict):
    assert figure(value, goal).verdict == verdict


def test_faster_means_that_the_reference_takes_longer():
    assert times_faster("work", SECONDS, "theirs").value.median == 2
    assert times_as_long("work", SECONDS, "theirs").value.median == 0.5
    assert times_faster("work", SECONDS, "theirs").reference == "theirs: 40.0 ms (30.0 to 50.0)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.01234, "0.0123"),
        (0.5, "0.500"),
        (1.046, "1.05"),
        (14.24, "14.2"),
        (330.6, "331"),
        (9876.5, "9876"),
    ],
)
def test_three_digits_are_shown_and_no_exponent(value, text):
    assert shown(value) == text


def test_a_duration_has_one_unit():
    assert duration(Spread(1.5, 0.5, 2.5)) == "1.50 s (0.500 to 2.50)"
