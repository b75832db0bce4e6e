"""Every upscale, and the decoder's other end, against slow versions in NumPy that are written from the formulas."""

import numpy as np
import pytest
import torch
from torch import nn

from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.blocks import DepthToSpace
from faceswap_lab.models.initialisation import INITIALISATIONS, initialise
from faceswap_lab.models.upsamplers import UPSAMPLERS, upscale
from faceswap_lab.topology import ORIGINAL, Blocks, Sizes, TopologyError, expand
from tests.models.keras_2018 import same_conv

CHANNELS, SIDE = 3, 5
SLOPE = 0.3  # the activation's, so that one that is forgotten or stands elsewhere shows


def act(x):
    return np.where(x > 0, x, SLOPE * x)


def conv(layer, x):
    """(N, C, H, W), padded with zeros that keep its sides."""
    kernel, bias = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
    return same_conv(x.transpose(0, 2, 3, 1), kernel.transpose(2, 3, 1, 0), bias, 1).transpose(0, 3, 1, 2)


def shuffle(x):
    """Channels 4c … 4c + 3 are the pixels of channel c's 2x2, row by row."""
    out = np.zeros((len(x), x.shape[1] // 4, 2 * x.shape[2], 2 * x.shape[3]))
    for row in (0, 1):
        for column in (0, 1):
            out[:, :, row::2, column::2] = x[:, 2 * row + column :: 4]
    return out


def doubled(x, axis):
    """Between neighbours a quarter and three quarters of the way; the edge's own value outside."""
    n = x.shape[axis]
    at = (np.arange(2 * n) + 0.5) / 2 - 0.5
    low, share = np.floor(at).astype(int), at - np.floor(at)
    take = [np.take(x, np.clip(i, 0, n - 1), axis) for i in (low, low + 1)]
    share = share.reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    return (1 - share) * take[0] + share * take[1]


def bilinear(x):
    return doubled(doubled(x, 2), 3)


def nearest(x):
    return x.repeat(2, axis=2).repeat(2, axis=3)


def transposed(layer, x):
    """Every pixel lays its kernel of 4x4 at twice its place, less one."""
    kernel, bias = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
    n, _, h, w = x.shape
    out = np.zeros((n, kernel.shape[1], 2 * h + 2, 2 * w + 2))
    for i in range(h):
        for j in range(w):
            out[:, :, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += np.einsum("nc,cdkl->ndkl", x[:, :, i, j], kernel)
    return out[:, :, 1:-1, 1:-1] + bias[:, None, None]


SLOW = {
    "pixel_shuffle": lambda m, x: shuffle(act(conv(m.conv, x))),
    "hybrid": lambda m, x: np.concatenate([shuffle(act(conv(m.conv, x))), bilinear(conv(m.straight, x))], axis=1),
    "fast": lambda m, x: shuffle(act(conv(m.conv, x))) + bilinear(conv(m.straight, x)),
    "nearest": lambda m, x: act(conv(m.conv, nearest(x))),
    "bilinear": lambda m, x: act(conv(m.conv, bilinear(x))),
    "transposed": lambda m, x: act(transposed(m.conv, x)),
}
WEIGHTS = {  # of 3 channels to f
    "pixel_shuffle": lambda f: 4 * f * (27 + 1),
    "hybrid": lambda f: 4 * ((f + 1) // 2) * (27 + 1) + f // 2 * (27 + 1),
    "fast": lambda f: 5 * f * (27 + 1),
    "nearest": lambda f: f * (27 + 1),
    "bilinear": lambda f: f * (27 + 1),
    "transposed": lambda f: f * (3 * 16 + 1),
}


def random_weights(module):
    generator = torch.Generator().manual_seed(1)
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0, 0.5, generator=generator)
    return module


def test_every_upsampler_is_tested_here():
    assert set(UPSAMPLERS) == set(SLOW) == set(WEIGHTS)


@pytest.mark.parametrize("width", [2, 5])
@pytest.mark.parametrize("name", UPSAMPLERS)
def test_an_upscale_is_its_formula(name, width):
    module = random_weights(upscale(CHANNELS, width, lambda: nn.LeakyReLU(SLOPE), Blocks(name)))
    x = np.random.default_rng(0).normal(size=(2, CHANNELS, SIDE, SIDE))
    found = module(torch.tensor(x, dtype=torch.float32)).detach().numpy()
    assert found.shape == (2, width, 2 * SIDE, 2 * SIDE)
    np.testing.assert_allclose(found, SLOW[name](module, x), atol=2e-5)
    assert sum(p.numel() for p in module.parameters()) == WEIGHTS[name](width)


def test_the_end_that_doubles_lays_its_four_pictures_side_by_side():
    module = random_weights(DepthToSpace(CHANNELS))
    x = np.random.default_rng(0).normal(size=(2, CHANNELS, SIDE, SIDE))
    found = module(torch.tensor(x, dtype=torch.float32)).detach().numpy()
    for layer, (row, column) in zip(module.convs, [(0, 0), (0, 1), (1, 0), (1, 1)]):
        np.testing.assert_allclose(found[:, :, row::2, column::2], conv(layer, x), atol=2e-5)
    assert [layer.kernel_size[0] for layer in module.convs] == [1, 3, 3, 3]


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_at_an_icnr_start_an_upscale_repeats_every_pixel_and_weighs_as_much_as_else(initialisation):
    starts = {}
    for icnr in (True, False):
        module = upscale(16, 24, nn.Identity, Blocks(icnr=icnr))
        initialise(module, initialisation, seed=1)
        nn.init.zeros_(module.conv.bias)
        starts[icnr] = module(torch.randn(2, 16, SIDE, SIDE, generator=torch.Generator().manual_seed(2)))
    small = starts[True][:, :, ::2, ::2]
    assert torch.equal(starts[True], small.repeat_interleave(2, 2).repeat_interleave(2, 3))
    assert not torch.equal(starts[False][:, :, ::2, ::2], starts[False][:, :, 1::2, ::2])
    # Glorot takes the fan of one picture, as if there were no shuffle: here (16 + 96) / (16 + 24) in variance
    assert 0.8 < starts[True].std() / starts[False].std() < 1.7


def architecture_with(**sizes):
    return Architecture(32, expand(ORIGINAL, "AB", Sizes(32, (4, 4, 4), 8, 4, **sizes)))


def test_a_decoder_that_doubles_at_its_end_has_an_upscale_less_and_an_output_kernel_is_odd():
    model = Autoencoder(architecture_with(decoder_widths=(4,), depth_to_space=True))
    assert model.reconstruct("A", torch.rand(1, 3, 32, 32)).shape == (1, 3, 32, 32)
    assert Autoencoder(architecture_with(decoder_widths=(4, 4), out_kernel=1)).parts["decoder_A"].stages[
        "out"
    ].weight.shape == (3, 4, 1, 1)
    for wrong, text in [
        ({"decoder_widths": (4, 4), "depth_to_space": True}, "3 channels of 64x64"),
        ({"decoder_widths": (4, 4), "out_kernel": 4}, "out_kernel must be odd, not 4"),
        ({"decoder_widths": (4, 1), "blocks": Blocks("hybrid")}, "must be 2 or more, not 1"),
    ]:
        with pytest.raises(TopologyError, match=text):
            architecture_with(**wrong)
