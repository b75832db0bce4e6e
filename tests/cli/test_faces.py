"""Whose faces a configuration asks for: a seed's people are the same in every arm, and no two seeds share anybody."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from faceswap_lab.cli.job import faces
from faceswap_lab.config import ConfigError, load
from faceswap_lab.data.folders import load_folders
from faceswap_lab.faces import model_files
from tests.config.shipped import OPTIONS, composed

ARMS = ("baseline", "two_encoders", "joint", "tanh_signed")


def asked_for(monkeypatch, *overrides: str) -> dict:
    """Return what the renderer is asked for."""
    monkeypatch.setattr("faceswap_lab.data.twin_sets.load_twins", lambda **asked: asked)
    return faces.faces_of(load(composed(*overrides), OPTIONS))


def test_a_seed_has_the_same_people_in_the_same_states_in_every_arm(monkeypatch):
    by_seed = []
    for seed in range(4):
        first, *others = (asked_for(monkeypatch, "data=people", f"+experiment={a}", f"seed={seed}") for a in ARMS)
        assert all(other == first for other in others)
        assert first["seed"] == seed  # of the states
        by_seed.append(first["people"])
    assert len({name for people in by_seed for name in people}) == 8


def test_a_group_is_the_same_people_in_the_states_of_each_seed(monkeypatch):
    one, other = (asked_for(monkeypatch, "data=people", "data.group=3", f"seed={seed}") for seed in (0, 1))
    assert one["people"] == other["people"] == asked_for(monkeypatch, "data=people", "seed=3")["people"]
    assert one["seed"] != other["seed"]


def test_twins_have_states_of_their_own_seed(monkeypatch):
    asked = asked_for(monkeypatch, "data.identities=[ada,ben,cleo]", "seed=7")
    assert (asked["people"], asked["seed"]) == (("ada", "ben", "cleo"), 0)


@pytest.mark.parametrize(
    ("overrides", "size"),
    [
        (["scale=quick"], 128),
        (["data=people", "scale=quick"], 64),
        (["data=people", "scale=medium"], 128),
        (["data=people", "scale=quick", "augmentation.coverage=1"], 32),
        (["data=people", "scale=quick", "augmentation.coverage=0.3"], 128),
    ],
)
def test_people_are_rendered_no_larger_than_their_crop_needs(monkeypatch, overrides, size):
    asked = asked_for(monkeypatch, *overrides)
    assert asked["size"] == size


@pytest.fixture
def own(tmp_path):
    """Give the faces of folders of pictures of so many pixels, and the folders."""

    def of(pixels: int, *overrides: str):
        rng, folders = np.random.default_rng(pixels), [tmp_path / f"{side}{pixels}" for side in "ab"]
        for folder in folders:
            folder.mkdir()
            for index in range(3):
                Image.fromarray(rng.integers(0, 256, (pixels, pixels, 3), np.uint8)).save(folder / f"{index}.png")
        named = [f"data.a={folders[0]}", f"data.b={folders[1]}", "data.held_out=1", f"cache_dir={tmp_path / 'cache'}"]
        return faces.faces_of(load(composed("data=folders", *named, "loss=mae", *overrides), OPTIONS)), folders

    return of


@pytest.mark.parametrize(
    ("resolution", "coverage", "least"),
    [(64, 0.625, 103), (256, 0.625, 410), (1024, 0.625, 1639), (64, 1.0, 64), (64, 0.3, 128)],
)
def test_own_pictures_need_the_pixels_that_the_network_sees_of_them_and_twice_these_at_most(
    monkeypatch, resolution, coverage, least
):
    class Asked(Exception):
        pass

    def asked(**of):
        raise Asked(of["smallest"])

    monkeypatch.setattr("faceswap_lab.data.folders.load_folders", asked)
    config = load(composed("data=folders", "data.a=a", "data.b=b"), OPTIONS)
    model, augmentation = replace(config.model, resolution=resolution), replace(config.augmentation, coverage=coverage)
    with pytest.raises(Asked, match=f"^{least}$"):
        faces.faces_of(replace(config, model=model, augmentation=augmentation))


def test_own_pictures_that_are_too_small_are_refused_with_the_size_to_cut_them_out_at(own):
    with pytest.raises(ConfigError, match=r"too small: 51×51.*needs 52 pixels.*faces.* --size 64, .*model\.resolution"):
        own(51, "scale=quick")
    assert len(own(52, "scale=quick")[0].train["A"]) == 2


def test_own_pictures_that_were_all_used_before_are_the_same_data(own, tmp_path):
    found, folders = own(64, "scale=quick")  # earlier versions asked for twice what the network sees
    before = load_folders(folders=folders, held_out=1, size=128, smallest=64, cache_dir=tmp_path / "c", progress=False)
    assert found.fingerprint == before.fingerprint
    np.testing.assert_array_equal(found.train["A"].pixels, before.train["A"].pixels)


def test_judges_of_real_people_that_are_not_installed_are_missed_before_a_training(monkeypatch):
    def missing(name):
        raise model_files.ModelMissing(f"the {name} model is not installed; install the models with: pip install x")

    monkeypatch.setattr(model_files, "model_file", missing)
    faces.check_judges(load(composed(), OPTIONS))  # nobody asks for them
    with pytest.raises(ConfigError, match=r"evaluation.real_judges=true: the detector model is not .* pip install x"):
        faces.check_judges(load(composed("evaluation.real_judges=true"), OPTIONS))


@pytest.mark.parametrize("name", ["person-10040", "random-70000005"])
def test_whom_the_judge_was_made_with_is_nobody_to_be_judged(name):
    with pytest.raises(ConfigError, match=f"{name} is one of those whom the judge of identities was made with"):
        faces.check_identities(load(composed(f"data.identity_b={name}"), OPTIONS))
    faces.check_identities(load(composed("data.identity_b=person-10300"), OPTIONS))
