"""Upscales by name: (N, C, H, W) -> (N, width, 2H, 2W). To add one: a module here, its name in UPSAMPLERS, a YAML.

What is said of 2, here and below, holds for any ``blocks.up_factor``.

Each has an ``activation`` of its own, the one after the convolution that all of them have (of a pair the first);
between the two stands the norm, if there is one.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceswap_lab.models.blocks import Activated, Activation, Conv, sloped
from faceswap_lab.topology import Blocks


class PixelShuffle(Activated):
    """shuffle(act(conv3 to 4·width)), the upscale of 2018 (Shi et al. 2016, arXiv 1609.05158).

    torch's shuffle orders channels (c, rh, rw) where the 2018 layer has (rh, rw, c): equal up to a permutation of the
    convolution's outputs. Source: deepfakes/faceswap 2018, plugins/Model_Original, ``upscale``.
    """

    def __init__(self, channels: int, width: int, activation: Activation, blocks: Blocks) -> None:
        shuffled = blocks.up_factor**2 * width
        start = f"icnr_{blocks.up_factor}" if blocks.icnr else "usual"
        conv = Conv(channels, shuffled, kernel=blocks.up_kernel, padding=blocks.padding, start=start)
        super().__init__(conv, shuffled, activation, blocks)
        self.factor, self.shuffle = blocks.up_factor, nn.PixelShuffle(blocks.up_factor)

    def forward(self, x: Tensor) -> Tensor:
        """Double the picture's sides."""
        return self.shuffle(super().forward(x))


class Hybrid(PixelShuffle):
    """[pixel_shuffle to one half of the channels | bilinear(conv3) to the other], joined.

    Source: deepfakes/faceswap, lib/model/nn_blocks, ``Upscale2xBlock``, which rounds both halves up: of an odd
    width it makes one channel more. Here the second half is the smaller one.
    """

    def __init__(self, channels: int, width: int, activation: Activation, blocks: Blocks) -> None:
        super().__init__(channels, width - width // 2, activation, blocks)
        self.straight = Conv(channels, width // 2, kernel=3, padding=blocks.padding)

    def forward(self, x: Tensor) -> Tensor:
        """Double the picture's sides."""
        return torch.cat([super().forward(x), bilinear(self.straight(x), self.factor)], dim=1)


class Fast(PixelShuffle):
    """pixel_shuffle + bilinear(conv3). Source: deepfakes/faceswap, lib/model/nn_blocks, ``Upscale2xBlock``, fast."""

    def __init__(self, channels: int, width: int, activation: Activation, blocks: Blocks) -> None:
        super().__init__(channels, width, activation, blocks)
        self.straight = Conv(channels, width, kernel=3, padding=blocks.padding)

    def forward(self, x: Tensor) -> Tensor:
        """Double the picture's sides."""
        return super().forward(x) + bilinear(self.straight(x), self.factor)


class Interpolated(Activated):
    """act(conv3(x made twice as large)), a quarter of pixel_shuffle's weights (Odena et al. 2016, distill.pub).

    ``how`` is torch's mode: "nearest" repeats every pixel, "bilinear" puts others in between.
    """

    def __init__(self, channels: int, width: int, activation: Activation, blocks: Blocks, how: str) -> None:
        conv = Conv(channels, width, kernel=blocks.up_kernel, padding=blocks.padding)
        super().__init__(conv, width, activation, blocks)
        self.factor, self.how = blocks.up_factor, how

    def forward(self, x: Tensor) -> Tensor:
        """Double the picture's sides."""
        return super().forward(F.interpolate(x, scale_factor=self.factor, mode=self.how))


class Pair(Interpolated):
    """act(conv3(act(conv3(x made twice as large)))): no shuffle, so convolutions at the larger size.

    Naruniec et al. 2020, "High-resolution neural face swapping for visual effects", as cglukas/combModel,
    model/decoder.py, has it; bilinear: deepfakes/faceswap, lib/model/nn_blocks, ``UpscaleDNYBlock``.
    """

    def __init__(self, channels: int, width: int, activation: Activation, blocks: Blocks, how: str) -> None:
        super().__init__(channels, width, activation, blocks, how)
        conv = Conv(width, width, kernel=blocks.up_kernel, padding=blocks.padding)
        self.second = Activated(conv, width, activation, blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Double the picture's sides."""
        return self.second(super().forward(x))


class Transposed(Activated):
    """act(transposed convolution k4 s2), as pix2pix has it (Isola et al. 2017, arXiv 1611.07004).

    The kernel is twice the stride, so every pixel that comes out is made of equally many. What lies beyond the
    picture's edge is cut off, as Keras' "same" does; ``topology.blocks`` refuses another padding.
    """

    def __init__(self, channels: int, width: int, activation: Activation, blocks: Blocks) -> None:
        factor = blocks.up_factor
        conv = nn.ConvTranspose2d(channels, width, kernel_size=2 * factor, stride=factor, padding=factor // 2)
        super().__init__(conv, width, activation, blocks)


def bilinear(x: Tensor, factor: int) -> Tensor:
    """Return a map ``factor`` times as large, with pixels in between."""
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


UPSAMPLERS: dict[str, Callable[[int, int, Activation, Blocks], nn.Module]] = {
    "pixel_shuffle": PixelShuffle,
    "hybrid": Hybrid,
    "fast": Fast,
    "nearest": partial(Interpolated, how="nearest"),
    "bilinear": partial(Interpolated, how="bilinear"),
    "nearest_pair": partial(Pair, how="nearest"),
    "bilinear_pair": partial(Pair, how="bilinear"),
    "transposed": Transposed,
}
UPSCALES = (PixelShuffle, Interpolated, Transposed)
"""What every upscale is one of."""


def upscale(channels: int, width: int, activation: Activation, blocks: Blocks) -> nn.Module:
    """Return an upscale of the chosen kind."""
    return UPSAMPLERS[blocks.upsampler](channels, width, sloped(activation, blocks.up_slope), blocks)
