"""How a part's weights start, each part from its own random stream."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

HE_SLOPE = 0.1  # the baseline's LeakyReLU; the same gain for every activation, so that arms start from equal weights


def glorot(weight: Tensor, generator: torch.Generator) -> None:
    """Glorot uniform, Keras' default: U(±sqrt(6 / (fan_in + fan_out))) (Glorot & Bengio, AISTATS 2010)."""
    nn.init.xavier_uniform_(weight, generator=generator)


def he(weight: Tensor, generator: torch.Generator) -> None:
    """He normal by fan-in, N(0, 2 / ((1 + 0.1²) fan_in)) (He et al. 2015, arXiv 1502.01852)."""
    nn.init.kaiming_normal_(weight, a=HE_SLOPE, generator=generator)


def torch_default(weight: Tensor, generator: torch.Generator) -> None:
    """torch's own layers: U(±1 / sqrt(fan_in)) (nn.Conv2d.reset_parameters, nn.Linear.reset_parameters)."""
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)


def keras_faceswap(weight: Tensor, generator: torch.Generator) -> None:
    """Convolutions He uniform, U(±sqrt(6 / fan_in)); dense layers Glorot uniform (deepfakes/faceswap 2026)."""
    if weight.dim() == 2:
        glorot(weight, generator)
    else:
        nn.init.kaiming_uniform_(weight, generator=generator)


def normal(weight: Tensor, generator: torch.Generator) -> None:
    """N(0, 0.02²), whatever the layer's size (Radford et al. 2015, arXiv 1511.06434)."""
    nn.init.normal_(weight, std=0.02, generator=generator)


Fill = Callable[[Tensor, torch.Generator], None]
INITIALISATIONS: dict[str, Fill] = {
    "glorot": glorot,
    "he": he,
    "keras_faceswap": keras_faceswap,
    "normal": normal,
    "torch": torch_default,
}


@torch.no_grad()
def icnr(weight: Tensor, fill: Fill, generator: torch.Generator, factor: int = 2) -> None:
    """One kernel for the channels that a pixel shuffle lays side by side, 2x2: at first it repeats every pixel.

    ICNR (Aitken et al. 2017, arXiv 1707.02937); deepfakes/faceswap, lib/model/initializers.
    """
    kernels = torch.empty_like(weight[:: factor**2])
    fill(kernels, generator)
    weight.copy_(kernels.repeat_interleave(factor**2, dim=0))


def scaled(weight: Tensor, fill: Fill, generator: torch.Generator) -> None:
    """A small start whatever the initialisation, U(±sqrt(3 · 0.2 / fan_in)): a variance of 0.2 / fan_in.

    deepfakes/faceswap, lib/model/nn_blocks, ``ResidualBlock``: VarianceScaling(0.2, fan_in, uniform).
    """
    bound = math.sqrt(3 * 0.2 / weight[0].numel())
    nn.init.uniform_(weight, -bound, bound, generator=generator)


STARTS: dict[str, Callable[[Tensor, Fill, torch.Generator], None]] = {
    "usual": lambda weight, fill, generator: fill(weight, generator),
    "icnr_2": icnr,
    "icnr_4": partial(icnr, factor=4),
    "scaled": scaled,
    "normal": lambda weight, fill, generator: normal(weight, generator),  # dfaker/df, model.py, ``res_block``
}
"""What a layer may ask for itself, in place of the initialisation's own."""


def initialise(part: nn.Module, name: str, seed: int) -> None:
    """Fill every convolution and dense layer of ``part`` in place, in the order of its modules.

    Args:
        part: of a model.
        name: a key of INITIALISATIONS.
        seed: the part's own seed. Equal seeds and shapes give equal weights, whatever else there is.

    Raises:
        TypeError: a parameter of another kind of layer does not start constant: nobody's stream would decide it.
    """
    generator = torch.Generator().manual_seed(seed)
    fill = INITIALISATIONS[name]
    for place, module in part.named_modules():
        if isinstance(module, _FILLED):
            STARTS[getattr(module, "start", "usual")](module.weight, fill, generator)
            if module.bias is not None:
                _fill_bias(module, name, generator)
            continue
        for own, parameter in module.named_parameters(recurse=False):
            if not parameter.is_meta and parameter.min() != parameter.max():
                raise TypeError(
                    f"{place}.{own} ({type(module).__name__}) is initialised by nobody: it starts with numbers of "
                    "torch's global generator. Name its layer in models.initialisation, or let it start constant."
                )


_FILLED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def _fill_bias(module: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, name: str, generator: torch.Generator) -> None:
    """Zero, as in Keras; torch's own layers draw biases from the weights' fan-in."""
    assert module.bias is not None
    if name != "torch":
        nn.init.zeros_(module.bias)
        return
    bound = 1 / math.sqrt(module.weight[0].numel())
    nn.init.uniform_(module.bias, -bound, bound, generator=generator)
