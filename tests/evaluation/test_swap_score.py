import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.evaluation import metrics
from faceswap_lab.evaluation.held_out import held_out_from
from faceswap_lab.evaluation.nulls import null_swaps
from faceswap_lab.evaluation.reader import read
from faceswap_lab.evaluation.swap_score import ASPECTS, _followed, agreement, swap_score
from tests.evaluation.people import COVERAGE, twins
from tests.evaluation.pictures import noise, random_held_out, soft_masks


@pytest.fixture(scope="module")
def scene():
    data = twins()
    held_out = held_out_from(data, 32, COVERAGE)
    return data, held_out


def judged(held_out, drawn):
    return swap_score(drawn, held_out, "A", "B")


def test_the_truth_is_near_one_in_everything(scene):
    _, held_out = scene
    scores = judged(held_out, held_out.images["B"])
    assert scores["score"] > 0.95
    assert scores["identity"] > 0.9
    assert scores["identity_colour"] > 0.9
    assert scores["still_source"] == 0
    assert scores["skin_tone"] == pytest.approx(100)
    for name in ("colour", "pose", "expression", "lighting", "sharpness"):
        assert scores[name] == pytest.approx(1, abs=1e-6)


def test_no_null_comes_near_and_each_fails_where_it_must(scene):
    data, held_out = scene
    kinds = {"copy": held_out.images["A"]} | {
        kind: of["B"] for kind, of in null_swaps(data.train, held_out, COVERAGE).items()
    }
    scores = {kind: judged(held_out, drawn) for kind, drawn in kinds.items()}
    assert all(of["score"] < 0.7 for of in scores.values()), {kind: of["score"] for kind, of in scores.items()}
    assert scores["copy"]["score"] < 0.3
    assert scores["mean"]["score"] < 0.35
    assert scores["copy"]["identity"] < 0.02
    assert scores["copy"]["still_source"] == 1
    assert scores["copy"]["skin_tone"] < 30
    assert scores["mean"]["pose"] == scores["mean"]["expression"] == scores["mean"]["lighting"] == 0
    assert scores["nearest"]["pose"] > 0.4
    assert scores["nearest"]["lighting"] < 0.3
    assert scores["nearest_lit"]["lighting"] > scores["nearest"]["lighting"] + 0.2
    assert max(scores[kind]["expression"] for kind in ("nearest", "nearest_lit")) < 0.4


def test_a_cross_fade_to_the_source_never_gains(scene):
    _, held_out = scene
    a, b = held_out.images["A"], held_out.images["B"]
    steps = [judged(held_out, torch.lerp(b, a, share / 10)) for share in range(11)]
    for name in ("score", "identity", "identity_colour", "colour", "skin_tone", "expression"):
        values = [scores[name] for scores in steps]
        assert all(later <= earlier + 0.01 for earlier, later in itertools.pairwise(values)), (name, values)
    assert steps[5]["score"] < 0.8 * steps[1]["score"]


def test_skin_of_the_source_is_a_matter_of_colour_alone(scene):
    _, held_out = scene
    a, b = (metrics.mean_colour(held_out.images[side], held_out.masks[side]) for side in "AB")
    pale = held_out.images["B"] + (a - b)[..., None, None]
    scores = judged(held_out, pale)
    assert scores["skin_tone"] == pytest.approx(0, abs=1)
    assert scores["identity"] > 0.9
    assert scores["identity_colour"] < scores["identity"]
    assert scores["colour"] < 0.5
    assert scores["score"] < 0.9


def test_the_score_is_the_geometric_mean_of_its_aspects_and_noise_is_as_bad_as_blur(scene):
    _, held_out = scene
    drawn = (held_out.images["B"] + 0.06 * (noise(0, 24, 32) - 0.5)).clamp(0, 1)
    scores = judged(held_out, drawn)
    assert scores["sharpness"] > 1
    factors = [scores[name] for name in ASPECTS if name != "sharpness"] + [1 / scores["sharpness"]]
    assert scores["score"] == pytest.approx(math.exp(np.mean(np.log(factors))))


def test_what_follows_nothing_counts_as_an_accident_of_a_tenth(scene):
    data, held_out = scene
    scores = judged(held_out, null_swaps(data.train, held_out, COVERAGE)["mean"]["B"])
    assert scores["pose"] == scores["expression"] == scores["lighting"] == 0
    rest = scores["identity"] * scores["colour"] * scores["sharpness"]
    assert scores["score"] == pytest.approx((rest * 0.1**3) ** (1 / 6))


def test_every_side_is_judged_against_its_own_truth(scene):
    _, held_out = scene
    forth, back = (swap_score(held_out.images[t], held_out, s, t) for s, t in ("AB", "BA"))
    assert min(forth["score"], back["score"]) > 0.9
    assert swap_score(held_out.images["B"], held_out, "B", "A")["identity"] < 0.02


@given(st.integers(0, 2**31), st.integers(3, 20))
@settings(max_examples=20)
def test_what_is_followed_is_lins_concordance(seed, n):
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(n, 6)) * rng.uniform(0.1, 3, 6)
    drawn = true * rng.uniform(0, 2, 6) + rng.normal(size=(n, 6)) * 0.3 + rng.normal(size=6)
    expected = []
    for o, t in zip(drawn.T, true.T):  # as pearson's r times the bias correction, Lin's own decomposition
        scale, shift = o.std() / t.std(), (o.mean() - t.mean()) / np.sqrt(o.std() * t.std())
        expected.append(max(0, np.corrcoef(o, t)[0, 1] * 2 / (scale + 1 / scale + shift**2)))
    np.testing.assert_allclose(agreement(torch.from_numpy(drawn), torch.from_numpy(true)), expected, atol=1e-9)
    found = _followed(torch.from_numpy(drawn), torch.from_numpy(true))
    assert list(found) == ["pose", "expression", "lighting"]
    assert list(found.values()) == pytest.approx([np.mean(expected[i : i + 2]) for i in (0, 2, 4)])


def test_half_a_turn_is_four_fifths_and_no_turn_is_none():
    true = torch.linspace(-1, 1, 9)[:, None]
    assert agreement(true / 2, true).item() == pytest.approx(0.8)
    assert agreement(true, true).item() == 1
    assert agreement(torch.zeros_like(true), true).item() == 0
    assert agreement(-true, true).item() == 0


def test_colour_and_sharpness_agree_with_plain_loops():
    held_out = random_held_out(n=5, r=16)
    drawn = noise(7, 5, 16) * torch.tensor([0.2, 0.8, 0.9, 1.0, 0.7])[:, None, None, None]
    scores = judged(held_out, drawn)
    errors, along, length = [], 0.0, 0.0
    for i in range(5):
        weights = {side: held_out.masks[side][i, 0].double().numpy() for side in "AB"}
        of = {"A": held_out.images["A"][i], "B": held_out.images["B"][i], "drawn": drawn[i]}
        mean = {
            name: np.array([np.average(x[c].double(), weights=weights["A" if name == "A" else "B"]) for c in range(3)])
            for name, x in of.items()
        }
        errors.append(max(0, 1 - np.abs(mean["drawn"] - mean["B"]).mean() / 0.2))
        along += (mean["drawn"] - mean["A"]) @ (mean["B"] - mean["A"])
        length += (mean["B"] - mean["A"]) @ (mean["B"] - mean["A"])
    assert scores["colour"] == pytest.approx(np.mean(errors), abs=1e-5)
    assert min(errors) == 0 < sorted(errors)[1], "one face too far off, and it takes nothing from the others"
    assert math.sqrt(length / 15) > 2 / 255
    assert scores["skin_tone"] == pytest.approx(100 * along / length, rel=1e-3)


def test_sharpness_is_a_ratio_of_detail_and_alike_skins_have_no_tone():
    truth, mask = noise(1, 4, 9), soft_masks(2, 4, 9)

    def detail(picture, weight):
        grey = np.pad(picture.double().mean(0).numpy(), 1, mode="reflect")
        left = [[grey[y + 1, x + 1] - grey[y : y + 3, x : x + 3].mean() for x in range(9)] for y in range(9)]
        return np.sqrt(np.average(np.square(left), weights=weight[0].double().numpy()))

    drawn = truth * 0.6 + 0.1 * noise(3, 4, 9)
    expected = [detail(drawn[i], mask[i]) / detail(truth[i], mask[i]) for i in range(4)]
    assert metrics.sharpness(drawn, truth, mask).tolist() == pytest.approx(expected, rel=1e-4)
    twin = random_held_out(n=3)
    twin.images["B"], twin.masks["B"] = twin.images["A"], twin.masks["A"]
    assert "skin_tone" not in judged(twin, twin.images["A"])


def test_readings_of_the_truth_are_made_once(scene):
    _, held_out = scene
    assert held_out.readings is held_out.readings
    torch.testing.assert_close(held_out.readings["A"].who, read(held_out.images["A"]).who)
