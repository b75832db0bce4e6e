"""The stages of an encoder, and what stands around residual blocks, against slow versions from the formulas."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from faceswap_lab.models.downsamplers import DOWNSAMPLERS
from faceswap_lab.models.parts import Decoder, Encoder, Inter
from faceswap_lab.topology import KINDS, Blocks, blocks
from tests.models.keras_2018 import same_conv

CHANNELS, WIDTH, SIDE = 3, 2, 8
SLOPE = 0.3  # the activation's, so that one that is forgotten or stands elsewhere shows


def act(x):
    return np.where(x > 0, x, SLOPE * x)


def conv(layer, x, stride=2):
    """(N, C, H, W), padded with zeros as TensorFlow does."""
    kernel, bias = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
    return same_conv(x.transpose(0, 2, 3, 1), kernel.transpose(2, 3, 1, 0), bias, stride).transpose(0, 3, 1, 2)


def pointwise(layer, x):
    """Each pixel by itself."""
    kernel, bias = (p.detach().double().numpy() for p in (layer.weight[:, :, 0, 0], layer.bias))
    return np.einsum("oc,nchw->nohw", kernel, x) + bias[:, None, None]


def separable(layers, x):
    """Each channel with its own kernel, then all channels at each pixel."""
    kernel = layers.depthwise.weight.detach().double().numpy()
    alone = [same_conv(x[:, c, :, :, None], kernel[c, 0, :, :, None, None], 0, 2) for c in range(CHANNELS)]
    return conv(layers.pointwise, np.concatenate(alone, axis=3).transpose(0, 3, 1, 2), stride=1)


def shuffled(x):
    """Channels 4c … 4c + 3 are the pixels of channel c's 2x2, row by row."""
    n, c, h, w = x.shape
    return x.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h, 2 * w)


def pooled(x):
    return (x[:, :, ::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, ::2] + x[:, :, 1::2, 1::2]) / 4


def plain(m, x):
    return act(conv(m.conv, x, stride=1))


def largest(x):
    return np.maximum.reduce([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)])


SLOW = {
    "conv": lambda m, x: act(conv(m.conv, x)),
    "separable": lambda m, x: act(separable(m.conv, x)),
    "shuffled": lambda m, x: shuffled(act(conv(m.conv, x))),
    "pool_beside": lambda m, x: np.concatenate([act(conv(m.conv, x)), act(pooled(x))], axis=1),
    "plain": plain,
    "pointwise": lambda m, x: act(pointwise(m.conv, x)),
    "pair_pool": lambda m, x: largest(plain(m, plain(m.first, x))),
}
WEIGHTS = {
    "conv": lambda k: k**2 * CHANNELS * WIDTH + WIDTH,
    "separable": lambda k: k**2 * CHANNELS + CHANNELS * WIDTH + WIDTH,
    "shuffled": lambda k: 4 * (k**2 * CHANNELS * WIDTH + WIDTH),
    "pool_beside": lambda k: k**2 * CHANNELS * WIDTH + WIDTH,
    "plain": lambda k: k**2 * CHANNELS * WIDTH + WIDTH,
    "pointwise": lambda k: CHANNELS * WIDTH + WIDTH,
    "pair_pool": lambda k: k**2 * CHANNELS * (CHANNELS + WIDTH) + CHANNELS + WIDTH,
}


def random_weights(module):
    generator = torch.Generator().manual_seed(1)
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0, 0.5, generator=generator)
    return module


def test_every_downsampler_is_tested_here_and_has_its_shape():
    assert list(DOWNSAMPLERS) == list(SLOW) == list(WEIGHTS) == list(blocks.DOWNSAMPLERS)


@pytest.mark.parametrize("kernel", blocks.KERNELS)
@pytest.mark.parametrize("name", DOWNSAMPLERS)
def test_a_stage_is_its_formula_and_has_the_shape_that_the_topology_counts_on(name, kernel):
    module = random_weights(DOWNSAMPLERS[name](CHANNELS, WIDTH, kernel, lambda: nn.LeakyReLU(SLOPE), Blocks()))
    x = np.random.default_rng(0).normal(size=(2, CHANNELS, SIDE, SIDE))
    watched = []
    module.activation.register_forward_pre_hook(lambda part, args: watched.append(args[0].shape[1]))
    found = module(torch.tensor(x, dtype=torch.float32)).detach().numpy()
    assert watched == [4 * WIDTH if name == "shuffled" else WIDTH]
    assert found.shape[1:3] == blocks.DOWNSAMPLERS[name].gives(WIDTH, (CHANNELS, SIDE))
    np.testing.assert_allclose(found, SLOW[name](module, x), atol=2e-5)
    assert sum(p.numel() for p in module.parameters()) == WEIGHTS[name](kernel)


def test_a_stage_that_shuffles_is_refused_maps_of_odd_sides_which_it_would_not_keep():
    x = torch.zeros(1, CHANNELS, 7, 7)
    assert DOWNSAMPLERS["shuffled"](CHANNELS, WIDTH, 5, nn.ReLU, Blocks())(x).shape == (1, WIDTH, 6, 6)
    with pytest.raises(ValueError, match="even sides, not 7x7"):
        blocks.DOWNSAMPLERS["shuffled"].gives(WIDTH, (CHANNELS, 7))
    for name in ("plain", "pointwise", "pair_pool"):
        found = DOWNSAMPLERS[name](CHANNELS, WIDTH, 5, nn.ReLU, Blocks())(x).shape
        assert found[1:3] == blocks.DOWNSAMPLERS[name].gives(WIDTH, (CHANNELS, 7))


@pytest.mark.parametrize("slopes", [{}, {"residual_slope": 0.5, "up_slope": 0.05}])
@pytest.mark.parametrize("around", [False, True])
@pytest.mark.parametrize("linear", [False, True])
@torch.no_grad()
def test_a_row_of_residual_blocks_may_be_entered_without_activation_and_gone_around(linear, around, slopes):
    inner, of_up = slopes.get("residual_slope", 0.2), slopes.get("up_slope", SLOPE)
    choices = {"linear_before": linear, "skip_around": around, "widths": (6, 4), "residuals": (2, 0)} | slopes
    up = Decoder(KINDS["decoder"](channels=3, upsampler="hybrid", **choices), (3, 8), lambda: nn.LeakyReLU(SLOPE))
    encoder = KINDS["encoder"](resolution=16, code_size=2, downsamplers=("pool_beside",), **choices)
    down = Encoder(encoder, (3, 16), lambda: nn.LeakyReLU(SLOPE))
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    for stage, name in ((up.stages["0"], "up"), (down.stages["0"], "down")):
        random_weights(stage)
        slope = of_up if name == "up" else SLOPE
        z = stage.get_submodule(name).conv(x)
        if name == "up":
            bilinear = F.interpolate(stage.up.straight(x), scale_factor=2, mode="bilinear")
            z, own = F.pixel_shuffle(z, 2), F.leaky_relu(F.pixel_shuffle(z, 2), of_up)
            z, own = torch.cat([z, bilinear], 1), torch.cat([own, bilinear], 1)
        else:
            z = torch.cat([z, F.avg_pool2d(x, 2)], dim=1)
            own = F.leaky_relu(z, SLOPE)
        entered = F.leaky_relu(z, inner) if linear else own
        skipped = F.leaky_relu(z, slope) if linear else own
        bent = [part for block in stage.residuals for part in (block.inner, block.outer)]
        assert [part.negative_slope for part in bent] == [inner] * 4
        expected = stage.residuals(entered) + (skipped if around else 0)
        torch.testing.assert_close(stage(x), expected)
        assert stage.activation.negative_slope == (inner if linear else slope)


def test_the_slope_of_upscales_is_that_of_all_of_them_and_of_nothing_else():
    def leaky():
        return nn.LeakyReLU(SLOPE)

    sizes = {"resolution": 16, "widths": (4, 4), "code_size": 4, "bottleneck": "two_dense_activated", "up_slope": 0.05}
    whole = KINDS["encoder"](bridge_width=4, **sizes)
    decoder = KINDS["decoder"](channels=4, widths=(4, 4), mask_head=(4, 4), up_slope=0.05)
    inter = KINDS["inter"](code_size=4, width=4, bridge_width=4, up_slope=0.05)
    slopes = {
        name: [module.negative_slope for module in part.modules() if isinstance(module, nn.LeakyReLU)]
        for name, part in (
            ("encoder", Encoder(whole, (3, 16), leaky)),
            ("decoder", Decoder(decoder, (4, 8), leaky)),
            ("inter", Inter(inter, (4, 4), leaky)),
        )
    }
    assert slopes == {"encoder": [SLOPE, SLOPE, SLOPE, 0.05], "decoder": [0.05] * 4, "inter": [0.05]}
