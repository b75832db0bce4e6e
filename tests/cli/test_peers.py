"""A name of the field that is no peer here: what is missing or meant, in one line."""

import pytest

from faceswap_lab.cli.peers import MISSING
from faceswap_lab.refusal import NoSuchOption
from tests.cli.judging import judged
from tests.config.shipped import OPTIONS


def test_no_peer_is_missing():
    assert not set(MISSING) & set(OPTIONS["peer"])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("faceswap_gan", "perceptual losses.* Peers: amp, combmodel, dfaker, dfl_h128"),
        ("phaze_a_stojo", "EfficientNet-B4"),
        ("saehd_udt", r"Use one of saehd_df_udt, saehd_liae_udt\."),
        ("phaze_a", r"Use one of phaze_a_dfaker, phaze_a_dfl_h128, .*, phaze_a_original\."),
        ("sahed_df", "Did you mean 'saehd_df'"),
    ],
)
def test_what_is_missing_is_said_of_a_known_program_and_what_was_meant_of_another(name: str, told: str):
    with pytest.raises(NoSuchOption, match=told) as refused:
        judged([f"+peer={name}"])
    assert "\n" not in str(refused.value)
    assert refused.value.chosen == f"peer={name}"
