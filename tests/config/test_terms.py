"""What a loss of several terms may say, what it is without them, and how it is refused."""

import shlex
from dataclasses import replace

import pytest
import torch

from faceswap_lab.cli.job.judge import check_functions
from faceswap_lab.config import ConfigError, load, terms_of
from faceswap_lab.config.keys import no_such_setting
from faceswap_lab.config.terms import window_of
from faceswap_lab.runs.identity import identity, run_hash
from faceswap_lab.training.build import objective_of
from faceswap_lab.training.step.losses import LOSSES
from tests.config.shipped import OPTIONS, composed, set_at


def terms(told, loss="mse_masked", **other):
    config = load(composed("loss=mae"), OPTIONS)
    mask_weight = 1.0 if loss.endswith("_masked") else 0.0
    name = loss.removesuffix("_masked")
    return terms_of(replace(config.loss, name=name, mask_weight=mask_weight, terms=told, **other), 32)


def test_without_terms_there_is_the_one_distance():
    found = terms({})
    assert list(found) == ["mse"]
    term = found["mse"]
    assert (term.kind, term.weight, term.mask_weight, term.masking, term.settings) == ("mse", 1, 1, "distance", {})


def test_empty_terms_are_not_there_for_the_hash():
    without, plain = load(composed(), OPTIONS), composed()
    plain["loss"]["terms"] = {}
    assert "terms" not in identity(without)["loss"]
    assert run_hash(load(plain, OPTIONS)) == run_hash(without)
    plain["loss"]["terms"] = {"mae": {"weight": 1}}
    assert run_hash(load(plain, OPTIONS)) != run_hash(without)


def test_the_order_of_terms_means_nothing():
    told = {"mae": {"weight": 2}, "dssim": {"weight": 1, "window": 5}}
    hashes = set()
    for order in (list(told), list(told)[::-1]):
        plain = composed("loss=dssim_mse")
        plain["loss"]["terms"] = {name: told[name] for name in order}
        config = load(plain, OPTIONS)
        hashes.add(run_hash(config))
        assert list(terms_of(config.loss, 32)) == ["dssim", "mae"]
    assert len(hashes) == 1


def test_a_term_says_what_it_is_and_the_rest_is_usual():
    found = terms(
        {"fine": {"kind": "dssim", "window": 5, "mask_weight": 0.5}, "dssim": {"weight": 0}}, loss="mine_masked"
    )
    assert (found["fine"].kind, found["fine"].weight, found["fine"].mask_weight) == ("dssim", 1, 0.5)
    assert found["fine"].settings == {"window": 5, "sigma": 1.5, "padding": "reflect"}
    assert (found["dssim"].weight, found["dssim"].mask_weight, found["dssim"].settings["window"]) == (0, 1, 11)


def test_a_window_is_pixels_or_a_share():
    assert [window_of(w, 64) for w in (11, 1, 0.5, 0.01, 0.08621)] == [11, 1, 32, 1, 5]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"x": {"kind": ["mae"]}}, ["loss.terms.x.kind=['mae']", "expected a word"]),
        ({"dssim": 3}, ["loss.terms.dssim=3", "loss.terms.dssim.weight=1"]),
        ({"dssim": {"windw": 3}}, ["loss.terms.dssim.windw", "'window'?", "padding"]),
        ({"mse": {"window": 3}}, ["loss.terms.mse.window", "mask_weight"]),
        ({"dssim": {"window": 0}}, ["loss.terms.dssim.window=0", "> 0", "side of the window"]),
        ({"dssim": {"window": 33}}, ["loss.terms.dssim with model.resolution=32", "33 px"]),
        ({"ms_ssim": {"scales": 3, "masking": "pictures"}}, ["11 px at 3 scales", "at least 44 px"]),
        ({"laplacian": {"levels": 6, "masking": "pictures"}}, ["6 levels", "at least 64 px"]),
        ({"dssim": {"padding": "zero"}}, ["loss.terms.dssim.padding=zero", "valid, reflect"]),
        ({"laplacian": {}}, ["loss.terms.laplacian.mask_weight=1", "masking: pictures", "mask_weight: 0"]),
        ({"dssim": {"weight": -1}}, ["loss.terms.dssim.weight=-1", ">= 0"]),
        ({"dssim": {"weight": 0}}, ["loss.terms: every weight is 0"]),
        ({"a/b": {"kind": "mae"}}, ["'a/b' is no name"]),
        ({"mae": {"region": "nose"}}, ["loss.terms.mae.region=nose", "face, eyes, mouth, eyes_and_mouth"]),
        ({"mae": {"region": "eyes", "mask_weight": 0}}, ["loss.terms.mae.region=eyes", "mask_weight: 1"]),
        ({"focal_frequency": {"masking": "whole"}}, ["focal_frequency is no number for each pixel"]),
    ],
)
def test_a_term_that_means_nothing_is_refused(told, said):
    with pytest.raises(ConfigError) as error:
        terms(told, loss="mine_masked")
    assert not [part for part in said if part not in str(error.value)], error.value
    assert "\n" not in str(error.value)


def test_a_kind_that_is_not_ours_is_its_functions_matter(monkeypatch):
    told = {"fine": {"kind": "mine", "weight": 2, "mask_weight": 0.5, "power": 3}}
    found = terms(told, loss="mine")["fine"]
    assert (found.weight, found.mask_weight, found.settings) == (2, 0.5, {"power": 3})
    plain = composed("loss=dssim_mse")
    plain["loss"]["terms"] = told
    config = load(plain, OPTIONS)
    with pytest.raises(ConfigError, match=r"loss=mine: no function of that name in .*losses.py.* Known: mae, mse"):
        check_functions(config)
    monkeypatch.setitem(LOSSES, "mine", lambda output, target, power: (output - target).abs() ** power)
    check_functions(config)
    loss, _ = objective_of(config)(
        torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4), {"face": torch.ones(1, 1, 4, 4)}
    )
    assert loss.item() == pytest.approx(2 * 0.5**3)
    plain["loss"]["terms"] = {"dsim": {}}
    with pytest.raises(ConfigError, match="Did you mean 'dssim'"):
        check_functions(load(plain, OPTIONS))


def test_terms_beside_a_single_distance_are_refused():
    with pytest.raises(ConfigError, match=r"loss.terms.gradient with loss=mae: .* \+loss.terms.mae.weight=1"):
        terms({"gradient": {"weight": 1}}, loss="mae")
    assert list(terms({"gradient": {"weight": 1}, "mae": {}}, loss="mae")) == ["gradient", "mae"]


def test_the_rules_ask_for_them():
    plain = composed("loss=dssim")
    set_at(plain, "loss.terms.dssim.window", 40)
    with pytest.raises(ConfigError, match="a window of 40 px"):
        load(plain, OPTIONS)


@pytest.mark.parametrize("chosen", ["loss=mae_priority", "+peer=amp", "+peer=realface"])
def test_of_folders_nobody_knows_where_the_eyes_are_and_the_remedy_is_one(chosen):
    words = (chosen, "data=folders", "data.a=faces/a", "data.b=faces/b")
    with pytest.raises(ConfigError, match=r"loss.terms.*eyes.*region=eyes.* with data=folders: .* data=people") as said:
        load(composed(*words), OPTIONS)
    load(composed(*words, *shlex.split(str(said.value).rstrip(".").partition("or leave out ")[2])), OPTIONS)


def test_of_folders_a_loss_of_ones_own_names_the_region():
    plain = composed("loss=mse", "data=folders", "data.a=faces/a", "data.b=faces/b")
    plain["loss"]["terms"] = {"mse": {"mask_weight": 1, "region": "eyes"}}
    with pytest.raises(ConfigError, match=r"mse.region=eyes with data=folders: .*, or loss.terms.mse.region=face"):
        load(plain, OPTIONS)


def test_a_term_that_is_not_there_says_how_it_is_added():
    for key in ("loss.terms.gradient.weight", "topology.parts.more"):
        assert f"Add +{key}=" in str(no_such_setting(key))
    assert "Add +" not in str(no_such_setting("seed.x"))
