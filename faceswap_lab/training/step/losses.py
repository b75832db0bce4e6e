"""The distance between output and target. To add one: a function here, its name in LOSSES, a YAML of that name."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mae": lambda output, target: (output - target).abs(),
    "mse": lambda output, target: (output - target).square(),
}


def loss_of(output: Tensor, target: Tensor, mask: Tensor | None, name: str, mask_weight: float) -> Tensor:
    """Return the mean over samples of ``(1 - w) mean(d) + w sum(m d) / sum(m)``, with d the pixels' distance.

    Each sample is normalised by its own mask, so the loss of a batch is the mean of the losses of its parts: two
    processes with half the batch each see the same gradient as one with the whole.

    Args:
        output: (N, 3, H, W), the network's output in [0, 1] (an unbounded activation may leave it).
        target: (N, 3, H, W) in [0, 1].
        mask: (N, 1, H, W) in [0, 1], 1 where the face is; may be None where ``mask_weight`` is 0.
        name: a key of LOSSES.
        mask_weight: w in [0, 1]; 0 weighs the whole picture alike, 1 the face only.
    """
    distance = LOSSES[name](output, target)
    whole = distance.mean()
    if mask_weight == 0 or mask is None:
        return whole
    inside = (distance * mask).sum((1, 2, 3)) / (3 * mask.sum((1, 2, 3))).clamp(min=1e-6)
    return (1 - mask_weight) * whole + mask_weight * inside.mean()


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
