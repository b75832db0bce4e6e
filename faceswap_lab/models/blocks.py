"""The building blocks of the parts but for what halves and what doubles: convolution, residual blocks, an end."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceswap_lab.models.norms import NORMS
from faceswap_lab.topology import Blocks
from faceswap_lab.topology.blocks import RESIDUAL_STARTS

Activation = Callable[[], nn.Module]


class Padding(NamedTuple):
    """How a picture is made larger for a convolution.

    Attributes:
        around: (kernel, stride) -> pixels added before and after, on sides that the stride divides.
        reflected: whether they mirror the picture's own; else they are zeros.
    """

    around: Callable[[int, int], tuple[int, int]]
    reflected: bool


def _same(kernel: int, stride: int) -> tuple[int, int]:
    """As TensorFlow's "same" does: k5 s2 on an even size 1 before and 2 after."""
    total = kernel - stride
    return total // 2, total - total // 2


def _symmetric(kernel: int, stride: int) -> tuple[int, int]:
    """As torch's ``padding=kernel // 2`` does: with a stride of 2 the grid lies half a pixel further to the left.

    An even kernel has one pixel less after, so that it keeps the sides too.
    """
    return kernel // 2, (kernel - 1) // 2


PADDINGS = {
    "same": Padding(_same, reflected=False),
    "symmetric": Padding(_symmetric, reflected=False),
    "reflect": Padding(_same, reflected=True),
}


class Conv(nn.Conv2d):
    """A convolution that keeps the picture's sides, or halves them: (N, C, H, W) -> (N, width, H/stride, W/stride).

    Args:
        channels: that come in.
        width: channels that come out.
        kernel: side of the kernel.
        stride: 1 or 2.
        padding: a key of PADDINGS.
        start: how its weights start, a key of ``initialisation.STARTS``.
        bias: whether it adds one.
        groups: of channels that see each other only.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        kernel: int,
        stride: int = 1,
        padding: str = "same",
        start: str = "usual",
        bias: bool = True,
        groups: int = 1,
    ) -> None:
        around, reflected = PADDINGS[padding]
        before, after = around(kernel, stride)
        uneven = before != after  # which torch's own convolution has not
        mode: Literal["reflect", "zeros"] = "reflect" if reflected and before and not uneven else "zeros"
        super().__init__(
            channels, width, kernel, stride, 0 if uneven else before, groups=groups, bias=bias, padding_mode=mode
        )
        self.start, self.around = start, (before, after) * 2 if uneven else ()
        self.mode = "reflect" if reflected else "constant"

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        return super().forward(F.pad(x, self.around, self.mode) if self.around else x)


class Activated(nn.Module):
    """A convolution, the norm, the activation.

    Args:
        conv: the convolution.
        width: channels that come out of it.
        activation: makes the activation.
        blocks: which norm.
    """

    def __init__(self, conv: nn.Module, width: int, activation: Activation, blocks: Blocks) -> None:
        super().__init__()
        self.conv = conv
        self.norm = NORMS[blocks.norm](width)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        """Go through all three."""
        return self.activation(self.norm(self.conv(x)))


class Residual(nn.Module):
    """act(x + conv3(act(norm(conv3 x)))): (N, C, H, W) -> the same.

    Source: deepfakes/faceswap, lib/model/nn_blocks, ``ResidualBlock``, whose second convolution starts small; iperov/
    DeepFaceLab, core/leras/archis/DeepFakeArchi.py, whose does not. dfaker/df and faceswap's realface have such blocks
    without biases. ``start`` is a key of RESIDUAL_STARTS.
    """

    def __init__(self, width: int, activation: Activation, blocks: Blocks, start: str, bias: bool = True) -> None:
        super().__init__()
        first, second = RESIDUAL_STARTS[start]
        self.first = Conv(width, width, kernel=3, padding=blocks.padding, start=first, bias=bias)
        self.norm = NORMS[blocks.norm](width)
        self.inner, self.outer = (activation() for _ in range(2))
        self.second = Conv(width, width, kernel=3, padding=blocks.padding, start=second, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Add to the map what two convolutions make of it."""
        return self.outer(x + self.second(self.inner(self.norm(self.first(x)))))


def sloped(activation: Activation, slope: float | None) -> Activation:
    """Return what makes the same activation, but a LeakyReLU with this slope; None: with its own."""

    def make() -> nn.Module:
        made = activation()
        return nn.LeakyReLU(slope) if slope is not None and isinstance(made, nn.LeakyReLU) else made

    return make


class Refined(nn.Module):
    """A stage and the row of residual blocks after it: row(stage(x)), and what may stand between and around.

    Args:
        name: what the stage is called.
        stage: makes the map; with ``before`` it has no activation.
        row: the residual blocks.
        before: the activation of what enters the row.
        around: the activation of what is added to what comes out of it; None: nothing is.
    """

    def __init__(
        self,
        name: str,
        stage: nn.Module,
        row: nn.Module,
        before: nn.Module | None = None,
        around: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.stage = name
        self.add_module(name, stage)
        self.residuals, self.before, self.around = row, before, around

    @property
    def activation(self) -> nn.Module:
        """The first one that the map goes through."""
        return self.before or self.get_submodule(self.stage).get_submodule("activation")

    def forward(self, x: Tensor) -> Tensor:
        """Go through the stage, then through the row."""
        y = self.get_submodule(self.stage)(x)
        refined = self.residuals(y if self.before is None else self.before(y))
        return refined if self.around is None else refined + self.around(y)


class DepthToSpace(nn.Module):
    """A picture of twice the sides out of four convolutions, one for each pixel of 2x2: (N, C, H, W) -> (N, 3, 2H, 2W).

    The first has kernel 1, the others 3. Source: iperov/DeepFaceLab, core/leras/archis/DeepFakeArchi.py, option "d".
    """

    def __init__(self, channels: int, padding: str = "same") -> None:
        super().__init__()
        self.convs = nn.ModuleList(Conv(channels, 3, kernel, padding=padding) for kernel in (1, 3, 3, 3))
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        """Lay the four pictures' pixels side by side: the first at the upper left, the second to its right."""
        return self.shuffle(torch.stack([conv(x) for conv in self.convs], dim=2).flatten(1, 2))
