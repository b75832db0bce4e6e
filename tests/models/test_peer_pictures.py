"""What the field's models compute, by their layers written out in torch's functions."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from faceswap_lab.config import load
from faceswap_lab.config.shrink import shrunk
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.build import architecture_of
from tests.config.shipped import OPTIONS, composed


def narrow(name, noise=0.05, resolution=None):
    """A peer at a sixteenth of its widths, with biases that are not zero; in many layers the input needs more noise."""
    config = load(composed(f"+peer={name}"), OPTIONS)
    sizes, parts = shrunk(config.model, config.topology.parts, resolution or config.model.resolution, 1 / 16)
    config = replace(config, model=sizes, topology=replace(config.topology, parts=parts))
    model = Autoencoder(architecture_of(config), seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(noise * torch.randn(parameter.shape, generator=generator))
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

    def up(self, name, x, slope=0.1):
        return F.pixel_shuffle(F.leaky_relu(self.conv(f"{name}.conv", x), slope), 2)

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

    def separable(self, name, x):
        depthwise = self.of[f"{name}.conv.depthwise.weight"]
        x = F.conv2d(F.pad(x, (1, 2, 1, 2)), depthwise, stride=2, groups=len(depthwise))
        return F.leaky_relu(self.conv(f"{name}.conv.pointwise", x), 0.1)

    def row(self, x, counts, step, kind, first=0):
        """Stages with their numbers of residual blocks; what comes before these bends as they do."""
        for i, count in enumerate(counts, first):
            x = step(f"stages.{i}.{kind}", x, slope=0.2) if count else step(f"stages.{i}", x)
            for j in range(count):
                x = self.residual(f"stages.{i}.residuals.{j}", x)
        return x

    def down(self, name, x, slope=0.1):
        x = self.conv(f"{name}.conv", x, stride=2)
        if f"{name}.norm.gain" in self.of:
            mean, variance = x.mean((1, 2, 3), keepdim=True), x.var((1, 2, 3), keepdim=True, correction=0)
            x = (x - mean) / torch.sqrt(variance + 1e-6) * self.of[f"{name}.norm.gain"] + self.of[f"{name}.norm.offset"]
        return F.leaky_relu(x, slope)


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


def villain(parts, x, target):
    encoder, decoder = parts["encoder"], parts[f"decoder_{target}"]
    first = encoder.conv("stages.0.down.conv", x, stride=2)
    x = F.leaky_relu(first, 0.2)
    for j in range(16):
        x = encoder.residual(f"stages.0.residuals.{j}", x)
    x = x + F.leaky_relu(first, 0.1)
    for name in ("stages.1", "stages.2"):
        x = F.pixel_shuffle(encoder.down(name, x), 2)
    x = encoder.separable("stages.4", encoder.down("stages.3", x))
    x = encoder.separable("stages.6", encoder.down("stages.5", x))
    x = encoder.between(x, "stages.dense", "stages.up", 8, normed=False)
    for i in range(3):
        x = F.leaky_relu(F.pixel_shuffle(decoder.conv(f"stages.{i}.up.conv", x), 2), 0.2)
        x = decoder.residual(f"stages.{i}.residuals.0", x)
    return torch.sigmoid(decoder.conv("stages.out", x))


def hybrid(part, name, x, larger=2, slope=0.1):
    """Half of the channels shuffled, half interpolated; before residual blocks both bend alike, at the end."""
    sharp = part.conv(f"{name}.conv", x)
    soft = F.interpolate(part.conv(f"{name}.straight", x), scale_factor=larger, mode="bilinear")
    if slope == 0.1:
        return torch.cat([F.pixel_shuffle(F.leaky_relu(sharp, slope), larger), soft], dim=1)
    return F.leaky_relu(torch.cat([F.pixel_shuffle(sharp, larger), soft], dim=1), slope)


def dlight(parts, x, target):
    encoder, decoder = parts["encoder"], parts[f"decoder_{target}"]
    x = x.reshape(len(x), 3, 128, 2, 128, 2).mean((3, 5))
    for i in range(5):
        x = torch.cat([encoder.down(f"stages.{i}", x), F.leaky_relu(F.avg_pool2d(x, 2), 0.1)], dim=1)
    code = encoder.dense("stages.dense.squeeze", x.flatten(1))
    x = parts["inter"].dense("dense.squeeze", code).reshape(len(x), -1, 4, 4)
    if target == "A":
        x = F.interpolate(x, scale_factor=4, mode="bilinear")
        for i in range(4):
            x = hybrid(decoder, f"stages.{i}", x)
    else:
        x = hybrid(parts["up_B"], "stages.0.up", x, larger=4, slope=0.2)
        for j in range(3):
            x = parts["up_B"].residual(f"stages.0.residuals.{j}", x)
        for i, count in enumerate((2, 1, 1)):
            x = hybrid(decoder, f"stages.{i}.up", x, slope=0.2)
            for j in range(count):
                x = decoder.residual(f"stages.{i}.residuals.{j}", x)
        x = hybrid(decoder, "stages.3", x)
    return torch.sigmoid(decoder.conv("stages.out", x))


def realface(parts, x, target):
    encoder, decoder = parts["encoder"], parts[f"decoder_{target}"]
    x = x.reshape(len(x), 3, 64, 2, 64, 2).mean((3, 5))
    code = encoder.row(x, (2, 2, 2, 0), encoder.down, "down")
    x = parts[f"inter_{target}"].between(code, "dense", None, 4, normed=False)
    x = decoder.row(x, (1, 0, 0, 0, 0) if target == "A" else (1, 2, 2, 2, 0), decoder.up, "up")
    return torch.sigmoid(decoder.conv("stages.out", x))


def liae_udt(parts, x, target):
    code = parts["encoder"].encode_t(x)
    names = ("inter_A" if target == "A" else "inter_AB", "inter_AB")
    maps = [parts[name].between(code, "dense", None, 4, normed=True) for name in names]
    return parts["decoder"].decode(torch.cat(maps, dim=1), 4, doubles=True)


def df(parts, x, target):
    encoder = parts["encoder"]
    code = encoder.between(encoder.encode(x), "stages.dense", "stages.up", 8, normed=False)
    return parts[f"decoder_{target}"].decode(code, 3, doubles=False)


def amp(parts, x, target):
    encoder, decoder = parts["encoder"], parts["decoder"]
    code = encoder.dense("stages.dense.squeeze", pixel_norm(encoder.encode_t(x)))
    own = parts[f"inter_{target}"].dense("dense.squeeze", code).reshape(len(x), -1, 7, 7)  # morph factor 1
    return decoder.decode(own, 4, doubles=True)


class Pairs(Faceswap):
    """Pairs of convolutions, max pooling, and upscales that shuffle nothing; all bend with slope 0.2."""

    def bent(self, name, x):
        return F.leaky_relu(self.conv(f"{name}.conv", x), 0.2)

    def code(self, x, kinds):
        for i, kind in enumerate(kinds):
            x = self.bent(f"stages.{i}", self.bent(f"stages.{i}.first", x) if kind == "pair" else x)
            x = F.max_pool2d(x, 2) if kind == "pair" else x
        weight, bias = (self.of[f"stages.dense.squeeze.{which}"] for which in ("weight", "bias"))
        return F.leaky_relu(F.conv2d(x, weight.reshape(len(weight), -1, 4, 4), bias), 0.2)

    def up(self, name, x, **interpolation):
        return self.bent(f"{name}.second", self.bent(name, F.interpolate(x, scale_factor=2, **interpolation)))


def dny256(parts, x, target):
    encoder, from_pixel, head = parts["encoder"], parts["from_pixel"], parts[f"head_{target}"]
    code = encoder.dense("stages.dense.expand", encoder.code(x, ["one", *6 * ["pair"], "one"]).flatten(1))
    x = F.leaky_relu(code, 0.2)[:, :, None, None]
    x = F.interpolate(x, scale_factor=4, mode="bilinear")
    x = parts["trunk"].up("stages.0", from_pixel.bent("fine", from_pixel.bent("wide", x)), mode="bilinear")
    for i in range(1, 6):
        x = head.up(f"stages.{i}", x, mode="bilinear")
    return torch.sigmoid(head.conv("stages.out", x))


def combmodel(parts, x, target):
    from_pixel, decoder = parts[f"from_pixel_{target}"], parts[f"decoder_{target}"]
    code = parts["encoder"].code(x, ["one", *4 * ["pair"]])  # at 64 px
    x = F.conv2d(code, from_pixel.of["wide.conv.weight"], from_pixel.of["wide.conv.bias"], padding=3)
    x = from_pixel.bent("fine", F.leaky_relu(x, 0.2))
    for i in range(4):
        x = decoder.up(f"stages.{i}", x, mode="nearest")
    return torch.sigmoid(decoder.conv("stages.out", x))


WRITTEN = {
    "saehd_liae_udt": (DeepFaceLab, liae_udt),
    "saehd_df": (DeepFaceLab, df),
    "amp": (DeepFaceLab, amp),
    "realface": (Faceswap, realface),
    "unbalanced": (Faceswap, unbalanced),
    "villain": (Faceswap, villain),
    "dlight": (Faceswap, dlight),
    "phaze_a_dny256": (Pairs, dny256),
    "combmodel": (Pairs, combmodel),
}
DEEP = {"villain": {"noise": 0.1}, "phaze_a_dny256": {"noise": 0.1}, "combmodel": {"noise": 0.2, "resolution": 64}}


@pytest.mark.parametrize("name", WRITTEN)
@torch.no_grad()
def test_a_peers_pictures_are_those_of_its_layers_written_out(name):
    model = narrow(name, **DEEP.get(name, {})).double()  # so that nothing but a wrong layer tells the two apart
    layers, drawn = WRITTEN[name]
    parts = {part: layers(module) for part, module in model.parts.items()}
    side = model.architecture.resolution
    x = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    own, swapped = drawn(parts, x, "A"), drawn(parts, x, "B")
    assert own.std() > 0.02  # or there would be nothing to compare
    assert (own[0] - own[1]).std() > 1e-4  # nor of the input
    torch.testing.assert_close(model.reconstruct("A", x).float(), own.float(), atol=1e-6, rtol=0)
    torch.testing.assert_close(model.swap(x, "A", "B").float(), swapped.float(), atol=1e-6, rtol=0)
