"""A program of the field that is no peer here: what is missing, in one line."""

import pytest

from faceswap_lab.cli.peers import MISSING
from faceswap_lab.refusal import NoSuchOption
from tests.cli.judging import judged
from tests.config.shipped import OPTIONS


def test_no_peer_is_missing():
    assert not set(MISSING) & set(OPTIONS["peer"])


@pytest.mark.parametrize(
    ("name", "told"),
    [("faceswap_gan", "perceptual losses.* Peers: amp, dfaker, dfl_h128"), ("sahed_df", "Did you mean 'saehd_df'")],
)
def test_what_is_missing_is_said_of_a_known_program_and_what_was_meant_of_another(name: str, told: str):
    with pytest.raises(NoSuchOption, match=told) as refused:
        judged([f"+peer={name}"])
    assert "\n" not in str(refused.value)
    assert refused.value.chosen == f"peer={name}"
