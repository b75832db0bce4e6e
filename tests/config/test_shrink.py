"""A model for smaller pictures: of the same shape, and always one that can be built."""

import functools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.config import Config, check_rules, load
from faceswap_lab.config.shrink import halvings_of, shrunk
from tests.config.shipped import OPTIONS, composed, fixed

WIDTHS = ("encoder_widths", "decoder_widths", "code_size", "dense_width", "bridge_width", "mask_head")


@functools.cache
def peer(name: str) -> Config:
    return load(composed(f"+peer={name}"), OPTIONS)


@pytest.mark.parametrize(("scale", "factor"), [("quick", 1 / 8), ("smoke", 1 / 16), ("original", 1)])
def test_the_network_of_2018_shrinks_to_the_scales(scale: str, factor: float):
    small = load(composed(f"scale={scale}"), OPTIONS).model
    config = load(fixed(), OPTIONS)
    assert shrunk(config.model, config.topology.parts, small.resolution, factor) == (small, config.topology.parts)


@given(st.sampled_from(OPTIONS["peer"]), st.sampled_from([32, 64, 96, 128, 224]), st.floats(0.001, 2))
def test_a_peer_at_any_size_is_a_model_that_can_be_built(name: str, resolution: int, factor: float):
    config = peer(name)
    if config.upsampler.name == "hybrid":
        factor = max(factor, 2 / 32)  # of the narrowest one half is shuffled, half interpolated
    small, parts = shrunk(config.model, config.topology.parts, resolution, factor)
    check_rules(replace(config, model=small, topology=replace(config.topology, parts=parts)), OPTIONS)
    assert (small.input_resolution or resolution) == small.grid << halvings_of(small)
    assert small.resolution == resolution
    assert small.grid >= 4
    assert len(small.encoder_widths) <= len(config.model.encoder_widths)


@given(st.sampled_from(OPTIONS["peer"]), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_smaller_factor_makes_nothing_wider_and_nothing_vanishes(name: str, one: float, other: float):
    model = peer(name).model
    narrow, wide = (vars(shrunk(model, {}, 32, factor)[0]) for factor in sorted((one, other)))
    for key in WIDTHS:
        a, b, whole = ((v if isinstance(v, tuple) else (v or 0,)) for v in (narrow[key], wide[key], vars(model)[key]))
        assert all((0 < x <= y <= w) or x == y == w == 0 for x, y, w in zip(a, b, whole)), key


def test_residual_blocks_go_with_their_stages_and_the_end_keeps_its_own():
    model = replace(peer("dfl_h128").model, residuals=(3, 2, 0), encoder_residuals=(1, 0, 0, 2))
    for resolution, after_up, after_down in ((64, (3, 2, 0), (1, 0, 0, 2)), (32, (3, 0), (1, 0, 2))):
        small, _ = shrunk(model, {}, resolution, 1)
        assert (small.residuals, small.encoder_residuals) == (after_up, after_down)


def test_stages_that_halve_nothing_stay_and_a_decoder_loses_as_many_as_are_halved_less():
    model = replace(peer("dfl_h128").model, downsamplers=("conv", "shuffled", "conv", "separable", "conv"))
    model = replace(model, encoder_widths=(64, 16, 64, 128, 256))
    for resolution, kept in ((64, 5), (32, 4), (16, 3)):
        small, _ = shrunk(model, {}, resolution, 1)
        assert (small.encoder_widths, small.downsamplers) == (model.encoder_widths[:kept], model.downsamplers[:kept])
        assert small.decoder_widths == model.decoder_widths[: kept - 2]
    assert shrunk(replace(model, downsamplers=("separable",)), {}, 32, 1)[0].downsamplers == ("separable",)
    late = ("conv", "conv", "conv", "shuffled", "conv")  # which is left out with what stands behind it
    small, _ = shrunk(replace(model, downsamplers=late, encoder_residuals=(1, 0, 2, 3, 4)), {}, 16, 1)
    assert (small.downsamplers, small.encoder_residuals) == (late[:2], (1, 4))
    assert small.decoder_widths == model.decoder_widths[:1]


def test_an_encoder_that_would_see_next_to_nothing_is_refused():
    model = replace(peer("dlight").model, input_resolution=16)  # of 256
    assert shrunk(model, {}, 64, 1)[0].encoder_widths == ()  # 4x4 of them are there already
    with pytest.raises(ValueError, match="at 32 px the encoder would see 2x2, less than 4x4"):
        shrunk(model, {}, 32, 1)


def test_what_a_part_has_of_its_own_is_shrunk_as_the_models():
    model = peer("dfl_h128").model
    own = {"widths": [100, 50, 30], "residuals": [2, 1, 0], "width": 40, "code_size": 10, "side": 8, "bridge_width": 0}
    _, parts = shrunk(model, {"one": {"kind": "decoder", "share": 0.5, **own}}, 32, 0.25)
    sizes = {"widths": [25, 12], "residuals": [2, 0], "width": 10, "code_size": 2, "side": 4, "bridge_width": 0}
    assert parts == {"one": {"kind": "decoder", "share": 0.5, **sizes}}
    late = replace(peer("villain").model, encoder_widths=(8,) * 5, downsamplers=("conv",) * 3 + ("shuffled", "conv"))
    own = {"widths": [10, 20, 30, 40, 50], "residuals": [1, 0, 2, 3, 4], "width": 7}
    _, encoder = shrunk(late, {"encoder": {"kind": "conv_encoder", **own}}, 16, 1)
    assert encoder["encoder"] == {"kind": "conv_encoder", "widths": [10, 20], "residuals": [1, 4], "width": 7}
    own = {"width": 40, "code_size": 10}
    _, laid_out = shrunk(model, {"one": own}, 32, 0.25, laid_out=True)
    assert laid_out["one"]["code_size"] == 16  # a map of 4x4
