"""What the stages of an encoder are, by name: (N, C, H, W) -> (N, width, H/2, W/2), or sides as before.

To add one: a module here, its name in DOWNSAMPLERS, and what it makes of a shape in ``topology.blocks``. Each has an
``activation`` of its own; ``kernel`` is the side of the kernel, but of those that are always 1.
"""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceswap_lab.models.blocks import Activated, Activation, Conv
from faceswap_lab.topology import Blocks

BASELINE = Blocks()
SHUFFLED = 4  # channels that a pixel shuffle lays side by side, 2x2


class Downscale(Activated):
    """act(norm(conv s2)), the stage of 2018, whose kernel is 5.

    Source: deepfakes/faceswap 2018, plugins/Model_Original, ``conv``.
    """

    def __init__(
        self, channels: int, width: int, kernel: int, activation: Activation, blocks: Blocks = BASELINE
    ) -> None:
        conv = Conv(channels, width, kernel, stride=2, padding=blocks.padding)
        super().__init__(conv, width, activation, blocks)


class Separable(Activated):
    """act(norm(conv1(depthwise conv s2))): each channel by itself, then all of them at each pixel.

    Chollet 2017, arXiv 1610.02357; deepfakes/faceswap, lib/model/nn_blocks, ``SeparableConv2DBlock``, whose activation
    is always ReLU.
    """

    def __init__(self, channels: int, width: int, kernel: int, activation: Activation, blocks: Blocks) -> None:
        depthwise = Conv(channels, channels, kernel, stride=2, padding=blocks.padding, bias=False, groups=channels)
        layers = OrderedDict[str, nn.Module](depthwise=depthwise, pointwise=Conv(channels, width, kernel=1))
        super().__init__(nn.Sequential(layers), width, activation, blocks)


class Shuffled(Activated):
    """shuffle(act(norm(conv s2 to 4·width))): as many pixels come out as go in, (N, width, H, W).

    Source: deepfakes/faceswap, plugins/train/model/villain.
    """

    def __init__(self, channels: int, width: int, kernel: int, activation: Activation, blocks: Blocks) -> None:
        conv = Conv(channels, SHUFFLED * width, kernel, stride=2, padding=blocks.padding)
        super().__init__(conv, SHUFFLED * width, activation, blocks)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, and lay the channels side by side."""
        return self.shuffle(super().forward(x))


class PoolBeside(Downscale):
    """[conv | act(means of 2x2 pixels)], joined: (N, width + C, H/2, W/2).

    Source: deepfakes/faceswap, plugins/train/model/dlight.
    """

    def __init__(self, channels: int, width: int, kernel: int, activation: Activation, blocks: Blocks) -> None:
        super().__init__(channels, width, kernel, activation, blocks)
        self.beside = activation()  # of its own: what is watched are the convolution's units

    def forward(self, x: Tensor) -> Tensor:
        """Go both ways."""
        return torch.cat([super().forward(x), self.beside(F.avg_pool2d(x, 2))], dim=1)


class Plain(Activated):
    """act(norm(conv)): as many pixels come out as go in, (N, width, H, W)."""

    def __init__(self, channels: int, width: int, kernel: int, activation: Activation, blocks: Blocks) -> None:
        super().__init__(Conv(channels, width, kernel, padding=blocks.padding), width, activation, blocks)


class Pointwise(Plain):
    """The same with a kernel of 1, each pixel by itself: what a picture's three channels first become.

    Source: cglukas/combModel, model/encoder.py, ``from_rgb``; deepfakes/faceswap, plugins/train/model/phaze_a.
    """

    def __init__(self, channels: int, width: int, kernel: int, activation: Activation, blocks: Blocks) -> None:
        super().__init__(channels, width, 1, activation, blocks)


class PairPool(Plain):
    """max over 2x2 pixels of act(norm(conv(act(norm(conv))))); the first convolution keeps the channels.

    Naruniec et al. 2020, "High-resolution neural face swapping for visual effects", as cglukas/combModel and
    deepfakes/faceswap, plugins/train/model/phaze_a, have it.
    """

    def __init__(self, channels: int, width: int, kernel: int, activation: Activation, blocks: Blocks) -> None:
        super().__init__(channels, width, kernel, activation, blocks)
        self.first = Plain(channels, channels, kernel, activation, blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve twice, and take the largest."""
        return F.max_pool2d(super().forward(self.first(x)), 2)


DOWNSAMPLERS: dict[str, Callable[[int, int, int, Activation, Blocks], nn.Module]] = {
    "conv": Downscale,
    "separable": Separable,
    "shuffled": Shuffled,
    "pool_beside": PoolBeside,
    "plain": Plain,
    "pointwise": Pointwise,
    "pair_pool": PairPool,
}
