"""The nets of discriminators. They are no parts of a topology: no route leads through them, and no swap needs them."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

_SLOPE = 0.2  # of their LeakyReLUs, as in faceswap-GAN (networks/nn_blocks.py)


def patch_net(widths: Sequence[int]) -> nn.Sequential:
    """Convolutions k4 s2 and one k3 at the end: (N, 3, r, r) -> (N, 1, s, s), a verdict on each of s x s patches.

    The shape of faceswap-GAN's (networks/faceswap_gan_model.py, widths 64, 128, 256), without its norms and without the
    distorted input beside the picture; its last kernel is 4. After pix2pix (Isola et al. 2017, arXiv 1611.07004).

    Args:
        widths: channels of the convolutions; each halves the picture.
    """
    halvings = [nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise((3, *widths))]
    return _activated(halvings, nn.Conv2d(widths[-1], 1, 3, padding=1))


def code_net(units: int, widths: Sequence[int]) -> nn.Sequential:
    """Dense layers: (N, units) -> (N, 1), a verdict on each code.

    DeepFaceLab's (core/leras/models/CodeDiscriminator.py) is convolutional, on the map that comes out of the inter.

    Args:
        units: of a code.
        widths: of the hidden layers.
    """
    return _activated([nn.Linear(a, b) for a, b in pairwise((units, *widths))], nn.Linear(widths[-1], 1))


def _activated(layers: Sequence[nn.Module], last: nn.Module) -> nn.Sequential:
    return nn.Sequential(*(module for layer in layers for module in (layer, nn.LeakyReLU(_SLOPE))), last)
