"""The field's models by name: as many weights as theirs, and what DeepFaceLab's compute, written out."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from faceswap_lab.config import load
from faceswap_lab.config.shrink import shrunk
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.costs import costs
from faceswap_lab.training.build import architecture_of
from tests.config.shipped import OPTIONS, composed


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


def up_of_5(a, b):
    return conv(5, a, 4 * b)


def up_and_residual(a, b):
    return up(a, b) + residual(b)


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
ENCODER_SAE = chain(down, 3, 126, 252, 504, 1008)
PHAZE_A_SAE_DF = ENCODER_SAE + dense(1008 * 8 * 8, 512) + dense(512, 512 * 8 * 8) + up(512, 512)
PHAZE_A_SAE_DF += 2 * (chain(up, 512, 504, 248, 128) + 2 * sum(map(residual, (504, 248, 128))) + conv(5, 128, 3))
PHAZE_A_SAE_LIAE = ENCODER_SAE + 2 * (dense(1008 * 8 * 8, 256) + dense(256, 512 * 8 * 8) + up(512, 512))
PHAZE_A_SAE_LIAE += chain(up, 1024, 504, 248, 128) + 2 * sum(map(residual, (504, 248, 128))) + conv(5, 128, 3)
WEIGHTS = {  # faceswap's own counts; of others, of realface and of Phaze-A's presets by arithmetic
    "faceswap_original_2026": 82_062_470,
    "oldpan": 82_062_470,
    "faceswap_lightweight": 51_066_374,
    "faceswap_iae": 117_816_003,
    "faceswap_dfaker": 113_330_822,
    "dfl_h128": 107_716_102,
    "dfl_sae_df": 130_008_718,
    "dfl_sae_liae": 121_746_593,
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
    "phaze_a_dfl_sae_df": PHAZE_A_SAE_DF,
    "phaze_a_dfl_sae_liae": PHAZE_A_SAE_LIAE,
    "phaze_a_dfl_saehd_df": DF - 2 * mask_head(256, 176, 88, 44),
    "phaze_a_dfl_saehd_liae": LIAE - mask_head(1024, 176, 88, 44),
}


def test_every_peer_has_as_many_weights_as_there():
    assert set(WEIGHTS) == set(OPTIONS["peer"])
    for name, weights in WEIGHTS.items():
        architecture = architecture_of(load(composed(f"+peer={name}"), OPTIONS))
        assert sum(cost.parameters for cost in costs(architecture).values()) == weights, name


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
    known = {DF: 57.5, DF_UD: 54.5, LIAE: 95.0, DF_T: 90.8, DF_UDT: 87.7, LIAE_T: 90.1, LIAE_UDT: 77.5}
    known |= {QUICK96: 38.3, AMP: 101.3, REALFACE: 238.2, DFAKER: 144.6, UNBALANCED: 207.0}
    assert {count: round(count / 1e6, 1) for count in known} == known


def narrow(name):
    """A peer at a sixteenth of its widths, with biases that are not zero."""
    config = load(composed(f"+peer={name}"), OPTIONS)
    sizes, parts = shrunk(config.model, config.topology.parts, config.model.resolution, 1 / 16)
    config = replace(config, model=sizes, topology=replace(config.topology, parts=parts))
    model = Autoencoder(architecture_of(config), seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model


def pixel_norm(x):
    x = x.flatten(1)
    return x / torch.sqrt(x.square().mean(1, keepdim=True) + 1e-6)


class DeepFaceLab:
    """SAEHD's layers in torch's functions, on the weights of a part."""

    def __init__(self, part):
        self.of = dict(part.named_parameters())

    def conv(self, name, x, stride=1):
        weight = self.of[f"{name}.weight"]
        return F.conv2d(x, weight, self.of[f"{name}.bias"], stride, padding=weight.shape[2] // 2)

    def encode(self, x):
        for i in range(4):
            x = F.leaky_relu(self.conv(f"stages.{i}.conv", x, stride=2), 0.1)
        return x

    def encode_t(self, x):
        for i in range(5):
            last = f"stages.{i}.down" if i in (0, 4) else f"stages.{i}"
            x = F.leaky_relu(self.conv(f"{last}.conv", x, stride=2), 0.1)
            if i in (0, 4):
                x = self.residual(f"stages.{i}.residuals.0", x)
        return x

    def residual(self, name, x):
        inner = F.leaky_relu(self.conv(f"{name}.first", x), 0.2)
        return F.leaky_relu(x + self.conv(f"{name}.second", inner), 0.2)

    def dense(self, name, x):
        return x @ self.of[f"{name}.weight"].T + self.of[f"{name}.bias"]

    def between(self, x, prefix, up, side, normed):
        x = pixel_norm(x) if normed else x.flatten(1)
        x = self.dense(f"{prefix}.expand", self.dense(f"{prefix}.squeeze", x)).reshape(len(x), -1, side, side)
        return self.up(up, x) if up else x

    def up(self, name, x):
        return F.pixel_shuffle(F.leaky_relu(self.conv(f"{name}.conv", x), 0.1), 2)

    def decode(self, x, ups, doubles):
        for i in range(ups):
            x = self.residual(f"stages.{i}.residuals.0", self.up(f"stages.{i}.up", x))
        if not doubles:
            return torch.sigmoid(self.conv("stages.out", x))
        out = x.new_zeros(len(x), 3, 2 * x.shape[2], 2 * x.shape[3])
        for i in range(4):
            out[:, :, i // 2 :: 2, i % 2 :: 2] = torch.sigmoid(self.conv(f"stages.out.convs.{i}", x))
        return out


class Faceswap(DeepFaceLab):
    """Keras pads by a row and a column more at the end where the stride is 2; some blocks have no biases."""

    def conv(self, name, x, stride=1):
        weight = self.of[f"{name}.weight"]
        before, after = (weight.shape[2] - stride) // 2, (weight.shape[2] - stride + 1) // 2
        return F.conv2d(F.pad(x, (before, after) * 2), weight, self.of.get(f"{name}.bias"), stride)

    def row(self, x, counts, step, kind, first=0):
        """Stages with their numbers of residual blocks."""
        for i, count in enumerate(counts, first):
            x = step(f"stages.{i}.{kind}" if count else f"stages.{i}", x)
            for j in range(count):
                x = self.residual(f"stages.{i}.residuals.{j}", x)
        return x

    def down(self, name, x):
        x = self.conv(f"{name}.conv", x, stride=2)
        if f"{name}.norm.gain" in self.of:
            mean, variance = x.mean((1, 2, 3), keepdim=True), x.var((1, 2, 3), keepdim=True, correction=0)
            x = (x - mean) / torch.sqrt(variance + 1e-6) * self.of[f"{name}.norm.gain"] + self.of[f"{name}.norm.offset"]
        return F.leaky_relu(x, 0.1)


def unbalanced(parts, x, target):
    encoder = parts["encoder"]
    assert [f"stages.{i}.norm.gain" in encoder.of for i in range(5)] == [True, True, False, False, False]
    x = encoder.between(encoder.row(x, (0,) * 5, encoder.down, "down"), "stages.dense", None, 8, normed=False)
    if target == "A":
        x = parts["first_A"].row(x, (0,), parts["first_A"].up, "up")
        x = parts["second_A"].row(x, (0,), parts["second_A"].up, "up", first=1)
        x = parts["decoder_A"].row(x, (0, 0), parts["decoder_A"].up, "up", first=2)
    else:
        x = parts["decoder_B"].row(x, (1, 1, 1, 0), parts["decoder_B"].up, "up")
    return torch.sigmoid(parts[f"decoder_{target}"].conv("stages.out", x))


def realface(parts, x, target):
    encoder, decoder = parts["encoder"], parts[f"decoder_{target}"]
    x = x.reshape(len(x), 3, 64, 2, 64, 2).mean((3, 5))
    code = encoder.row(x, (2, 2, 2, 0), encoder.down, "down")
    x = parts[f"inter_{target}"].between(code, "dense", None, 4, normed=False)
    x = decoder.row(x, (1, 0, 0, 0, 0) if target == "A" else (1, 2, 2, 2, 0), decoder.up, "up")
    return torch.sigmoid(decoder.conv("stages.out", x))


def liae_udt(parts, x, names):
    code = parts["encoder"].encode_t(x)
    maps = [parts[name].between(code, "dense", None, 4, normed=True) for name in names]
    return parts["decoder"].decode(torch.cat(maps, dim=1), 4, doubles=True)


def df(parts, x, target):
    encoder = parts["encoder"]
    code = encoder.between(encoder.encode(x), "stages.dense", "stages.up", 8, normed=False)
    return parts[f"decoder_{target}"].decode(code, 3, doubles=False)


def amp(parts, x, first):
    encoder, decoder = parts["encoder"], parts["decoder"]
    code = encoder.dense("stages.dense.squeeze", pixel_norm(encoder.encode_t(x)))
    maps = {name: parts[name].dense("dense.squeeze", code).reshape(len(x), -1, 7, 7) for name in ("inter_A", "inter_B")}
    half = maps["inter_A"].shape[1] // 2
    return decoder.decode(torch.cat([maps[first][:, :half], maps["inter_A"][:, half:]], dim=1), 4, doubles=True)


@pytest.mark.parametrize("name", ["saehd_liae_udt", "saehd_df", "amp", "realface", "unbalanced"])
@torch.no_grad()
def test_a_peers_pictures_are_those_of_its_layers_written_out(name):
    model = narrow(name).double()  # so that nothing but a wrong layer tells the two apart
    written = Faceswap if name in ("realface", "unbalanced") else DeepFaceLab
    parts = {part: written(module) for part, module in model.parts.items()}
    side = model.architecture.resolution
    x = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    if name == "saehd_df":
        own, swapped = df(parts, x, "A"), df(parts, x, "B")
    elif name == "realface":
        own, swapped = realface(parts, x, "A"), realface(parts, x, "B")
    elif name == "unbalanced":
        own, swapped = unbalanced(parts, x, "A"), unbalanced(parts, x, "B")
    elif name == "amp":
        own, swapped = amp(parts, x, "inter_A"), amp(parts, x, "inter_B")
    else:
        own = liae_udt(parts, x, ["inter_A", "inter_AB"])
        swapped = liae_udt(parts, x, ["inter_AB", "inter_AB"])
    assert own.std() > 0.02  # or there would be nothing to compare
    torch.testing.assert_close(model.reconstruct("A", x).float(), own.float(), atol=1e-6, rtol=0)
    torch.testing.assert_close(model.swap(x, "A", "B").float(), swapped.float(), atol=1e-6, rtol=0)
