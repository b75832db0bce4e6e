"""Blocks of a part's own, and architectures from before there were any."""

import dataclasses

import pytest
import torch

from faceswap_lab.cli.job.judge import check_functions
from faceswap_lab.config import ConfigError, load, topology_of
from faceswap_lab.models.architecture import Architecture, from_plain, to_plain
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.topology import Blocks, Bottleneck, Declared, Residuals, expand
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
