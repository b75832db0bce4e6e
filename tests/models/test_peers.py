"""The field's models by name: as many weights as theirs, and what a scale changes of them."""

import re
from itertools import pairwise

import pytest
import torch

from faceswap_lab.config import load
from faceswap_lab.models.autoencoder import Autoencoder, parameter_counts
from faceswap_lab.training.build import architecture_of
from tests.config.shipped import CONF, OPTIONS, composed


def conv(kernel, a, b):
    return kernel**2 * a * b + b


def dense(a, b):
    return a * b + b


def chain(of, *widths):
    return sum(of(a, b) for a, b in pairwise(widths))


def down(a, b):
    return conv(5, a, b)


def residual(a):
    return 2 * conv(3, a, a)


def bare(a):
    """A residual block without biases."""
    return residual(a) - 2 * a


def up(a, b):
    return conv(3, a, 4 * b)


def separable(a, b):
    """Convolution k5 of each channel by itself, without biases; then k1 over all of them."""
    return 5**2 * a + conv(1, a, b)


def up_of_5(a, b):
    return conv(5, a, 4 * b)


def up_and_residual(a, b):
    return up(a, b) + residual(b)


def hybrid(a, b, larger=2):
    """An upscale of which one half is shuffled and the other interpolated."""
    return conv(3, a, larger**2 * b // 2) + conv(3, a, b // 2)


def pair(a, b):
    """Two convolutions before a pooling; the first keeps the channels."""
    return conv(3, a, a) + conv(3, a, b)


def up_pair(a, b):
    """Two convolutions after an enlarging."""
    return conv(3, a, b) + conv(3, b, b)


def mask_head(sees, *widths):
    """What draws a decoder's mask."""
    return chain(up, sees, *widths) + conv(1, widths[-1], 1)


DOUBLING_END = conv(1, 128, 3) + 3 * conv(3, 128, 3)
ENCODER = chain(down, 3, 64, 128, 256, 512)
INTER_LIAE = dense(512 * 8 * 8, 256) + dense(256, 512 * 4 * 4) + up(512, 512)
LIAE_UD = ENCODER + 2 * INTER_LIAE + chain(up_and_residual, 1024, 512, 256, 128) + DOUBLING_END
LIAE_UD += mask_head(1024, 176, 88, 44, 22)
INTER_DF = dense(512 * 8 * 8, 256) + dense(256, 256 * 8 * 8) + up(256, 256)
LIAE = ENCODER + 2 * (dense(512 * 8 * 8, 256) + dense(256, 512 * 8 * 8) + up(512, 512))
LIAE += chain(up_and_residual, 1024, 512, 256, 128) + conv(1, 128, 3) + mask_head(1024, 176, 88, 44)
DF = ENCODER + INTER_DF + 2 * (chain(up_and_residual, 256, 512, 256, 128) + conv(1, 128, 3))
DF += 2 * mask_head(256, 176, 88, 44)
INTER_DF_UD = dense(512 * 8 * 8, 256) + dense(256, 256 * 4 * 4) + up(256, 256)
DF_UD = ENCODER + INTER_DF_UD + 2 * (chain(up_and_residual, 256, 512, 256, 128) + DOUBLING_END)
DF_UD += 2 * mask_head(256, 176, 88, 44, 22)
INTER_96 = dense(512 * 6 * 6, 128) + dense(128, 128 * 3 * 3) + up(128, 128)
QUICK96 = ENCODER + INTER_96 + 2 * (chain(up_and_residual, 128, 512, 256, 128) + DOUBLING_END)
QUICK96 += 2 * mask_head(128, 128, 64, 32, 16)
ENCODER_T = chain(down, 3, 64, 128, 256, 512, 512) + residual(64) + residual(512)
DF_T = ENCODER_T + dense(512 * 4 * 4, 256) + dense(256, 256 * 8 * 8)
DF_T += 2 * (chain(up_and_residual, 256, 512, 512, 256, 128) + conv(1, 128, 3) + mask_head(256, 176, 176, 88, 44))
DF_UDT = ENCODER_T + dense(512 * 4 * 4, 256) + dense(256, 256 * 4 * 4)
DF_UDT += 2 * (chain(up_and_residual, 256, 512, 512, 256, 128) + DOUBLING_END + mask_head(256, 176, 176, 88, 44, 22))
LIAE_T = ENCODER_T + 2 * (dense(512 * 4 * 4, 256) + dense(256, 512 * 8 * 8))
LIAE_T += chain(up_and_residual, 1024, 512, 512, 256, 128) + conv(1, 128, 3) + mask_head(1024, 176, 176, 88, 44)
LIAE_UDT = ENCODER_T + 2 * (dense(512 * 4 * 4, 256) + dense(256, 512 * 4 * 4))
LIAE_UDT += chain(up_and_residual, 1024, 512, 512, 256, 128) + DOUBLING_END + mask_head(1024, 176, 176, 88, 44, 22)
AMP = ENCODER_T + dense(512 * 7 * 7, 256) + 2 * dense(256, 1024 * 7 * 7)
AMP += chain(up_and_residual, 1024, 512, 512, 256, 128) + DOUBLING_END + mask_head(1024, 176, 176, 88, 44, 22)
ENCODER_ORIGINAL = chain(down, 3, 128, 256, 512, 1024)
REALFACE = ENCODER_ORIGINAL + 2 * sum(map(residual, (128, 256, 512)))
REALFACE += dense(1024 * 4 * 4, 1536) + dense(1536, 1024 * 4 * 4) + dense(1024 * 4 * 4, 1024) + dense(1024, 682 * 4 * 4)
REALFACE += chain(up, 1024, 1024, 512, 256, 128, 64) + conv(5, 64, 3) + bare(1024)
REALFACE += sum(bare(width) + residual(width) for width in (512, 256, 128))
REALFACE += chain(up, 682, 682, 341, 170, 85, 42) + conv(5, 42, 3) + bare(682)
DFAKER = ENCODER_ORIGINAL + dense(1024 * 4 * 4, 1024) + dense(1024, 1024 * 4 * 4) + up(1024, 512)
DFAKER += 2 * (2 * chain(up, 512, 512, 256, 128, 64) + conv(5, 64, 3) + conv(5, 64, 1))
DFAKER += 2 * sum(map(bare, (512, 256, 128)))
UNBALANCED = chain(down, 3, 128, 256, 512, 768, 1024) + 2 * 2 + dense(1024 * 4 * 4, 1024) + dense(1024, 512 * 8 * 8)
UNBALANCED += chain(up_of_5, 512, 384, 384, 192, 96) + conv(5, 96, 3)
UNBALANCED += chain(up_of_5, 512, 512, 512, 256, 128) + conv(5, 128, 3) + sum(map(residual, (512, 512, 256)))
VILLAIN = down(3, 128) + 16 * residual(128) + down(128, 4 * 32) + down(32, 4 * 32) + down(32, 128)
VILLAIN += separable(128, 256) + down(256, 512) + separable(512, 1024)
VILLAIN += dense(1024 * 4 * 4, 1024) + dense(1024, 1024 * 8 * 8) + up(1024, 512)
VILLAIN += 2 * (chain(up_and_residual, 512, 512, 256, 128) + conv(5, 128, 3))
DLIGHT = sum(down(a, b) for a, b in ((3, 32), (35, 64), (99, 128), (227, 256), (483, 512)))
DLIGHT += dense(995 * 4 * 4, 1664) + dense(1664, 1024 * 4 * 4)
DLIGHT += chain(hybrid, 1024, 256, 128, 64, 32) + conv(5, 32, 3)
DLIGHT += hybrid(1024, 512, larger=4) + chain(hybrid, 512, 512, 256, 128, 64) + conv(5, 64, 3)
DLIGHT += 5 * residual(512) + residual(256) + residual(128)
ENCODER_SAE = chain(down, 3, 126, 252, 504, 1008)
PHAZE_A_SAE_DF = ENCODER_SAE + dense(1008 * 8 * 8, 512) + dense(512, 512 * 8 * 8) + up(512, 512)
PHAZE_A_SAE_DF += 2 * (chain(up, 512, 504, 248, 128) + 2 * sum(map(residual, (504, 248, 128))) + conv(5, 128, 3))
PHAZE_A_SAE_LIAE = ENCODER_SAE + 2 * (dense(1008 * 8 * 8, 256) + dense(256, 512 * 8 * 8) + up(512, 512))
PHAZE_A_SAE_LIAE += chain(up, 1024, 504, 248, 128) + 2 * sum(map(residual, (504, 248, 128))) + conv(5, 128, 3)
TO_PIXEL = conv(3, 512, 512) + conv(4, 512, 512)  # the last of the encoder
FROM_PIXEL = conv(4, 512, 512) + conv(3, 512, 512)  # the first of the decoder
LAST_UPS = chain(up_pair, 512, 256, 128, 64, 32, 16) + conv(1, 16, 3)
DNY256 = conv(1, 3, 16) + chain(pair, 16, 32, 64, 128, 256, 512, 512) + TO_PIXEL + dense(512, 512)
DNY256 += FROM_PIXEL + up_pair(512, 512) + 2 * LAST_UPS
DNY512 = DNY256 + pair(512, 512) + up_pair(512, 512)
DNY1024 = DNY512 + pair(512, 512) + 2 * up_pair(512, 512)
COMBMODEL = conv(1, 3, 16) + chain(pair, 16, 32, 64, 128, 256, 512, 512, 512, 512) + TO_PIXEL
COMBMODEL += 2 * (FROM_PIXEL + 3 * up_pair(512, 512) + LAST_UPS)
NARROW_THIRD = pair(64, 128) - conv(3, 64, 32) - conv(3, 32, 128)  # which combModel has less
FIRST_LEVELS = (32, 64, 128, 256, 512, 512, 512, 512)  # channels of its other levels, each with two ends of its own
OTHER_ENDS = sum(conv(1, 3, width) + 2 * conv(1, width, 3) for width in FIRST_LEVELS)
WEIGHTS = {  # faceswap's own counts; of others, of realface and of Phaze-A's presets by arithmetic
    "faceswap_original_2026": 82_062_470,
    "oldpan": 82_062_470,
    "faceswap_lightweight": 51_066_374,
    "faceswap_iae": 117_816_003,
    "faceswap_dfaker": 113_330_822,
    "dfl_h128": 107_716_102,
    "dfl_sae_df": 130_008_718,
    "dfl_sae_liae": 121_746_593,
    "phaze_a_original": 82_062_470,
    "phaze_a_lightweight": 51_066_374,
    "phaze_a_iae": 117_816_003,
    "phaze_a_dfaker": 113_330_822,
    "phaze_a_dfl_h128": 107_716_102,
    "saehd_df": DF,
    "saehd_df_ud": DF_UD,
    "saehd_liae": LIAE,
    "saehd_liae_ud": LIAE_UD,
    "saehd_df_t": DF_T,
    "saehd_df_udt": DF_UDT,
    "saehd_liae_t": LIAE_T,
    "saehd_liae_udt": LIAE_UDT,
    "amp": AMP,
    "quick96": QUICK96,
    "realface": REALFACE,
    "dfaker": DFAKER,
    "unbalanced": UNBALANCED,
    "villain": VILLAIN,
    "dlight": DLIGHT,
    "combmodel": COMBMODEL,
    "phaze_a_dny256": DNY256,
    "phaze_a_dny512": DNY512,
    "phaze_a_dny1024": DNY1024,
    "phaze_a_dfl_sae_df": PHAZE_A_SAE_DF,
    "phaze_a_dfl_sae_liae": PHAZE_A_SAE_LIAE,
    "phaze_a_dfl_saehd_df": DF - 2 * mask_head(256, 176, 88, 44),
    "phaze_a_dfl_saehd_liae": LIAE - mask_head(1024, 176, 88, 44),
}


def test_every_peer_has_as_many_weights_as_there():
    assert set(WEIGHTS) == set(OPTIONS["peer"])
    for name, weights in WEIGHTS.items():
        with torch.device("meta"):  # nothing is allocated
            model = Autoencoder(architecture_of(load(composed(f"+peer={name}"), OPTIONS)))
        assert parameter_counts(model)["total"] == weights, name


@pytest.mark.parametrize("name", OPTIONS["peer"])
def test_every_peer_says_what_is_not_as_there(name):
    lines = (CONF / "peer" / f"{name}.yaml").read_text().split("\ndefaults:")[0].splitlines()
    head = " ".join(line.removeprefix("#").strip() for line in lines)
    assert re.search(r"Not as there: |As there in all that the lab can say\.", head)
    assert set(re.findall(r" as there[^.:]*: as in (\w+)", head)) <= set(OPTIONS["peer"]) - {name}


@pytest.mark.parametrize("name", ["oldpan", "saehd_df", "faceswap_iae"])
def test_a_scale_beside_a_peer_changes_steps_and_faces_alone(name):
    alone, beside = (composed(f"+peer={name}", *more) for more in ((), ("scale=smoke",)))
    assert beside["training"]["max_steps"] < alone["training"]["max_steps"]
    for plain in (alone, beside):
        for key in ("scale", "data", "evaluation", "checkpoint"):
            del plain[key]
        del plain["training"]["max_steps"]
    assert alone["trainer"].pop("threads") != beside["trainer"].pop("threads")
    assert alone == beside


def test_the_arithmetic_gives_the_known_counts():
    assert LIAE_UD == 82_376_555
    assert (NARROW_THIRD, OTHER_ENDS) == (55_328, 25_328)  # in combmodel's head
    known = {DF: 57.5, DF_UD: 54.5, LIAE: 95.0, DF_T: 90.8, DF_UDT: 87.7, LIAE_T: 90.1, LIAE_UDT: 77.5}
    known |= {
        QUICK96: 38.3,
        AMP: 101.3,
        REALFACE: 238.2,
        DFAKER: 144.6,
        UNBALANCED: 207.0,
        VILLAIN: 155.1,
        DLIGHT: 143.6,
        COMBMODEL - NARROW_THIRD + OTHER_ENDS: 69.2,
    }
    assert {count: round(count / 1e6, 1) for count in known} == known
