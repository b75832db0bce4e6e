"""The two building blocks of the 2018 model: a halving convolution and a doubling upscale."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

Activation = Callable[[], nn.Module]


class Downscale(nn.Module):
    """Convolution k5 s2 with TensorFlow's "same" padding, then the activation: (N, C, H, W) -> (N, width, H/2, W/2).

    On an even size TensorFlow pads k5 s2 by 1 before and 2 after; torch's ``padding=2`` would pad 2 before and shift
    the picture by a pixel per layer. Source: deepfakes/faceswap 2018, plugins/Model_Original, ``conv``.
    """

    def __init__(self, channels: int, width: int, activation: Activation) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, kernel_size=5, stride=2)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        """Halve the picture's sides."""
        return self.activation(self.conv(F.pad(x, (1, 2, 1, 2))))


class Upscale(nn.Module):
    """Convolution k3 to 4·width, activation, pixel shuffle: (N, C, H, W) -> (N, width, 2H, 2W).

    torch's shuffle orders channels (c, rh, rw) where the 2018 layer has (rh, rw, c): equal up to a permutation of the
    convolution's outputs. Source: deepfakes/faceswap 2018, plugins/Model_Original, ``upscale``; Shi et al. 2016.
    """

    def __init__(self, channels: int, width: int, activation: Activation) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 4 * width, kernel_size=3, padding=1)
        self.activation = activation()
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        """Double the picture's sides."""
        return self.shuffle(self.activation(self.conv(x)))
