"""The distances between output and target. To add one: a function here, its name in LOSSES, a YAML of that name.

Where it has settings of its own, they are the function's further arguments, and ``config.terms`` has a class for them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from faceswap_lab.training.step import terms
from faceswap_lab.training.step.windows import weighed

LOSSES: dict[str, Callable[..., Tensor]] = {
    "mae": lambda output, target: (output - target).abs(),
    "mse": lambda output, target: (output - target).square(),
    "huber": terms.huber,
    "log_cosh": terms.log_cosh,
    "dssim": terms.dssim,
    "ms_ssim": terms.ms_ssim,
    "gradient": terms.gradient,
    "laplacian": terms.laplacian,
    "focal_frequency": terms.focal_frequency,
    "total_variation": terms.total_variation,
}


def loss_of(
    output: Tensor,
    target: Tensor,
    mask: Tensor | None,
    name: str,
    mask_weight: float,
    masking: str = "distance",
    settings: Mapping[str, Any] | None = None,
) -> Tensor:
    """Return the mean over samples of ``(1 - w) mean(d) + w sum(m d) / sum(m)``, with d the pixels' distance.

    With ``masking="whole"`` the second part is ``mean(m d)`` and with ``masking="pictures"`` ``mean(d(m o, m t))``,
    means over the whole picture, as faceswap and DeepFaceLab have it: the smaller the face, the less it counts.

    Each sample is normalised by its own mask, so the loss of a batch is the mean of the losses of its parts: two
    processes with half the batch each see the same gradient as one with the whole.

    Args:
        output: (N, 3, H, W), the network's output in [0, 1] (an unbounded activation may leave it).
        target: (N, 3, H, W) in [0, 1].
        mask: (N, 1, H, W) in [0, 1], 1 where the face is; may be None where ``mask_weight`` is 0.
        name: a key of LOSSES.
        mask_weight: w in [0, 1]; 0 weighs the whole picture alike, 1 the face only.
        masking: ``distance``, ``whole`` or ``pictures``; the first two need a distance with a number for every pixel.
        settings: further arguments of the distance.
    """
    measure, settings = LOSSES[name], settings or {}
    if mask_weight == 0 or mask is None:
        return measure(output, target, **settings).mean()
    if masking == "pictures":
        inside = measure(output * mask, target * mask, **settings).mean()
        if mask_weight == 1:
            return inside
        return (1 - mask_weight) * measure(output, target, **settings).mean() + mask_weight * inside
    distance = measure(output, target, **settings)
    side = distance.shape[-1]  # a window that lies within the picture has fewer places: the mask is cut to them
    first = (mask.shape[-1] - side) // 2
    mask = mask[..., first : first + side, first : first + side]
    if masking == "whole":
        inside = (distance * mask).mean((1, 2, 3))
    else:
        inside = (distance * mask).sum((1, 2, 3)) / (3 * mask.sum((1, 2, 3))).clamp(min=1e-6)
    return (1 - mask_weight) * distance.mean() + mask_weight * inside.mean()


def softened(mask: Tensor, blur: float) -> Tensor:
    """Return a mask (N, 1, H, W) that is blurred, cut at one half and doubled: it grows a little, and fades outwards.

    DeepFaceLab's SAEHD trains under such masks, with a blur of 1/32 of the side and at least 1 pixel.

    Args:
        mask: in [0, 1]; 0 beyond the border.
        blur: standard deviation as a share of the side; 0: the mask as it is.
    """
    if blur == 0:
        return mask
    sigma = max(1.0, float(int(blur * mask.shape[-1])))
    window = max(3, int(4 * sigma)) | 1
    return 2 * weighed(mask, window, sigma, "zero").clamp(max=0.5)


def codes_apart(codes: Sequence[Tensor]) -> list[Tensor]:
    """Return for each side how far its codes lie from the others' codes of the same states, >= 0, shape ().

    The mean over samples, units and the other sides of (code - other)². There is no way back to the others: they are
    moved by their own. So of two sides the sum has the gradient of one such mean.

    Args:
        codes: per side (N, units), N >= 1, row i of all of the same state.
    """
    codes = [code.float() for code in codes]  # of autocast
    return [
        torch.stack([(code - other.detach()).square().mean() for other in codes if other is not code]).mean()
        for code in codes
    ]


def code_distance(codes: Sequence[Tensor]) -> Tensor:
    """Return how far apart the sides' codes lie as clouds of points, >= 0: 0 for equal means and covariances.

    The mean over sides of |m - m̄|² / u + |C - C̄|² / u², with m and C a side's mean and covariance over the batch, m̄ and
    C̄ their means over the sides, and u the number of units: CORAL's distance (Sun & Saenko 2016, arXiv 1607.01719),
    with the means beside it. It looks across the batch and across sides, so it needs all sides in one update.

    Args:
        codes: per side (N, units), N >= 2.
    """
    means = torch.stack([code.mean(0) for code in codes])
    covariances = torch.stack([torch.cov(code.T) for code in codes])
    units = means.shape[1]
    apart = (means - means.mean(0)).square().sum() / units
    return (apart + (covariances - covariances.mean(0)).square().sum() / units**2) / len(codes)
