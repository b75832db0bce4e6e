"""The network against the 2018 model: the same mathematics, layer by layer, and the same number of parameters."""

import numpy as np
import pytest
import torch

from faceswap_lab.models.architecture import original
from faceswap_lab.models.autoencoder import Autoencoder, parameter_counts
from faceswap_lab.models.downsamplers import Downscale
from tests.models.keras_2018 import Keras2018, same_conv, shuffle
from tests.models.tiny import tiny


def test_the_default_is_the_original():
    with torch.device("meta"):
        counts = parameter_counts(Autoencoder(original()))
    assert counts == {"encoder": 69_662_976, "decoder_A": 6_199_747, "decoder_B": 6_199_747, "total": 82_062_470}


def test_two_encoders_are_counted_each():
    with torch.device("meta"):
        counts = parameter_counts(Autoencoder(original(encoders=2)))
    assert counts["encoder_A"] == counts["encoder_B"] == 69_662_976
    assert counts["total"] == 82_062_470 + 69_662_976


@pytest.mark.parametrize("resolution", [32, 64, 128])
@pytest.mark.parametrize("side", ["A", "B"])
def test_forward_is_the_keras_model(resolution, side):
    model = Autoencoder(tiny(resolution), seed=3)
    with torch.no_grad():  # zero biases would hide a wrong order of them
        for p in model.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())) / p[0].numel() ** 0.5)
    x = np.random.default_rng(0).random((2, resolution, resolution, 3))
    expected = Keras2018(model, side)(x)
    got = model.reconstruct(side, torch.tensor(x, dtype=torch.float32).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert expected.std() > 0.02  # or there would be nothing to compare
    np.testing.assert_allclose(got.detach().numpy(), expected, atol=2e-5)


@pytest.mark.parametrize("size", [8, 16, 32])
def test_same_padding_is_one_before_and_two_after(size):
    """Shifting the picture by one pixel is what torch's padding=2 would amount to: the test must tell them apart."""
    block = Downscale(3, 4, 5, torch.nn.Identity)
    x = torch.rand(1, 3, size, size)
    kernel = block.conv.weight.detach().numpy().transpose(2, 3, 1, 0)
    expected = same_conv(x.numpy().transpose(0, 2, 3, 1), kernel, block.conv.bias.detach().numpy(), 2)
    np.testing.assert_allclose(block(x).detach().numpy().transpose(0, 2, 3, 1), expected, atol=1e-5)
    symmetric = torch.nn.functional.conv2d(x, block.conv.weight, block.conv.bias, stride=2, padding=2)
    assert np.abs(symmetric.detach().numpy().transpose(0, 2, 3, 1) - expected).max() > 1e-2


def test_pixel_shuffle_differs_from_the_2018_order_by_the_documented_permutation():
    x = torch.arange(1 * 12 * 2 * 2).reshape(1, 12, 2, 2)
    ours = torch.nn.PixelShuffle(2)(x).permute(0, 2, 3, 1).numpy()
    rh_rw_c = x.reshape(1, 3, 2, 2, 2, 2).permute(0, 4, 5, 2, 3, 1).reshape(1, 2, 2, 12).numpy()  # from (c, rh, rw)
    np.testing.assert_array_equal(shuffle(rh_rw_c), ours)
    assert (shuffle(x.permute(0, 2, 3, 1).numpy()) != ours).any()


def test_the_bottleneck_is_linear():
    """From the flattened features to the last upscale nothing bends: f(a) + f(b) = f(a + b) + f(0)."""
    between = Autoencoder(tiny()).parts["encoder"].stages["dense"]
    a, b = torch.randn(2, 4, 4, 4), torch.randn(2, 4, 4, 4)

    torch.testing.assert_close(between(a) + between(b), between(a + b) + between(torch.zeros(2, 64)))


def test_widths_that_do_not_reach_the_grid_are_refused():
    with pytest.raises(ValueError, match="3 widths bring 64 px to 8 px, not to 4"):
        original(64, (4, 4, 4), 8, 4, (4, 4, 4))
