"""Every upscale, and the decoder's other end, against slow versions in NumPy that are written from the formulas."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.blocks import PADDINGS, DepthToSpace
from faceswap_lab.models.initialisation import INITIALISATIONS, initialise
from faceswap_lab.models.parts import MODULES
from faceswap_lab.models.upsamplers import UPSAMPLERS, upscale
from faceswap_lab.topology import KINDS, ORIGINAL, Blocks, Declared, Sizes, TopologyError, expand
from tests.models.keras_2018 import same_conv

CHANNELS, SIDE = 3, 5
SLOPE = 0.3  # the activation's, so that one that is forgotten or stands elsewhere shows


def act(x):
    return np.where(x > 0, x, SLOPE * x)


def conv(layer, x):
    """(N, C, H, W), padded with zeros that keep its sides."""
    kernel, bias = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
    return same_conv(x.transpose(0, 2, 3, 1), kernel.transpose(2, 3, 1, 0), bias, 1).transpose(0, 3, 1, 2)


def shuffle(x, f):
    """Channels f²c … f²c + f² - 1 are the pixels of channel c's f x f, row by row."""
    out = np.zeros((len(x), x.shape[1] // f**2, f * x.shape[2], f * x.shape[3]))
    for row in range(f):
        for column in range(f):
            out[:, :, row::f, column::f] = x[:, f * row + column :: f**2]
    return out


def enlarged(x, axis, f):
    """Between neighbours (for f = 2 a quarter and three quarters of the way); the edge's own value outside."""
    n = x.shape[axis]
    at = (np.arange(f * n) + 0.5) / f - 0.5
    low, share = np.floor(at).astype(int), at - np.floor(at)
    take = [np.take(x, np.clip(i, 0, n - 1), axis) for i in (low, low + 1)]
    share = share.reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    return (1 - share) * take[0] + share * take[1]


def bilinear(x, f):
    return enlarged(enlarged(x, 2, f), 3, f)


def nearest(x, f):
    return x.repeat(f, axis=2).repeat(f, axis=3)


def transposed(layer, x, f):
    """Every pixel lays its kernel of 2f x 2f at f times its place, less half of f."""
    kernel, bias = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
    n, _, h, w = x.shape
    out = np.zeros((n, kernel.shape[1], f * h + f, f * w + f))
    for i in range(h):
        for j in range(w):
            laid = np.einsum("nc,cdkl->ndkl", x[:, :, i, j], kernel)
            out[:, :, f * i : f * i + 2 * f, f * j : f * j + 2 * f] += laid
    edge = slice(f // 2, -f // 2)
    return out[:, :, edge, edge] + bias[:, None, None]


SLOW = {
    "pixel_shuffle": lambda m, x, f: shuffle(act(conv(m.conv, x)), f),
    "hybrid": lambda m, x, f: np.concatenate(
        [shuffle(act(conv(m.conv, x)), f), bilinear(conv(m.straight, x), f)], axis=1
    ),
    "fast": lambda m, x, f: shuffle(act(conv(m.conv, x)), f) + bilinear(conv(m.straight, x), f),
    "nearest": lambda m, x, f: act(conv(m.conv, nearest(x, f))),
    "bilinear": lambda m, x, f: act(conv(m.conv, bilinear(x, f))),
    "nearest_pair": lambda m, x, f: act(conv(m.second.conv, act(conv(m.conv, nearest(x, f))))),
    "bilinear_pair": lambda m, x, f: act(conv(m.second.conv, act(conv(m.conv, bilinear(x, f))))),
    "transposed": lambda m, x, f: act(transposed(m.conv, x, f)),
}
WEIGHTS = {  # of 3 channels to w, f times as large, with a kernel of k; the straight way's is 3
    "pixel_shuffle": lambda w, f, k: f**2 * w * (3 * k**2 + 1),
    "hybrid": lambda w, f, k: f**2 * ((w + 1) // 2) * (3 * k**2 + 1) + w // 2 * (27 + 1),
    "fast": lambda w, f, k: f**2 * w * (3 * k**2 + 1) + w * (27 + 1),
    "nearest": lambda w, f, k: w * (3 * k**2 + 1),
    "bilinear": lambda w, f, k: w * (3 * k**2 + 1),
    **dict.fromkeys(("nearest_pair", "bilinear_pair"), lambda w, f, k: w * (3 * k**2 + 1) + w * (w * k**2 + 1)),
    "transposed": lambda w, f, k: w * (3 * (2 * f) ** 2 + 1),
}


def random_weights(module):
    generator = torch.Generator().manual_seed(1)
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0, 0.5, generator=generator)
    return module


def test_every_upsampler_is_tested_here():
    assert set(UPSAMPLERS) == set(SLOW) == set(WEIGHTS)


@pytest.mark.parametrize(("width", "factor", "kernel"), [(2, 2, 3), (5, 2, 3), (3, 4, 3), (5, 2, 1), (3, 4, 7)])
@pytest.mark.parametrize("name", UPSAMPLERS)
def test_an_upscale_is_its_formula(name, width, factor, kernel):
    blocks = Blocks(name, up_factor=factor, up_kernel=3 if name == "transposed" else kernel)
    module = random_weights(upscale(CHANNELS, width, lambda: nn.LeakyReLU(SLOPE), blocks))
    x = np.random.default_rng(0).normal(size=(2, CHANNELS, SIDE, SIDE))
    found = module(torch.tensor(x, dtype=torch.float32)).detach().numpy()
    assert found.shape == (2, width, factor * SIDE, factor * SIDE)
    assert found.shape[1:3] == blocks.upscaled(width, SIDE)
    np.testing.assert_allclose(found, SLOW[name](module, x, factor), rtol=3e-6, atol=2e-5)
    assert sum(p.numel() for p in module.parameters()) == WEIGHTS[name](width, factor, kernel)


def test_the_end_that_doubles_lays_its_four_pictures_side_by_side():
    module = random_weights(DepthToSpace(CHANNELS))
    x = np.random.default_rng(0).normal(size=(2, CHANNELS, SIDE, SIDE))
    found = module(torch.tensor(x, dtype=torch.float32)).detach().numpy()
    for layer, (row, column) in zip(module.convs, [(0, 0), (0, 1), (1, 0), (1, 1)]):
        np.testing.assert_allclose(found[:, :, row::2, column::2], conv(layer, x), atol=2e-5)
    assert [layer.kernel_size[0] for layer in module.convs] == [1, 3, 3, 3]


def test_a_decoder_of_larger_upscales_fits_whole_and_in_slices_and_a_map_is_enlarged_between_its_pixels():
    sizes = Sizes(64, (4,) * 4, 8, 0, (4, 4), blocks=Blocks(up_factor=4))
    cut = {"kind": "decoder", "first": 1, "channels": 4}
    parts = {"encoder": {"kind": "encoder"}, "top": {"kind": "decoder", "last": 1}, "d_{side}": cut}
    x = torch.rand(1, 3, 64, 64)
    for declared in (ORIGINAL, Declared(parts, "encoder > top > d_{side}")):
        assert Autoencoder(Architecture(64, expand(declared, "AB", sizes))).reconstruct("A", x).shape == x.shape
    with pytest.raises(TopologyError, match="up_factor is one of 2, 4, not 3"):
        expand(ORIGINAL, "AB", replace(sizes, blocks=Blocks(up_factor=3)))
    with pytest.raises(TopologyError, match="no mask_head has the picture's size"):
        expand(ORIGINAL, "AB", replace(sizes, decoder_widths=(4,), depth_to_space=True, mask_head=(4, 4)))
    large = MODULES["enlarge"](KINDS["enlarge"](up_factor=4), (3, 64), nn.Identity)(x)
    np.testing.assert_allclose(large.numpy(), bilinear(x.double().numpy(), 4), atol=1e-5)


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_at_an_icnr_start_an_upscale_repeats_every_pixel_and_weighs_as_much_as_else(initialisation, factor):
    starts = {}
    for icnr in (True, False):
        module = upscale(16, 24, nn.Identity, Blocks(icnr=icnr, up_factor=factor))
        initialise(module, initialisation, seed=1)
        nn.init.zeros_(module.conv.bias)
        starts[icnr] = module(torch.randn(2, 16, SIDE, SIDE, generator=torch.Generator().manual_seed(2)))
    small = starts[True][:, :, ::factor, ::factor]
    assert torch.equal(starts[True], small.repeat_interleave(factor, 2).repeat_interleave(factor, 3))
    assert not torch.equal(starts[False][:, :, ::2, ::2], starts[False][:, :, 1::2, ::2])
    # Glorot takes the fan of one picture, as if there were no shuffle: here (16 + 24 f²) / (16 + 24) in variance
    more = (16 + 24 * factor**2) / (16 + 24) if initialisation == "glorot" else 1
    ratio = (starts[True].std() / starts[False].std()).item()
    assert ratio == pytest.approx(np.sqrt(more), rel=0.25)


def laid_out(layer, pixel):
    """(N, C), in a map of side² zeros but in the middle of as many all round: each place sees one tap of the kernel."""
    kernel, bias = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
    return np.einsum("nc,ocij->noij", pixel, kernel[:, :, ::-1, ::-1]) + bias[:, None, None]


def repeated(layer, pixel, side):
    """(N, C) at every place of side²: a place sees the taps that fall on no zeros, of (side - 1) // 2 rows before."""
    kernel, bias = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
    out = np.zeros((len(pixel), len(kernel), side, side))
    for i, j in np.ndindex(side, side):
        for row, column in np.ndindex(side, side):
            if 0 <= i + row - (side - 1) // 2 < side and 0 <= j + column - (side - 1) // 2 < side:
                out[:, :, i, j] += pixel @ kernel[:, :, row, column].T
    return out + bias[:, None, None]


@pytest.mark.parametrize("side", [4, 7])
def test_a_map_out_of_a_pixel_is_its_formula(side):
    pixel = np.random.default_rng(0).normal(size=(2, CHANNELS))
    for slow, over in ((lambda m: laid_out(m, act(pixel)), False), (lambda m: repeated(m, act(pixel), side), True)):
        spec = KINDS["from_pixel"](width=5, side=side, repeated=over)
        module = random_weights(MODULES["from_pixel"](spec, (CHANNELS, 1), lambda: nn.LeakyReLU(SLOPE)))
        found = module(torch.tensor(pixel, dtype=torch.float32)[:, :, None, None]).detach().numpy()
        assert found.shape[1:3] == spec.out((CHANNELS, 1))
        np.testing.assert_allclose(found, act(conv(module.fine.conv, act(slow(module.wide.conv)))), atol=1e-4)
        assert sum(p.numel() for p in module.parameters()) == 5 * (CHANNELS * side**2 + 1) + 5 * (5 * 9 + 1)


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_map_out_of_a_pixel_has_its_side_whatever_the_padding(padding):
    for over in (False, True):
        spec = KINDS["from_pixel"](width=2, side=4, repeated=over, padding=padding)
        assert MODULES["from_pixel"](spec, (3, 1), nn.ReLU)(torch.ones(1, 3, 1, 1)).shape == (1, 2, 4, 4)


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
