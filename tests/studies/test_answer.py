import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.studies.answer import answer_of
from faceswap_lab.studies.findings import Compared
from faceswap_lab.studies.metric_names import Metric
from faceswap_lab.studies.statistics.verdicts import judge_arms

DRAWN = np.random.default_rng(0).normal(0, 0.001, size=(9, 9))
NOISE = DRAWN - DRAWN.mean(axis=1, keepdims=True)


def compared(shifts, seeds=9, smallest=0.02, higher=True):
    """A metric of arms that differ by ``shifts`` and next to no noise; None: an arm without a run."""
    base = {seed: 0.6 + 0.01 * seed for seed in range(seeds)}
    arms = {
        name: {} if shift is None else {seed: base[seed] + shift + NOISE[number % 9, seed] for seed in base}
        for number, (name, shift) in enumerate(shifts.items())
    }
    judgements = judge_arms(base, arms, higher_is_better=higher, smallest_difference=smallest)
    metric = Metric("swap_ssim_AB", "SSIM of the swap A→B", higher, smallest)
    return Compared(metric, {"baseline": base, **arms}, judgements)


def answer(shifts, seeds=9, smallest=0.02, higher=True, finished=None, planned=None, **how):
    """The answer of a study whose arms differ by ``shifts`` and next to no noise."""
    total = seeds * (1 + len(shifts))
    return answer_of(
        compared(shifts, seeds, smallest, higher),
        ["baseline", *shifts],
        finished=total if finished is None else finished,
        planned=planned or total,
        alpha=0.05,
        **how,
    )


@given(st.permutations([-0.2, -0.1, 0.1, 0.2, None]), st.sampled_from([True, False, None]))
def test_arms_are_ranked_the_best_first(shifts, higher):
    """The shifts name the arms; one has no run."""
    best_first = {True: ["0.2", "0.1", "-0.1", "-0.2"], False: ["-0.2", "-0.1", "0.1", "0.2"]}
    expected = [str(shift) for shift in shifts] if higher is None else [*best_first[higher], "None"]
    assert compared({str(shift): shift for shift in shifts}, higher=higher).ranked() == expected


def test_arms_are_told_by_verdict_the_largest_differences_first():
    assert answer({"slightly": -0.1, "far": -0.3, "up": 0.08, "same": 0.001}) == (
        "By the SSIM of the swap A→B (baseline: 0.64, mean of 9 seeds), up (+0.08) is better than baseline; "
        "far (−0.3) and slightly (−0.1) are worse than baseline; same is equivalent to baseline (within ±0.02)."
    )


def test_over_people_many_arms_are_told_by_verdict_with_their_intervals():
    said = answer({"slightly": -0.1, "far": -0.3, "up": 0.08, "same": 0.001}, for_people=True)
    number = r"[+−][\d.]+ \([+−][\d.]+ to [+−][\d.]+\)"
    expected = (
        rf".*, better for people in general: up {number}; worse for people in general: far {number} and slightly "
        rf"{number}; equivalent for people in general: same {number}\."
    )
    assert re.fullmatch(expected, said), said


def test_where_lower_is_better_more_is_worse():
    assert "up (+0.3) is worse than baseline" in answer({"up": 0.3}, higher=False)


def test_undecided_is_said_and_nothing_else():
    said = answer({"near": 0.0199}, smallest=0.02)  # its interval holds the smallest difference, and its sign is sure
    assert "near (+0.02) is better" in said
    noisy = {seed: 0.5 + (-1) ** seed * 0.2 for seed in range(8)}
    judgements = judge_arms(dict.fromkeys(range(8), 0.5), {"arm": noisy}, higher_is_better=True)
    compared = Compared(Metric("m", "SSIM", True), {"baseline": dict.fromkeys(range(8), 0.5), "arm": noisy}, judgements)
    said = answer_of(compared, ["baseline", "arm"], finished=16, planned=16, alpha=0.05)
    assert "no arm is shown to be better than baseline, worse, or equivalent. arm (+0) is undecided." in said


@pytest.mark.parametrize(
    ("seeds", "words"), [(1, "1 seed is too few"), (2, "2 seeds are too few"), (5, "5 seeds are too few")]
)
def test_too_few_seeds_are_called_too_few(seeds, words):
    said = answer({"far": -0.5, "up": 0.5}, seeds=seeds)
    assert f"{words} to decide anything: it takes at least 6." in said
    assert "is worse" not in said
    assert "are worse" not in said


@pytest.mark.parametrize(("arms", "says"), [(6, False), (7, True)])
def test_too_few_seeds_for_so_many_arms_are_called_too_few(arms, says):
    """The smallest p of 8 seeds is 2 / 2^8, and six times as much is below 0.05."""
    said = answer({f"arm{i}": -0.5 for i in range(arms)}, seeds=8)
    assert ("8 seeds can show none of 7 arms better or worse: it takes 9." in said) is says
    assert ("is worse" in said or "are worse" in said) is not says


def test_what_is_missing_is_said():
    assert answer({"far": -0.3}, finished=17, planned=18).endswith(
        "1 of 18 runs are not finished, and missing from these numbers."
    )


def test_nothing_finished_nothing_said():
    metric = Metric("swap_ssim_AB", "SSIM", True, 0.02)
    compared = Compared(metric, {"baseline": {}, "arm": {}}, judge_arms({}, {"arm": {}}, higher_is_better=True))
    arms = ["baseline", "arm"]
    assert answer_of(compared, arms, finished=0, planned=16, alpha=0.05) == (
        "Nothing can be said yet: none of the 16 runs is finished."
    )
    assert "no finished run of baseline has the SSIM" in answer_of(compared, arms, finished=3, planned=16, alpha=0.05)


def test_an_arm_without_a_run_to_compare():
    base = dict.fromkeys(range(9), 0.5)
    judgements = judge_arms(base, {"gone": {}}, higher_is_better=True)
    compared = Compared(Metric("m", "SSIM", True), {"baseline": base, "gone": {}}, judgements)
    assert "Of gone there is no run to compare." in answer_of(
        compared, ["baseline", "gone"], finished=9, planned=18, alpha=0.05
    )


def test_one_arm_alone():
    assert answer({}).endswith("There is no other arm to compare it with.")


@settings(max_examples=15)
@given(st.lists(st.sampled_from([-0.3, -0.05, 0.0, 0.018, 0.05]), min_size=1, max_size=9), st.integers(1, 9))
def test_every_arm_is_named_once_with_its_own_verdict(shifts, seeds):
    names = {f"arm{number}": shift for number, shift in enumerate(shifts)}
    said = answer(names, seeds=seeds)
    whole = said.replace("to decide anything", f"to decide on {' '.join(names)}")
    for name in names:
        assert len(re.findall(rf"\b{name}\b", whole)) == 1
    assert "nan" not in said
