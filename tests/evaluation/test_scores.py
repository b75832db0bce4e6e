import math

import pytest
import torch
from torch import nn

from faceswap_lab.evaluation import metrics
from faceswap_lab.evaluation import scores as scores_module
from faceswap_lab.evaluation.followers import train_followers
from faceswap_lab.evaluation.held_out import held_out_from
from faceswap_lab.evaluation.nulls import null_swaps
from faceswap_lab.evaluation.scores import baselines, evaluate, likeness
from faceswap_lab.models.architecture import original
from faceswap_lab.models.autoencoder import Autoencoder
from tests.evaluation.pictures import SKINS, THIRD, Oracle, drawn_data, noise, random_held_out, soft_masks

RECON = {f"recon_{m}_{side}" for m in ("ssim", "fitted_mae", "mae", "mae_full") for side in "AB"}
SWAP = (
    *("ssim", "fitted_mae", "mae", "mae_full", "recall5", "score", "identity", "identity_colour", "still_source"),
    *("pose", "expression", "lighting", "colour", "skin_tone", "sharpness"),
)
NULLS = ("copy", "mean", "nearest", "nearest_lit")
PATHS = ("own", "target")
FOLLOW = ("yaw", "mouth", "light")


def keys(kind, names, suffix=""):
    return {f"{kind}_{name}_{direction}{suffix}" for name in names for direction in ("AB", "BA")}


@pytest.fixture(scope="module")
def drawn():
    data = drawn_data()
    held_out = held_out_from(data, 20, 1.0)
    return held_out, train_followers(data.train, 20, 1.0, "x"), null_swaps(data.train, held_out, 1.0)


def test_the_oracle_is_perfect_on_its_own_path_and_grey_on_the_other(drawn, monkeypatch):
    monkeypatch.setattr(scores_module, "_BATCH", 7)
    held_out, followers, _ = drawn
    scores = evaluate(Oracle(held_out, PATHS), held_out, followers)
    assert set(scores) == RECON | keys("swap", SWAP + FOLLOW) | keys("swap", SWAP + FOLLOW, "_target_path")
    for where in ("AB", "BA"):
        assert scores[f"swap_ssim_{where}"] == pytest.approx(1, abs=1e-5)
        assert scores[f"swap_mae_{where}"] == scores[f"swap_mae_full_{where}"] == 0
        assert scores[f"swap_fitted_mae_{where}"] == pytest.approx(0, abs=1e-5)
        assert scores[f"swap_recall5_{where}"] == 1
        assert scores[f"swap_skin_tone_{where}"] == pytest.approx(100)
        for name in ("colour", "pose", "expression", "lighting", "sharpness"):
            assert scores[f"swap_{name}_{where}"] == pytest.approx(1, abs=1e-5)
        assert min(scores[f"swap_{name}_{where}"] for name in FOLLOW) > 0.9
        assert scores[f"swap_ssim_{where}_target_path"] < 0.7
        assert scores[f"swap_recall5_{where}_target_path"] == 0
        assert {scores[f"swap_{name}_{where}_target_path"] for name in FOLLOW} == {0.0}
    assert {scores[f"recon_mae_{side}"] for side in "AB"} == {0}


def test_baselines_carry_the_same_keys_and_are_told_from_a_swap(drawn):
    held_out, followers, nulls = drawn
    scores = baselines(held_out, nulls, followers)
    ceilings = {f"follow_{name}_{side}_ceiling" for name in FOLLOW for side in "AB"}
    assert set(scores) == ceilings.union(*(keys(kind, SWAP + FOLLOW) for kind in NULLS))
    swap = evaluate(Oracle(held_out), held_out, followers)
    for where in ("AB", "BA"):
        assert max(scores[f"copy_ssim_{where}"], scores[f"mean_ssim_{where}"]) < swap[f"swap_ssim_{where}"] - 0.1
        assert scores[f"copy_recall5_{where}"] > 0.6  # the state is right, the person is not
        assert scores[f"mean_recall5_{where}"] < 0.25  # the reverse; chance is 0.125
        assert {scores[f"mean_{name}_{where}"] for name in FOLLOW} == {0.0}
        for name in FOLLOW:
            assert swap[f"swap_{name}_{where}"] == pytest.approx(scores[f"follow_{name}_{where[1]}_ceiling"])


def test_scores_are_means_against_the_right_truth_under_the_right_mask():
    held_out = random_held_out()

    class Copy:
        swap_paths = ("own",)

        def reconstruct(self, side, x):
            return x * (0.9 if side == "A" else 0.5)

        def swap(self, x, source, target, path=None):
            return x + 2 if source == "B" else x  # leaves [0, 1]: clamped to white

    scores = evaluate(Copy(), held_out)
    a, b = held_out.images["A"], held_out.images["B"]
    white = torch.ones_like(a)
    mask_a, mask_b = held_out.masks["A"], held_out.masks["B"]
    assert scores["swap_ssim_AB"] == pytest.approx(metrics.masked_ssim(a, b, mask_b).mean().item(), abs=1e-6)
    assert scores["swap_mae_BA"] == pytest.approx(metrics.masked_mae(white, a, mask_a).mean().item(), abs=1e-6)
    assert scores["swap_mae_full_BA"] == pytest.approx((1 - a).mean().item(), abs=1e-6)
    assert scores["recon_mae_A"] == pytest.approx(metrics.masked_mae(a * 0.9, a, mask_a).mean().item(), abs=1e-6)
    assert scores["recon_mae_full_B"] == pytest.approx((b / 2).mean().item(), abs=1e-6)


def test_of_three_people_each_becomes_each_other_and_the_declared_pair_alone_where_asked():
    data = drawn_data(skins=SKINS | THIRD)
    held_out = held_out_from(data, 20, 1.0)
    everything = evaluate(Oracle(held_out), held_out)
    ways = {"AB", "AC", "BA", "BC", "CA", "CB"}
    assert {name.rpartition("_")[2] for name in everything if name.startswith("swap_")} == ways
    assert {name for name in everything if name.startswith("recon_mae_")} >= {f"recon_mae_{side}" for side in "ABC"}
    assert all(everything[f"swap_ssim_{way}"] == pytest.approx(1, abs=1e-5) for way in ways)
    pair = evaluate(Oracle(held_out), held_out, directions=[("A", "B"), ("B", "A")])
    assert {name.rpartition("_")[2] for name in pair} == {"AB", "BA", "A", "B"}
    assert pair == {name: everything[name] for name in pair}
    found = baselines(held_out, null_swaps(data.train, held_out, 1.0))
    assert {name for name in found if "_ssim_" in name} == {f"{kind}_ssim_{way}" for kind in NULLS for way in ways}


def test_faces_without_truth_are_judged_by_reconstruction_only():
    held_out = random_held_out(paired=False)
    assert set(evaluate(Oracle(held_out), held_out)) == RECON
    assert baselines(held_out, {}) == {}


def test_the_batch_size_changes_nothing_and_a_real_model_keeps_its_mode(monkeypatch):
    held_out = random_held_out()
    model = Autoencoder(
        original(resolution=16, encoder_widths=(4, 8), code_size=8, bridge_width=8, decoder_widths=(8,), encoders=2)
    ).train()
    whole = evaluate(model, held_out)
    monkeypatch.setattr(scores_module, "_BATCH", 5)
    parts = evaluate(model, held_out)
    assert whole == pytest.approx(parts, abs=1e-5)
    assert set(whole) == RECON | keys("swap", SWAP) | keys("swap", SWAP, "_target_path")
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_modules_are_judged_in_evaluation_mode_even_if_they_fail():
    class Half(nn.Module):
        def reconstruct(self, side, x):
            assert not self.training
            assert not torch.is_grad_enabled()
            raise RuntimeError("lost")

    model = Half().train()
    with pytest.raises(RuntimeError, match="lost"):
        evaluate(model, random_held_out())
    assert model.training


def test_a_model_gone_nan_gets_nan_not_a_crash(drawn):
    held_out, followers, _ = drawn

    class Lost:
        swap_paths = ("own",)

        def reconstruct(self, side, x):
            return x * math.nan

        def swap(self, x, source, target, path=None):
            return x * math.nan

    scores = evaluate(Lost(), held_out, followers)
    assert scores.pop("swap_recall5_AB") == scores.pop("swap_recall5_BA") == 0
    assert all(math.isnan(value) for value in scores.values())


def test_errors_are_the_same_however_many_pictures_are_looked_at_at_once():
    drawn, truth, mask = noise(1, 300, 8), noise(2, 300, 8), soft_masks(3, 300, 8)
    together = likeness(drawn, truth, mask)
    for i in (0, 127, 128, 299):
        one = slice(i, i + 1)
        for name, value in likeness(drawn[one], truth[one], mask[one]).items():
            torch.testing.assert_close(together[name][one], value, msg=name)
