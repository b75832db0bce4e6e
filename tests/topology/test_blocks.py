"""Blocks of a part's own, and architectures from before there were any."""

import dataclasses

import pytest
import torch

from faceswap_lab.cli.job.judge import check_functions
from faceswap_lab.config import ConfigError, load, topology_of
from faceswap_lab.models.architecture import Architecture, from_plain, to_plain
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.parts import MODULES
from faceswap_lab.models.upsamplers import UPSAMPLERS
from faceswap_lab.topology import KINDS, Blocks, Bottleneck, Declared, Residuals, expand
from faceswap_lab.topology.blocks import DOWNSAMPLERS
from tests.config.shipped import OPTIONS, composed
from tests.topology.shipped import SIZES, architecture, shipped

CAME_LATER = {
    name
    for group in (Blocks, Bottleneck, Residuals)
    for name in (*group.__dataclass_fields__, "out_kernel", "depth_to_space", "share")
} | {"grid", "dense_width", "dense_side", "side", "mask_head", "downsamplers", "units"}


def test_a_part_may_have_blocks_of_its_own_and_a_name_without_a_function_is_refused():
    def own(upsampler):
        plain = composed("upsampler=fast")
        plain["topology"]["parts"]["decoder_{side}"]["upsampler"] = upsampler
        return load(plain, OPTIONS)

    config = own("nearest")
    parts = topology_of(config).parts
    assert [parts[name].spec.upsampler for name in ("encoder", "decoder_A")] == ["fast", "nearest"]
    check_functions(config)
    with pytest.raises(ConfigError, match=r"upsampler=nearst: no function .*'nearest'"):
        check_functions(own("nearst"))


def test_the_bottleneck_of_a_topology_with_inters_is_the_inters_matter():
    sizes = dataclasses.replace(SIZES, code_size=3, bottleneck=Bottleneck("convolutional"))
    declared = {
        "encoder": {"kind": "conv_encoder"},
        "inter": {"kind": "inter", "code_size": 32},
        "d": {"kind": "decoder"},
    }
    topology = expand(Declared(declared, "encoder > inter > d"), "AB", sizes)
    assert topology.parts["inter"].spec.bottleneck == "convolutional"
    assert Autoencoder(Architecture(32, topology)).code(torch.rand(1, 3, 32, 32), "A").shape == (1, 4 * 4 * 4)


@pytest.mark.parametrize("name", ["original", "iae", "told_decoder", "shared_decoder_end"])
def test_an_architecture_that_was_saved_before_there_were_blocks_is_the_one_of_2018(name):
    plain = to_plain(architecture(name))
    for part in plain["parts"].values():
        part["spec"] = {key: value for key, value in part["spec"].items() if key not in CAME_LATER}
        part["frozen_from"] = None  # as before there were events
    assert from_plain(plain) == architecture(name)


def test_of_unequal_decoders_a_alone_is_narrower_and_nothing_else_starts_otherwise():
    sizes = dataclasses.replace(SIZES, decoder_widths=(8, 5))
    plain = Autoencoder(Architecture(32, shipped("original", "ABC", sizes)), seed=1).parts
    for share, widths in ((0.5, (4, 2)), (0.25, (2, 1)), (1.0, (8, 5))):
        topology = shipped("weaker_a", "ABC", sizes, share=share)
        assert [topology.parts[f"decoder_{side}"].spec.widths for side in "ABC"] == [widths, (8, 5), (8, 5)]
        model = Autoencoder(Architecture(32, topology), seed=1)
        for part in ("encoder", "decoder_A", "decoder_B", "decoder_C"):
            own, other = (torch.nn.utils.parameters_to_vector(m[part].parameters()) for m in (model.parts, plain))
            assert torch.equal(own, other) is (part != "decoder_A" or share == 1)
        assert from_plain(to_plain(model.architecture)) == model.architecture


def said_by(function):
    """Return the words of the ValueError that a function raises, if it does."""
    try:
        function()
    except ValueError as error:
        return str(error)
    return ""


def refused_by_us_and_by_torch(kind, seen, **arguments):
    """Tell whether a part is refused for a norm of one pixel, and whether torch refuses to run it on a single face."""
    spec = KINDS[kind](norm="instance", **arguments)
    module = MODULES[kind](spec, seen, torch.nn.ReLU)
    ours = said_by(lambda: spec.stages(seen))
    torchs = said_by(lambda: module(torch.zeros(1, seen[0], seen[1], seen[1])))
    return "norm instance needs maps of 2x2 or more, not 1x1" in ours, "more than 1 value per channel" in torchs


@pytest.mark.parametrize("residuals", [(), (1,)])
@pytest.mark.parametrize("normed", [None, 0, 1])
@pytest.mark.parametrize("last", DOWNSAMPLERS)
@pytest.mark.parametrize("resolution", [2, 4, 8])
def test_a_stage_whose_norm_sees_one_pixel_is_refused_where_torch_refuses_it(resolution, last, normed, residuals):
    down = ("conv", last)
    grid = resolution >> sum(DOWNSAMPLERS[name].halves for name in down)
    if not grid or (resolution == 2 and last == "shuffled"):
        return  # no such map
    sizes = {"resolution": resolution, "widths": (4, 4), "downsamplers": down, "grid": grid, "code_size": 4}
    ours, torchs = refused_by_us_and_by_torch("encoder", (3, resolution), normed=normed, residuals=residuals, **sizes)
    assert ours == torchs


@pytest.mark.parametrize("normed", [None, 0])
@pytest.mark.parametrize("upsampler", UPSAMPLERS)
@pytest.mark.parametrize("side", [1, 2])
def test_an_upscale_whose_norm_sees_one_pixel_is_refused_where_torch_refuses_it(side, upsampler, normed):
    blocks = {"upsampler": upsampler, "normed": normed}
    for kind, sizes in (
        ("upscale", {"width": 4}),
        ("inter", {"width": 4, "bridge_width": 4, "code_size": 4}),
        ("decoder", {"channels": 4, "widths": (4, 4), "mask_head": (4, 4)}),
    ):
        ours, torchs = refused_by_us_and_by_torch(kind, (4, side), **blocks, **sizes)
        assert ours == torchs == (side == 1 and normed is None and upsampler in ("pixel_shuffle", "hybrid", "fast"))
    ours, torchs = refused_by_us_and_by_torch(
        "encoder", (3, 4), resolution=4, widths=(4,), grid=2, dense_side=side, bridge_width=4, code_size=4, **blocks
    )
    assert ours == torchs
