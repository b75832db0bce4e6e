"""Normalisations by name, between a convolution and its activation: (N, C, H, W) -> the same.

None looks across a batch, so a face comes out the same whatever stands beside it. Each learns a gain and an offset for
every channel, 1 and 0 at first; rms has no offset, whole one of each for all. To add one: its function, its name in
NORMS, a YAML.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUP = 16  # channels


class OverChannels(nn.Module):
    """A norm of a layer's units, over the channels at each pixel."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """Normalise every pixel by itself."""
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def instance(channels: int) -> nn.Module:
    """(x - mean) / sqrt(variance + 1e-5) over a channel's pixels (Ulyanov et al. 2016, arXiv 1607.08022)."""
    return nn.GroupNorm(channels, channels)


class Whole(nn.Module):
    """(x - mean) / sqrt(variance + 1e-6) over all of a face's numbers, then one gain and one offset for all of them.

    What faceswap calls instance normalisation: deepfakes/faceswap, lib/model/normalization, whose InstanceNormalization
    has no axis where it is used.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain, self.offset = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise a face's map."""
        return functional.group_norm(x, 1, eps=1e-6) * self.gain + self.offset


def group(channels: int) -> nn.Module:
    """The same over groups of 16 channels, or of as many as divide the width (Wu & He 2018, arXiv 1803.08494)."""
    return nn.GroupNorm(channels // math.gcd(GROUP, channels), channels)


def layer(channels: int) -> nn.Module:
    """The same over the channels at each pixel, eps 1e-6 (Ba et al. 2016, arXiv 1607.06450; ConvNeXt, Phaze-A)."""
    return OverChannels(nn.LayerNorm(channels, eps=1e-6))


def rms(channels: int) -> nn.Module:
    """x / sqrt(mean(x²) + 1e-6) over the channels at each pixel (Zhang & Sennrich 2019, arXiv 1910.07467)."""
    return OverChannels(nn.RMSNorm(channels, eps=1e-6))


NORMS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda channels: nn.Identity(),
    "instance": instance,
    "group": group,
    "layer": layer,
    "rms": rms,
    "whole": Whole,
}
NORM_LAYERS = (nn.GroupNorm, OverChannels, Whole)
"""What every one of them is."""
