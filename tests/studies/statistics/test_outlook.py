import numpy as np
import pytest

from faceswap_lab.studies.statistics.intervals import mean_bounds
from faceswap_lab.studies.statistics.outlook import outlook
from faceswap_lab.studies.statistics.p_values import fewest_seeds


def chance_from_raw_values(pilot, total, margin, arms) -> float:
    """The same question, answered the long way: every future seed is drawn, and intervals are computed from values."""
    rng = np.random.default_rng(11)
    n, studies = len(pilot), 20_000
    variance = (n - 1) * pilot.var(ddof=1) / rng.chisquare(n - 1, studies)
    truth = rng.normal(pilot.mean(), np.sqrt(variance / n))
    new = truth[:, None] + np.sqrt(variance)[:, None] * rng.standard_normal((studies, total - n))
    values = np.concatenate([np.tile(pilot, (studies, 1)), new], axis=1)
    low, high = mean_bounds(values, 1 - 0.05 / arms)
    low_plain, high_plain = mean_bounds(values, 0.95)
    equivalent = (-margin < low_plain) & (high_plain < margin)
    return float(((low > 0) | (high < 0) | equivalent).mean())


@pytest.mark.parametrize(("shift", "arms"), [(0.0, 1), (0.6, 1), (0.6, 5)])
def test_the_named_seeds_have_the_promised_chance(shift, arms):
    pilot = np.random.default_rng(3).standard_normal(8)
    pilot += shift - pilot.mean()
    future = outlook(pilot.mean(), pilot.std(ddof=1), 8, smallest_difference=0.8, arms=arms)
    assert future.even is not None
    assert future.likely is not None
    for seeds, wanted in ((future.even, 0.5), (future.likely, 0.8)):
        assert chance_from_raw_values(pilot, seeds, 0.8, arms) == pytest.approx(wanted, abs=0.06)


@pytest.mark.parametrize(
    ("pilot", "margin"),
    [([0.3, 1.0, 1.7], 0.001), ([-1.32, -0.7, 0.0, 0.0, 0.0, 0.0, 0.7, 1.32], 0.8)],
)
def test_the_named_seeds_are_enough_and_not_more(pilot, margin):
    pilot = np.array(pilot)
    future = outlook(pilot.mean(), pilot.std(ddof=1), len(pilot), smallest_difference=margin)
    assert future.likely is not None
    assert chance_from_raw_values(pilot, future.likely, margin, 1) == pytest.approx(0.8, abs=0.025)
    assert chance_from_raw_values(pilot, future.likely - 1, margin, 1) < 0.81


def test_a_glaring_difference_needs_no_more_than_the_fewest_seeds_for_a_verdict():
    for arms in (1, 5, 12):
        future = outlook(10.0, 0.1, 4, smallest_difference=None, arms=arms)
        assert (future.even, future.likely) == (fewest_seeds(0.05, arms),) * 2


def test_noise_costs_seeds_and_a_wider_margin_saves_them():
    quiet = outlook(0.0, 1.0, 8, smallest_difference=1.0).likely
    noisy = outlook(0.0, 2.0, 8, smallest_difference=1.0).likely
    tolerant = outlook(0.0, 2.0, 8, smallest_difference=2.0).likely
    assert quiet is not None
    assert noisy is not None
    assert quiet < noisy
    assert tolerant == quiet


def test_where_no_number_of_seeds_helps_none_is_named():
    future = outlook(0.0, 1.0, 8, smallest_difference=None, limit=60)
    assert (future.even, future.likely, future.limit) == (None, None, 60)
    assert outlook(0.0, 1.0, 60, smallest_difference=1.0, limit=60).even is None


def test_arms_that_never_vary_are_decided_by_the_fewest_seeds():
    assert outlook(0.3, 0.0, 3, smallest_difference=None).likely == 6


def test_one_seed_is_refused():
    with pytest.raises(ValueError, match="seeds=1: at least 2"):
        outlook(0.0, 1.0, 1, smallest_difference=None)
