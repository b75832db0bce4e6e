"""Where an activation is flat, and the units that never leave that part of it.

One rule for every activation: it is flat at z if |f'(z)| lies in the lowest 1 % of the range of |f'|, the slopes taken
by automatic differentiation. So an activation that somebody adds is judged without more ado, and a straight line is
flat nowhere. What the rule says:

    relu                  z <= 0
    leaky_relu, prelu     the branch with the smaller slope: z <= 0, unless a learned slope exceeds 1
    elu                   z < -4.6
    gelu, silu            z < -3.0, z < -6.1 (and a sliver around the minimum, where the slope passes through 0)
    tanh                  |z| > 3.0
    x_cos_x               slivers, where the slope passes through 0
    sigmoid (output)      |z| > 6.0
    tanh (output)         |z| > 3.0
    hard_sigmoid, clamp   outside the straight part
    linear                nowhere
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.models.part import Part

Elementwise = Callable[[Tensor], Tensor]

FLAT = 0.01
REACH, POINTS = 20.0, 4001  # the range of slopes is read off z = -20, -19.99 … 20


def slopes(activation: Elementwise, z: Tensor) -> Tensor:
    """Return |f'| at every value of ``z``, in its shape."""
    with torch.enable_grad():
        leaf = z.detach().requires_grad_()
        (slope,) = torch.autograd.grad(activation(leaf.clone()).sum(), leaf)  # a copy: it may work in place
    return slope.abs()


def flat(activation: Elementwise, z: Tensor) -> Tensor:
    """Return where the activation is flat at ``z``, bool in its shape; see the head of this module."""
    known = slopes(activation, torch.linspace(-REACH, REACH, POINTS, device=z.device, dtype=z.dtype))
    least, greatest = known.min(), known.max()
    return slopes(activation, z) - least < FLAT * (greatest - least)


class Units:
    """What has been seen of a model's units while it was watched.

    Attributes:
        alive: per layer (units,) bool: whether the unit has ever left the flat part of its activation. A unit is one
            filter of the convolution before the activation, with all its positions.
        saturated: per side, how many values of the decoder's output lay in the flat part of the output activation,
            and how many there were.
    """

    def __init__(self) -> None:
        self.alive: dict[str, Tensor] = {}
        self.saturated: dict[str, tuple[int, int]] = {}

    def dead_shares(self) -> dict[str, float]:
        """Return the share of units, in [0, 1], that have never left the flat part, by layer."""
        return {layer: 1 - float(alive.cpu().double().mean()) for layer, alive in self.alive.items()}

    def saturated_shares(self) -> dict[str, float]:
        """Return the share of output values, in [0, 1], in the flat part, by side."""
        return {side: flats / values for side, (flats, values) in self.saturated.items()}

    def see(self, layer: str, activation: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Take in a layer's pre-activations (N, units, H, W): a forward pre-hook."""
        alive = (~flat(activation.forward, inputs[0])).amax(dim=(0, 2, 3))
        self.alive[layer] = self.alive[layer] | alive if layer in self.alive else alive

    def see_output(self, side: str, output: Elementwise, z: Tensor) -> None:
        """Take in the pre-activations (N, 3, r, r) of a side's pictures."""
        flats, values = self.saturated.get(side, (0, 0))
        self.saturated[side] = flats + int(flat(output, z.float()).sum()), values + z.numel()


@contextmanager
def watched(model: Autoencoder) -> Iterator[Units]:
    """Yield what is seen of the model's units while it runs; take the hooks off at the end."""
    units = Units()
    with ExitStack() as hooks:
        for name, part in model.parts.items():
            assert isinstance(part, Part)
            for layer, activation in part.activations():  # encoder_0 …, encoder_up, decoder_A_0 …
                hooks.enter_context(activation.register_forward_pre_hook(partial(units.see, f"{name}_{layer}")))
        yield units
