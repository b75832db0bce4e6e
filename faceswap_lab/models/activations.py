"""Activations by name. To add one: write a function here, name it in HIDDEN or OUTPUT, add a YAML of that name.

Hidden activations stand after every convolution of the encoder and of the upscales; output activations stand at the
decoder's end and know the value range the network works in.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

ValueRange = Literal["unit", "signed"]


class XCosX(nn.Module):
    """x · cos x, DeepFaceLab's option "-c" (iperov/DeepFaceLab, core/leras/archis/DeepFakeArchi.py)."""

    def forward(self, x: Tensor) -> Tensor:
        """Bend every value."""
        return x * torch.cos(x)


HIDDEN: dict[str, Callable[[float | None], nn.Module]] = {
    "leaky_relu": lambda slope: nn.LeakyReLU(slope if slope is not None else 0.1),
    "relu": lambda slope: nn.ReLU(),
    "elu": lambda slope: nn.ELU(slope if slope is not None else 1.0),
    "gelu": lambda slope: nn.GELU(),
    "silu": lambda slope: nn.SiLU(),
    "prelu": lambda slope: nn.PReLU(init=slope if slope is not None else 0.25),
    "tanh": lambda slope: nn.Tanh(),
    "x_cos_x": lambda slope: XCosX(),
}


def _ranged(unit: Tensor, value_range: ValueRange) -> Tensor:
    """Map values from [0, 1] to the network's own range."""
    return unit if value_range == "unit" else 2 * unit - 1


def sigmoid(z: Tensor, value_range: ValueRange) -> Tensor:
    """unit: σ(z) (deepfakes/faceswap 2018, plugins/Model_Original); signed: 2 σ(z) - 1."""
    return _ranged(torch.sigmoid(z), value_range)


def tanh(z: Tensor, value_range: ValueRange) -> Tensor:
    """signed: tanh(z); unit: (tanh(z) + 1) / 2, which equals σ(2z): sigmoid at twice the gain."""
    return torch.tanh(z) if value_range == "signed" else (torch.tanh(z) + 1) / 2


def hard_sigmoid(z: Tensor, value_range: ValueRange) -> Tensor:
    """Keras 2's hard_sigmoid, clip(0.2 z + 0.5, 0, 1), in the value range. No gradient where |z| > 2.5."""
    return _ranged((0.2 * z + 0.5).clamp(0, 1), value_range)


def linear(z: Tensor, value_range: ValueRange) -> Tensor:
    """z itself, in either range: nothing but the loss keeps a pixel inside."""
    return z


def clamp(z: Tensor, value_range: ValueRange) -> Tensor:
    """z cut to the value range. No gradient outside it."""
    return z.clamp(0.0 if value_range == "unit" else -1.0, 1.0)


OUTPUT: dict[str, Callable[[Tensor, ValueRange], Tensor]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "hard_sigmoid": hard_sigmoid,
    "linear": linear,
    "clamp": clamp,
}
