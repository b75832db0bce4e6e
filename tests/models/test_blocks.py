"""Convolutions, norms, residual blocks and bottlenecks against slow versions in NumPy, written from their formulas."""

import numpy as np
import pytest
import scipy.stats
import torch
from torch import nn

from faceswap_lab.models.blocks import PADDINGS, Conv, Residual, sloped
from faceswap_lab.models.bottlenecks import BOTTLENECKS, Bottleneck
from faceswap_lab.models.downsamplers import Downscale
from faceswap_lab.models.initialisation import initialise
from faceswap_lab.models.norms import NORMS
from faceswap_lab.models.parts import MODULES, Decoder
from faceswap_lab.topology import KINDS, ORIGINAL, Blocks, Residuals, Sizes, TopologyError, expand
from faceswap_lab.topology import Bottleneck as Neck

SLOPE = 0.3
RANDOM = np.random.default_rng(0)


def random_weights(module):
    generator = torch.Generator().manual_seed(1)
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0.2, 0.5, generator=generator)
    return module


def array(parameter):
    return parameter.detach().double().numpy()


def run(module, x):
    return module(torch.tensor(x, dtype=torch.float32)).detach().numpy()


def leaky(slope):
    return lambda x: np.where(x > 0, x, slope * x)


EXTRA = {  # padding: pixels before and after for a kernel and stride, and numpy's mode
    "same": ({(3, 2): (0, 1), (5, 2): (1, 2), (7, 2): (2, 3)}, "constant"),
    "symmetric": ({}, "constant"),
    "reflect": ({(3, 2): (0, 1), (5, 2): (1, 2), (7, 2): (2, 3)}, "reflect"),
}


def slow_conv(layer, x, padding="same", stride=1):
    kernel = layer.kernel_size[0]
    pixels, mode = EXTRA[padding]
    around = pixels.get((kernel, stride), (kernel // 2, kernel // 2))
    x = np.pad(x, ((0, 0), (0, 0), around, around), mode)
    side = (x.shape[2] - kernel) // stride + 1
    weight, out = array(layer.weight), np.zeros((len(x), layer.out_channels, side, side))
    for i in range(side):
        for j in range(side):
            seen = x[:, :, stride * i : stride * i + kernel, stride * j : stride * j + kernel]
            out[:, :, i, j] = np.tensordot(seen, weight, ([1, 2, 3], [1, 2, 3]))
    return out + array(layer.bias)[:, None, None]


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (5, 1), (7, 1), (3, 2), (5, 2), (7, 2)])
@pytest.mark.parametrize("padding", PADDINGS)
def test_a_convolution_pads_as_it_says(padding, kernel, stride):
    layer = random_weights(Conv(3, 4, kernel, stride, padding))
    x = RANDOM.normal(size=(2, 3, 8, 8))
    expected = slow_conv(layer, x, padding, stride)
    assert expected.shape[2] == 8 // stride
    np.testing.assert_allclose(run(layer, x), expected, atol=1e-4)


def normalised(x, axes, eps):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def in_groups(x, size):
    n, c, h, w = x.shape
    return normalised(x.reshape(n, c // size, size, h, w), (2, 3, 4), 1e-5).reshape(x.shape)


SLOW_NORMS = {
    "none": lambda x: x,
    "instance": lambda x: normalised(x, (2, 3), 1e-5),
    "group": lambda x: in_groups(x, 16 if x.shape[1] % 16 == 0 else 8),
    "layer": lambda x: normalised(x, 1, 1e-6),
    "rms": lambda x: x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-6),
    "whole": lambda x: normalised(x, (1, 2, 3), 1e-6),
}


@pytest.mark.parametrize("channels", [24, 32])
@pytest.mark.parametrize("name", NORMS)
def test_a_norm_is_its_formula_and_starts_without_gain_or_offset(name, channels):
    x = RANDOM.normal(1.0, 2.0, size=(2, channels, 3, 3))
    module = NORMS[name](channels)
    initialise(module, "glorot", seed=1)
    np.testing.assert_allclose(run(module, x), SLOW_NORMS[name](x), atol=1e-4)
    random_weights(module)
    weights = [array(p)[:, None, None] for p in module.parameters()]
    expected = SLOW_NORMS[name](x)
    for weight, learned in zip(weights, (np.multiply, np.add)):
        expected = learned(expected, weight)
    np.testing.assert_allclose(run(module, x), expected, atol=1e-4)
    assert len(weights) == {"none": 0, "rms": 1}.get(name, 2)


def test_a_norm_stands_between_convolution_and_activation():
    block = random_weights(
        Downscale(3, 16, 5, lambda: nn.LeakyReLU(SLOPE), Blocks(norm="instance", padding="symmetric"))
    )
    x = RANDOM.normal(size=(2, 3, 8, 8))
    gain, offset = (array(p)[:, None, None] for p in block.norm.parameters())
    expected = leaky(SLOPE)(normalised(slow_conv(block.conv, x, "symmetric", 2), (2, 3), 1e-5) * gain + offset)
    np.testing.assert_allclose(run(block, x), expected, atol=1e-4)


@pytest.mark.parametrize(("made", "bend"), [(nn.Tanh, np.tanh), (lambda: nn.LeakyReLU(SLOPE), leaky(SLOPE))])
def test_a_residual_block_is_its_formula(made, bend):
    block = random_weights(Residual(3, made, Blocks(), "scaled"))
    x = RANDOM.normal(size=(2, 3, 5, 5))
    expected = bend(x + slow_conv(block.second, bend(slow_conv(block.first, x))))
    np.testing.assert_allclose(run(block, x), expected, atol=1e-4)


@pytest.mark.parametrize("own", [None, 0.0, 0.6])
def test_a_slope_of_its_own_is_a_leaky_relu_s_alone(own):
    z = torch.linspace(-3, 3, 31)
    assert torch.equal(sloped(nn.Tanh, own)()(z), torch.tanh(z))
    expected = leaky(SLOPE if own is None else own)(z.numpy())
    np.testing.assert_allclose(sloped(lambda: nn.LeakyReLU(SLOPE), own)()(z).numpy(), expected)


@pytest.mark.parametrize(
    ("start", "first", "second"),
    [("scaled", 1, 2), ("usual", 1, 1), ("normal", 0, 0), ("normal_scaled", 0, 2)],
)
def test_the_convolutions_of_a_residual_block_start_as_asked(start, first, second):
    block = Residual(24, nn.ReLU, Blocks(), start)
    initialise(block, "he", seed=1)
    fan_in = 24 * 9
    of_scaled = scipy.stats.uniform(-np.sqrt(0.6 / fan_in), 2 * np.sqrt(0.6 / fan_in))
    assert of_scaled.var() == pytest.approx(0.2 / fan_in)
    known = (scipy.stats.norm(0, 0.02), scipy.stats.norm(0, np.sqrt(2 / 1.01 / fan_in)), of_scaled)
    for layer, expected in ((block.first, known[first]), (block.second, known[second])):
        assert scipy.stats.kstest(array(layer.weight).ravel(), expected.cdf).pvalue > 1e-3


@pytest.mark.parametrize("bare", [0, 1, 2, 8])
def test_the_first_residual_blocks_of_a_row_have_no_biases_if_so_asked(bare):
    spec = KINDS["decoder"](channels=4, widths=(4, 4), residuals=(3, 1), bare_residuals=bare)
    stages = Decoder(spec, (4, 8), nn.ReLU).stages
    for i, count in enumerate((3, 1)):
        row = stages[str(i)].residuals
        biased = [[layer.bias is not None for layer in (block.first, block.second)] for block in row]
        assert biased == [[j >= bare] * 2 for j in range(count)]
    assert all(parameter is not None for parameter in (stages["0"].up.conv.bias, stages["out"].bias))


DENSE = {"code_size": 8, "bridge_width": 4}
WITH_NORMS = {  # a kind's arguments, the map it sees, and its stages in their order
    "encoder": (DENSE | {"resolution": 16, "widths": (4, 4), "residuals": (1,)}, (3, 16), lambda part: part.stages),
    "inter": (DENSE | {"width": 4}, (4, 4), lambda part: {"up": part.up}),
    "decoder": ({"channels": 4, "widths": (4, 4), "residuals": (1,)}, (4, 8), lambda part: part.stages),
    "told_decoder": ({"channels": 4, "widths": (4, 4), "mask_head": (4, 4)}, (4, 8), lambda part: part.mask._modules),
    "upscale": ({"width": 4, "residuals": (1,)}, (4, 8), lambda part: part.stages),
    "from_pixel": ({"width": 4, "side": 4}, (4, 1), lambda part: {"wide": part.wide, "fine": part.fine}),
}


@pytest.mark.parametrize("normed", [None, 0, 1, 2])
@pytest.mark.parametrize("kind", WITH_NORMS)
def test_a_norm_may_stand_in_the_first_stages_alone(kind, normed):
    told, seen, stages_of = WITH_NORMS[kind]
    part = MODULES[kind](KINDS[kind](norm="instance", normed=normed, **told), seen, nn.ReLU)
    modules = [stage.named_modules() for name, stage in stages_of(part).items() if name not in ("dense", "out", "2")]
    for i, names in enumerate(modules):
        norms = [isinstance(norm, nn.GroupNorm) for name, norm in names if name.split(".")[-1] == "norm"]
        assert norms == [normed is None or i < normed] * (2 if "residuals" in told and i < 2 else 1)


def test_a_told_decoder_scales_and_shifts_each_channel_after_every_upscale():
    spec = KINDS["told_decoder"](channels=4, widths=(6, 4), people=3)
    decoder, who = random_weights(MODULES["told_decoder"](spec, (4, 2), nn.Tanh)), (2, 0)
    x = z = RANDOM.normal(size=(2, 4, 2, 2))
    for stage, width in (("0", 6), ("1", 4)):
        z, film = run(decoder.stages[stage], z), array(decoder.film[stage])
        for sample, channel in np.ndindex(2, width):
            scale, shift = film[who[sample], channel], film[who[sample], width + channel]
            z[sample, channel] = z[sample, channel] * (1 + scale) + shift
    got = decoder(torch.tensor(x, dtype=torch.float32), torch.tensor(who)).detach().numpy()
    np.testing.assert_allclose(got, run(decoder.stages["out"], z), atol=1e-4)


SEEN, GIVES, CODE = (3, 2), (5, 4), 8


def slow_bottleneck(module, x, name):
    if name == "convolutional":
        squeeze, expand = (array(layer.weight)[:, :, 0, 0] for layer in (module.squeeze, module.expand))
        code = np.einsum("dc,nchw->ndhw", squeeze, x) + array(module.squeeze.bias)[:, None, None]
        return np.einsum("dc,nchw->ndhw", expand, code) + array(module.expand.bias)[:, None, None], code
    dense = module.squeeze[-1] if name == "pooled" else module.squeeze
    features = x.mean((2, 3)) if name == "pooled" else x.reshape(len(x), -1)
    y = code = features @ array(dense.weight).T + array(dense.bias)
    if name != "one_dense":
        y = np.tanh(code) if name == "two_dense_activated" else code
        y = y @ array(module.expand.weight).T + array(module.expand.bias)
    return y.reshape(len(x), *GIVES, GIVES[1]), code


@pytest.mark.parametrize("normed", [False, True])
@pytest.mark.parametrize("name", BOTTLENECKS)
def test_a_bottleneck_is_its_formula(name, normed):
    gives = (GIVES[0], SEEN[1]) if name == "convolutional" else GIVES
    module = random_weights(Bottleneck(name, normed, SEEN, gives, CODE, nn.Tanh))
    x = RANDOM.normal(size=(2, *SEEN, SEEN[1]))
    seen = x / np.sqrt((x**2).mean((1, 2, 3), keepdims=True) + 1e-6) if normed else x
    expected, code = slow_bottleneck(module, seen, name)
    np.testing.assert_allclose(run(module, x), expected, atol=1e-4)
    np.testing.assert_allclose(module.to_code(torch.tensor(x, dtype=torch.float32)).detach().numpy(), code, atol=1e-4)
    assert code[0].size == (GIVES[0] * GIVES[1] ** 2 if name == "one_dense" else CODE)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bottleneck": Neck("convolutional"), "code_size": 12}, "code_size=12 must be a multiple of 16"),
        ({"bottleneck": Neck("convolutional"), "dense_side": 8}, "keeps 4x4, and cannot make 8"),
        ({"residuals": Residuals((1, 2, 3))}, "names 3 numbers for 2 upscales"),
        ({"residuals": Residuals((17,))}, "at most 16 residual blocks"),
        ({"encoder_residuals": (1, 2)}, "names 2 numbers for 3 convolutions"),
        ({"residuals": Residuals((1,), "small")}, "scaled, usual, normal, normal_scaled, not small"),
        ({"downsamplers": ("conv", "separable")}, "names 2 downsamplers for 3 convolutions"),
        ({"downsamplers": ("sep",)}, "is conv, separable, shuffled, .*, not sep"),
        ({"downsamplers": ("conv", "shuffled", "conv")}, "3 widths bring 32 px to 8 px"),
        ({"kernel": 9}, "kernel is one of 3, 5, 7, not 9"),
        ({"blocks": Blocks(up_kernel=4)}, "one of 1, 3, 5, 7, not 4"),
        ({"blocks": Blocks("transposed", up_kernel=5)}, "always its own: leave it 3"),
        ({"blocks": Blocks("transposed", padding="symmetric")}, "use padding same, or another upsampler"),
        (
            {"blocks": Blocks(padding="reflect"), "grid": 2, "encoder_widths": (4,) * 4, "decoder_widths": (4,) * 3},
            "padding reflect needs maps of 4x4 or more, not 2",
        ),
    ],
)
def test_blocks_that_do_not_fit_are_refused_in_a_sentence(changes, told):
    sizes = {"encoder_widths": (4, 4, 4), "code_size": 8, "bridge_width": 4, "decoder_widths": (4, 4)} | changes
    with pytest.raises(TopologyError, match=told):
        expand(ORIGINAL, "AB", Sizes(32, **sizes))
