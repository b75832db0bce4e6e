"""Blocks of a part's own, and architectures from before there were any."""

import pytest

from faceswap_lab.cli.job.functions import check_functions
from faceswap_lab.config import ConfigError, load, topology_of
from faceswap_lab.models.architecture import from_plain, to_plain
from faceswap_lab.topology import Blocks, Bottleneck, Residuals
from tests.config.shipped import OPTIONS, composed
from tests.topology.shipped import architecture

CAME_LATER = {
    name
    for group in (Blocks, Bottleneck, Residuals)
    for name in (*group.__dataclass_fields__, "out_kernel", "depth_to_space", "share")
} | {"grid", "dense_width", "dense_side", "side"}


def test_a_part_may_have_blocks_of_its_own_and_a_name_without_a_function_is_refused():
    def own(upsampler):
        plain = composed("upsampler=fast")
        plain["topology"]["parts"]["decoder_{side}"]["upsampler"] = upsampler
        return load(plain, OPTIONS)

    config = own("nearest")
    parts = topology_of(config).parts
    assert [parts[name].spec.upsampler for name in ("encoder", "decoder_A")] == ["fast", "nearest"]
    check_functions(config)
    with pytest.raises(ConfigError, match=r"parts.decoder_A.upsampler=nearst: no function .*'nearest'"):
        check_functions(own("nearst"))


@pytest.mark.parametrize("name", ["original", "iae", "told_decoder", "shared_decoder_end"])
def test_an_architecture_that_was_saved_before_there_were_blocks_is_the_one_of_2018(name):
    plain = to_plain(architecture(name))
    for part in plain["parts"].values():
        part["spec"] = {key: value for key, value in part["spec"].items() if key not in CAME_LATER}
    assert from_plain(plain) == architecture(name)
