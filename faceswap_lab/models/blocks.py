"""The building blocks of the 2018 model but for its upscale: a convolution, and one that halves the picture."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Activation = Callable[[], nn.Module]


class Conv(nn.Conv2d):
    """A convolution that keeps the picture's sides, or halves them: (N, C, H, W) -> (N, width, H/stride, W/stride).

    With a stride it pads as TensorFlow's "same" does: k5 s2 on an even size by 1 before and 2 after. torch's
    ``padding=2`` would pad 2 before and shift the picture by a pixel per layer.

    Args:
        channels: that come in.
        width: channels that come out.
        kernel: side of the kernel, odd.
        stride: 1 or 2.
        start: how its weights start, a key of ``initialisation.STARTS``.
    """

    def __init__(self, channels: int, width: int, kernel: int, stride: int = 1, start: str = "usual") -> None:
        super().__init__(channels, width, kernel, stride, padding=kernel // 2 if stride == 1 else 0)
        self.start = start
        self.around = () if stride == 1 else _same(kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        return super().forward(F.pad(x, self.around) if self.around else x)


def _same(kernel: int, stride: int) -> tuple[int, ...]:
    """Return what TensorFlow's "same" adds before and after both sides of a picture whose sides the stride divides."""
    total = kernel - stride
    return (total // 2, total - total // 2) * 2


class Downscale(nn.Module):
    """Convolution k5 s2, then the activation: (N, C, H, W) -> (N, width, H/2, W/2).

    Source: deepfakes/faceswap 2018, plugins/Model_Original, ``conv``.
    """

    def __init__(self, channels: int, width: int, activation: Activation) -> None:
        super().__init__()
        self.conv = Conv(channels, width, kernel=5, stride=2)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        """Halve the picture's sides."""
        return self.activation(self.conv(x))


class DepthToSpace(nn.Module):
    """A picture of twice the sides out of four convolutions, one for each pixel of 2x2: (N, C, H, W) -> (N, 3, 2H, 2W).

    The first has kernel 1, the others 3. Source: iperov/DeepFaceLab, core/leras/archis/DeepFakeArchi.py, option "d".
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(Conv(channels, 3, kernel) for kernel in (1, 3, 3, 3))
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        """Lay the four pictures' pixels side by side: the first at the upper left, the second to its right."""
        return self.shuffle(torch.stack([conv(x) for conv in self.convs], dim=2).flatten(1, 2))
