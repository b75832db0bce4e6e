"""Encoder and decoder of the 2018 family, every width a plain argument."""

from collections.abc import Sequence

from torch import Tensor, nn

from faceswap_lab.models.blocks import Activation, Downscale, Upscale

GRID = 4  # the encoder comes down to a 4x4 picture, whatever the resolution


class Encoder(nn.Module):
    """A face to its code: (N, 3, r, r) -> (N, bridge_width, 8, 8).

    Halving convolutions to 4x4, a dense layer to ``code_size`` units, a dense layer back to 4x4, one upscale. There is
    no activation between or after the dense layers: the bottleneck is linear, as in 2018.
    """

    def __init__(
        self, resolution: int, widths: Sequence[int], code_size: int, bridge_width: int, activation: Activation
    ):
        super().__init__()
        if resolution != GRID << len(widths):
            raise ValueError(
                f"{len(widths)} widths bring {resolution} px to {resolution / 2 ** len(widths):g} px, not to {GRID}."
            )
        channels = [3, *widths]
        self.down = nn.Sequential(*(Downscale(a, b, activation) for a, b in zip(channels, widths)))
        self.last_width = widths[-1]
        features = GRID * GRID * widths[-1]
        self.squeeze = nn.Linear(features, code_size)
        self.expand = nn.Linear(code_size, features)
        self.up = Upscale(widths[-1], bridge_width, activation)

    def bottleneck(self, x: Tensor) -> Tensor:
        """Return the code's units, (N, code_size)."""
        return self.squeeze(self.down(x).flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return what the decoders see, (N, bridge_width, 8, 8)."""
        grid = self.expand(self.bottleneck(x))  # (N, 16 * last_width)
        return self.up(grid.reshape(-1, self.last_width, GRID, GRID))


class Decoder(nn.Module):
    """A code to a face before its output activation: (N, bridge_width, 8, 8) -> (N, 3, r, r)."""

    def __init__(self, bridge_width: int, widths: Sequence[int], activation: Activation):
        super().__init__()
        channels = [bridge_width, *widths]
        self.up = nn.Sequential(*(Upscale(a, b, activation) for a, b in zip(channels, widths)))
        self.out = nn.Conv2d(widths[-1], 3, kernel_size=5, padding=2)

    def forward(self, code: Tensor) -> Tensor:
        """Return the pre-activation z, unbounded."""
        return self.out(self.up(code))
