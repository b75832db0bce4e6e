"""What a loss can be made of beside the errors of single pixels.

Pictures are (N, 3, H, W) in [0, 1]; an unbounded output may leave that range. Each function returns a number for every
pixel, (N, 3, h, w), or one for every sample, (N,), each a function of that sample alone, >= 0, 0 where the pictures are
equal (but for ``total_variation``, which looks at the output alone). ``config.terms`` judges the settings.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, huber_loss
from torchmetrics.functional.image import image_gradients

from faceswap_lab.config.terms import window_of
from faceswap_lab.training.step.windows import weighed

_C1, _C2 = 0.01**2, 0.03**2  # Wang et al. 2004, for values in [0, 1]
_POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang, Simoncelli and Bovik 2003, from the finest scale on
_LEAST = 1e-6  # of a mean similarity that is raised to a power: below 0 there is none, and at 0 no gradient


def huber(output: Tensor, target: Tensor, delta: float) -> Tensor:
    """d²/2 up to |d| = delta, delta (|d| - delta/2) beyond (Huber 1964)."""
    return huber_loss(output, target, reduction="none", delta=delta)


def log_cosh(output: Tensor, target: Tensor) -> Tensor:
    """Log cosh d: d²/2 for small d, |d| - log 2 for large ones. In [0, 1] pictures it is nearly mse/2."""
    d = output - target
    return torch.logaddexp(d, -d) - math.log(2)


def dssim(output: Tensor, target: Tensor, window: float, sigma: float, padding: str) -> Tensor:
    """(1 - SSIM)/2 at each place of a Gaussian window (Wang, Bovik, Sheikh and Simoncelli 2004, IEEE TIP 13(4))."""
    luminance, contrast = _similarity(output, target, window_of(window, output.shape[-1]), sigma, padding)
    return (1 - luminance * contrast) / 2


def ms_ssim(output: Tensor, target: Tensor, scales: int, window: float, sigma: float) -> Tensor:
    """1 - MS-SSIM (Wang, Simoncelli and Bovik 2003, Asilomar), of each sample.

    MS-SSIM is the product over scales of the mean contrast-structure similarity, of the last scale the mean SSIM, each
    to its power. Those of fewer scales than the paper's five are the first of its powers, made to sum to 1.
    """
    side, product = window_of(window, output.shape[-1]), torch.ones((), device=output.device)
    for scale, power in enumerate(_POWERS[:scales], start=1):
        luminance, contrast = _similarity(output, target, side, sigma, "valid")
        similarity = contrast if scale < scales else luminance * contrast
        mean = similarity.flatten(1).mean(1).clamp(min=_LEAST)
        product = product * mean ** (power / sum(_POWERS[:scales]))
        if scale < scales:
            output, target = avg_pool2d(output, 2), avg_pool2d(target, 2)
    return 1 - product


def gradient(output: Tensor, target: Tensor) -> Tensor:
    """|∂d/∂x| + |∂d/∂y| of the error d, from each pixel to the next; 0 at the last one.

    Not faceswap-GAN's edge loss (v2.2, networks/losses.py), which is | |∂o| - |∂t| |: an edge the other way round costs
    something here, and nothing there.
    """
    return total_variation(output - target, target)


def total_variation(output: Tensor, target: Tensor) -> Tensor:
    """|∂o/∂x| + |∂o/∂y| of the output o alone: a smooth picture has little (Rudin, Osher and Fatemi 1992)."""
    down, right = image_gradients(output)
    return down.abs() + right.abs()


def laplacian(output: Tensor, target: Tensor, levels: int, decay: float) -> Tensor:
    """Sum over the bands of a Laplacian pyramid of decay^level times the mean absolute error, of each sample.

    A band is what a 5x5 Gaussian of standard deviation 1 takes from the picture; the next one is made from the blurred
    picture at half the size, and what is left at the end counts as one more. The pyramid of a difference is the
    difference of the pyramids. With decay 1 it is that of GLO (Bojanowski et al. 2018, arXiv 1707.05776).
    """
    left, total = output - target, torch.zeros((), device=output.device)
    for level in range(levels):
        blurred = weighed(left, 5, 1.0, "replicate")
        total = total + decay**level * (left - blurred).abs().flatten(1).mean(1)
        left = avg_pool2d(blurred, 2)
    return total + decay**levels * left.abs().flatten(1).mean(1)


def focal_frequency(output: Tensor, target: Tensor, alpha: float) -> Tensor:
    """Mean over frequencies of w |F d|², of each sample (Jiang et al. 2021, arXiv 2012.12821).

    F d is the orthonormal Fourier transform of the error; w = |F d|^alpha, divided by its largest value in the sample's
    channel, is a weight and has no gradient. With alpha 0 it is mse.
    """
    spectrum = torch.fft.fft2(output - target, norm="ortho")
    squared = spectrum.real.square() + spectrum.imag.square()
    weight = squared.detach() ** (alpha / 2)
    weight = weight / weight.amax((2, 3), keepdim=True).clamp(min=torch.finfo(weight.dtype).tiny)  # 0 of no error
    return (weight * squared).flatten(1).mean(1)


def _similarity(output: Tensor, target: Tensor, window: int, sigma: float, padding: str) -> tuple[Tensor, Tensor]:
    """Return the luminance and the contrast-structure parts of SSIM, (N, 3, h, w) each; SSIM is their product."""
    seen = torch.stack([output, target, output.square() + target.square(), output * target])
    mean_o, mean_t, squares, product = weighed(seen, window, sigma, padding)
    both, means = mean_o * mean_t, mean_o.square() + mean_t.square()
    luminance = (2 * both + _C1) / (means + _C1)
    return luminance, (2 * (product - both) + _C2) / (squares - means + _C2)
