"""The modules of the parts that stand between others and have no weights."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from faceswap_lab.models.blocks import Activation
from faceswap_lab.models.part import Drawing, Part
from faceswap_lab.models.upsamplers import bilinear
from faceswap_lab.topology import kinds
from faceswap_lab.topology.blocks import Shape


class Enlarge(Part):
    """Pixels in between: (N, C, s, s) -> (N, C, up_factor · s, up_factor · s)."""

    def __init__(self, spec: kinds.Enlarge, seen: Shape, activation: Activation) -> None:
        super().__init__()
        self.factor = spec.up_factor

    def forward(self, x: Tensor) -> Tensor:
        """Interpolate."""
        return bilinear(x, self.factor)


class Dropout(Drawing):
    """Some whole channels of a sample are 0 while training, the others as much larger: (N, C, s, s) -> the same.

    Tompson et al. 2015, arXiv 1411.4280; Keras' SpatialDropout2D. With ``units`` each number by itself (Srivastava et
    al. 2014, JMLR 15; Keras' Dropout). Otherwise nothing happens.
    """

    def __init__(self, spec: kinds.Dropout, seen: Shape, activation: Activation) -> None:
        super().__init__()
        self.shape = (*seen, seen[1]) if spec.units else (seen[0], 1, 1)
        self.channels, self.share = math.prod(self.shape), spec.share

    def drawn(self, uniforms: NDArray[np.float64]) -> Tensor:
        """Return (N, C) factors, 0 or 1 / (1 - share); of units (N, C s²)."""
        return torch.from_numpy((uniforms >= self.share) / (1 - self.share)).float()

    def forward(self, x: Tensor, factors: Tensor | None = None) -> Tensor:
        """Multiply each channel, or each number, by its factor."""
        return x if factors is None else x * factors.to(x.dtype).reshape(-1, *self.shape)


class Mix(Drawing):
    """Of two joined maps, some channels of the first and the rest of the second: (N, 2C, s, s) -> (N, C, s, s)."""

    def __init__(self, spec: kinds.Mix, seen: Shape, activation: Activation) -> None:
        super().__init__()
        self.channels, self.taken = seen[0] // 2, int(seen[0] // 2 * spec.share)

    def drawn(self, uniforms: NDArray[np.float64]) -> Tensor:
        """Return (N, C): each sample's own permutation of 0 … C - 1."""
        return torch.from_numpy(uniforms.argsort(axis=1, kind="stable"))

    def forward(self, x: Tensor, ranks: Tensor | None = None) -> Tensor:
        """Mix.

        Args:
            x: both maps.
            ranks: (N, C) each sample's own permutation of 0 … C - 1: the first map is taken where the rank is small
                enough; None: its first channels are.
        """
        first, second = x.chunk(2, dim=1)
        if ranks is None:
            ranks = torch.arange(self.channels, device=x.device)[None]
        return torch.where((ranks < self.taken)[:, :, None, None], first, second)
