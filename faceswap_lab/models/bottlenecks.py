"""What lies around the code, by name: (N, C, s, s) -> (N, width, t, t). To add one: its layers, its name, a YAML.

``to_code`` and ``from_code`` are the two halves; what is compared between sides comes out of the first.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from faceswap_lab.models.blocks import Activation
from faceswap_lab.topology import Shape

PIXEL_NORM_EPS = 1e-6  # DeepFaceLab's


class Layers(NamedTuple):
    """Before and after the code.

    Attributes:
        squeeze: makes the code, of flat features (N, C s²) or of the map.
        expand: what becomes of the code, flat or a map; None: it is that already.
        of_map: whether ``squeeze`` takes the map as it is.
        bend: an activation that the code goes through on its way on.
    """

    squeeze: nn.Module
    expand: nn.Module | None
    of_map: bool = False
    bend: nn.Module | None = None


def two_dense(seen: Shape, gives: Shape, code_size: int, activation: Activation) -> Layers:
    """Two dense layers, nothing between: one linear map of low rank, as in 2018 and in nearly all of the field."""
    return Layers(nn.Linear(_units(seen), code_size), nn.Linear(code_size, _units(gives)))


def two_dense_activated(seen: Shape, gives: Shape, code_size: int, activation: Activation) -> Layers:
    """The same with the activation between."""
    return two_dense(seen, gives, code_size, activation)._replace(bend=activation())


def one_dense(seen: Shape, gives: Shape, code_size: int, activation: Activation) -> Layers:
    """One dense layer from map to map: every pixel sees the whole face, and nothing is narrow; no ``code_size``."""
    return Layers(nn.Linear(_units(seen), _units(gives)), None)


def convolutional(seen: Shape, gives: Shape, code_size: int, activation: Activation) -> Layers:
    """Two convolutions of kernel 1: as many units of code, laid out as a map, and no pixel sees another here."""
    channels = code_size // seen[1] ** 2
    return Layers(nn.Conv2d(seen[0], channels, 1), nn.Conv2d(channels, gives[0], 1), of_map=True)


def pooled(seen: Shape, gives: Shape, code_size: int, activation: Activation) -> Layers:
    """Each channel's mean over the map, then two dense layers: where in the map something was is not told."""
    squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(seen[0], code_size))
    return Layers(squeeze, nn.Linear(code_size, _units(gives)), of_map=True)


def _units(shape: Shape) -> int:
    return shape[0] * shape[1] ** 2


BOTTLENECKS: dict[str, Callable[[Shape, Shape, int, Activation], Layers]] = {
    "two_dense": two_dense,
    "two_dense_activated": two_dense_activated,
    "one_dense": one_dense,
    "convolutional": convolutional,
    "pooled": pooled,
}


def pixel_norm(x: Tensor) -> Tensor:
    """x / sqrt(mean(x²) + 1e-6) over all numbers of a face (Karras et al. 2018, arXiv 1710.10196; DeepFaceLab's -u)."""
    return x * torch.rsqrt(x.square().mean(tuple(range(1, x.dim())), keepdim=True) + PIXEL_NORM_EPS)


class Bottleneck(nn.Module):
    """The layers around the code."""

    def __init__(
        self, name: str, normed: bool, seen: Shape, gives: Shape, code_size: int, activation: Activation
    ) -> None:
        super().__init__()
        self.normed = normed
        self.width, self.side = gives
        self.squeeze, self.expand, self.of_map, self.bend = BOTTLENECKS[name](seen, gives, code_size, activation)

    def to_code(self, x: Tensor) -> Tensor:
        """Return the code: (N, units), or a map of as many."""
        x = x if self.of_map else x.flatten(1)
        return self.squeeze(pixel_norm(x) if self.normed else x)

    def from_code(self, code: Tensor) -> Tensor:
        """Return the map that the code stands for."""
        code = code if self.bend is None else self.bend(code)
        code = code if self.expand is None else self.expand(code)
        return code.reshape(-1, self.width, self.side, self.side)

    def forward(self, x: Tensor) -> Tensor:
        """Squeeze, and expand."""
        return self.from_code(self.to_code(x))
