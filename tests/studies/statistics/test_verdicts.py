import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.studies.statistics.intervals import mean_interval
from faceswap_lab.studies.statistics.verdicts import Judgement, judge_arms

NOISE = np.array([-1.0, 1.0, -0.5, 0.5, -0.2, 0.2, -0.8, 0.8])  # sums to zero
OPPOSITE = {"better": "worse", "worse": "better", "equivalent": "equivalent", "undecided": "undecided"}


def judge_one(differences, *, higher_is_better=True, **rule) -> Judgement:
    baseline = dict.fromkeys(range(len(differences)), 0.0)
    arms = {"arm": dict(enumerate(differences))}
    return judge_arms(baseline, arms, higher_is_better=higher_is_better, **rule)["arm"]


@pytest.mark.parametrize(
    ("shift", "higher_is_better", "smallest", "verdict"),
    [
        (2.0, True, None, "better"),
        (-2.0, True, None, "worse"),
        (2.0, False, None, "worse"),
        (-2.0, False, None, "better"),
        (0.0, True, 5.0, "equivalent"),
        (0.0, True, None, "undecided"),
        (0.3, True, 0.5, "undecided"),  # neither clear of zero nor within the margin
        (2.0, True, 2.5, "better"),  # certain, and it may matter
        (2.0, True, 3.0, "equivalent"),  # certain, and too small to matter
    ],
)
def test_the_verdict_follows_interval_p_and_smallest_difference(shift, higher_is_better, smallest, verdict):
    judged = judge_one(NOISE + shift, higher_is_better=higher_is_better, smallest_difference=smallest)
    assert judged.verdict == verdict


def test_a_certain_difference_that_is_too_small_to_matter_is_equivalent_and_the_words_say_it_is_there():
    assert "a difference is there" in judge_one(NOISE + 2, smallest_difference=3).reason
    assert "a difference is there" not in judge_one(NOISE, smallest_difference=3).reason


def test_p_alone_is_not_enough_and_neither_is_the_interval():
    one_outlier = np.array([0.1] * 7 + [10.0])
    judged = judge_one(one_outlier)
    assert judged.p_holm == 2 / 256
    assert not judged.comparison.interval.excludes_zero()
    assert judged.verdict == "undecided"

    baseline = dict.fromkeys(range(6), 0.0)
    clear = dict(enumerate(2.0 + NOISE[:6]))
    many = {f"arm {number}": clear for number in range(5)}
    judged = judge_arms(baseline, many, higher_is_better=True)["arm 0"]
    assert judged.comparison.interval.excludes_zero()
    assert judged.p_holm == 5 * 2 / 64
    assert judged.verdict == "undecided"
    assert "6 seeds cannot show a difference among 5 arms: that takes at least 8" in judged.reason


def test_a_p_of_exactly_the_level_is_enough():
    judged = judge_one(2 + NOISE[:6], alpha=2 / 64)
    assert judged.p_holm == 2 / 64
    assert judged.comparison.interval.excludes_zero()
    assert judged.verdict == "better"


def test_seeds_are_too_few_for_the_arms_that_are_not_decided_yet_and_not_for_all():
    baseline = dict.fromkeys(range(16), 0.0)
    decided = {f"arm {number}": dict(enumerate(10 + np.resize(NOISE, 16))) for number in range(5)}
    few = dict(enumerate(NOISE[:7] - NOISE[:7].mean()))
    judged = judge_arms(baseline, decided | {"few": few}, higher_is_better=True)["few"]
    assert judged.verdict == "undecided"
    assert "cannot show" not in judged.reason, "Holm asks no more of the last arm than of one alone"


@pytest.mark.parametrize("seeds", range(6))
def test_fewer_than_six_seeds_decide_nothing_and_the_words_say_so(seeds):
    judged = judge_one(100 + NOISE[:seeds], smallest_difference=1000)
    assert judged.verdict == "undecided"
    assert "6" in judged.reason
    assert ("too few to decide anything" in judged.reason) == (seeds > 0)
    assert (judged.outlook is None) == (seeds < 3)


def test_five_seeds_hear_which_p_they_can_reach():
    reason = judge_one(100 + NOISE[:5]).reason
    assert "even if every difference points the same way, p is 0.0625" in reason
    assert "at least 6 are needed" in reason


def test_arms_that_agree_to_the_last_bit_are_equivalent_without_a_margin():
    judged = judge_one(np.zeros(6))
    assert judged.verdict == "equivalent"
    assert judged.reason == "exactly the same value in all 6 seeds"


def test_an_arm_without_a_finished_seed_stays_in_the_family():
    baseline = dict.fromkeys(range(8), 0.0)
    clear = dict(enumerate(2.0 + NOISE))
    judged = judge_arms(baseline, {"clear": clear, "gone": {}, "nan": {0: math.nan}}, higher_is_better=True)
    assert judged["clear"].p_holm == 3 * 2 / 256
    assert [judged[name].verdict for name in judged] == ["better", "undecided", "undecided"]
    assert judged["gone"].reason.startswith("no seed has a value for both")


def test_an_undecided_arm_hears_how_many_seeds_would_probably_decide_it():
    judged = judge_one(NOISE + 0.4, smallest_difference=0.9)
    assert judged.verdict == "undecided"
    assert judged.outlook is not None
    assert judged.outlook.even is not None
    assert judged.outlook.likely is not None
    assert 8 < judged.outlook.even <= judged.outlook.likely
    assert f"{judged.outlook.likely} seeds would probably decide it" in judged.reason


def test_the_advice_minds_how_many_arms_still_share_the_level():
    baseline = dict.fromkeys(range(8), 0.0)
    arms = {f"arm {number}": dict(enumerate(NOISE + 0.4)) for number in range(5)}
    among_five = judge_arms(baseline, arms, higher_is_better=True)["arm 0"].outlook
    alone = judge_one(NOISE + 0.4).outlook
    assert among_five is not None
    assert alone is not None
    assert among_five.even > alone.even


def test_another_level_changes_interval_and_verdict():
    judged = judge_one(NOISE[:5] + 1, alpha=0.2)
    assert judged.verdict == "better"
    assert "(80 % interval" in judged.reason
    assert judged.comparison.interval == mean_interval(NOISE[:5] + 1, 0.8)
    assert judge_one(NOISE[:5] + 1).verdict == "undecided"


def test_where_seeds_do_not_help_the_words_say_so():
    assert "but 200 not yet four in five" in judge_one(NOISE).reason
    assert "probably not even 200 seeds would decide it" in judge_one(np.tile(NOISE, 5)).reason
    assert judge_one(NOISE).reason.startswith("no higher and no lower (95 % interval")


@settings(max_examples=40)
@given(
    st.lists(st.integers(-20, 40), min_size=6, max_size=8),
    st.sampled_from([None, 1, 10, 30]),
    st.sampled_from([0.25, 1, 64]),
    st.randoms(),
)
def test_verdicts_do_not_depend_on_unit_level_seed_order_and_mirror_when_the_arms_are_swapped(
    differences, smallest, unit, random
):
    def verdict(baseline, arm, higher_is_better=True, unit=1.0):
        margin = None if smallest is None else smallest * unit
        rule = {"higher_is_better": higher_is_better, "smallest_difference": margin}
        return judge_arms(baseline, {"arm": arm}, **rule)["arm"].verdict

    baseline = dict.fromkeys(range(len(differences)), 7.0)
    arm = {seed: 7.0 + difference for seed, difference in enumerate(differences)}
    plain = verdict(baseline, arm)
    assert verdict(arm, baseline) == OPPOSITE[plain]
    assert verdict(baseline, arm, higher_is_better=False) == OPPOSITE[plain]
    in_units = [{seed: unit * value for seed, value in values.items()} for values in (baseline, arm)]
    assert verdict(*in_units, unit=unit) == plain
    assert verdict(baseline, dict(random.sample(list(arm.items()), len(arm)))) == plain


@pytest.mark.parametrize("smallest", [0, -1, math.inf, math.nan])
def test_a_smallest_difference_that_is_none_is_refused(smallest):
    with pytest.raises(ValueError, match=f"smallest_difference={smallest}: must be positive and finite"):
        judge_one(NOISE, smallest_difference=smallest)


@pytest.mark.parametrize("alpha", [0, 1, 5])
def test_a_level_outside_its_bounds_is_refused(alpha):
    with pytest.raises(ValueError, match=f"alpha={alpha}: must lie between 0 and 1"):
        judge_one(NOISE, alpha=alpha)


def test_a_mean_that_a_few_seeds_carry_is_said_with_its_median():
    quiet = dict.fromkeys(range(9), 0.0)
    few = {seed: (-0.6 if seed < 3 else -0.03 - 0.001 * seed) for seed in range(9)}
    judgement = judge_arms(quiet, {"arm": few}, higher_is_better=True, smallest_difference=0.01)["arm"]
    assert judgement.comparison.median == pytest.approx(np.median(list(few.values())))
    assert judgement.comparison.few_carry_it
    assert judgement.verdict == "worse"
    assert judgement.reason.endswith("; a few seeds carry it, the median is -0.037")
    all_alike = {seed: -0.2 - 0.01 * seed for seed in range(9)}
    assert not judge_arms(quiet, {"arm": all_alike}, higher_is_better=True)["arm"].comparison.few_carry_it
