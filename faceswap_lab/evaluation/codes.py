"""How alike two sides' codes are: nearest twins, centred kernel alignment, and a linear probe.

Every function takes codes (N, units) of side A and of side B, float64. With two encoders the two sets live in spaces
that nothing ties together: the numbers are still defined, and say how far apart training has left them.
"""

import torch
from torch import Tensor

FOLDS = 5
SHRINKAGE = 0.1  # of the probe's correlations towards 0: there are about as many codes as units


def twins_found(a: Tensor, b: Tensor) -> float | None:
    """Return the share of the codes ``a`` whose nearest code among ``b`` is that of the same row, its twin's.

    Distances are Euclidean, every unit divided by its pooled standard deviation inside the sides; a unit that varies by
    less than a millionth of its own size is constant but for rounding, and left out. Chance is 1/N; None for fewer than
    2 faces.
    """
    if len(a) < 2:
        return None
    variances = _variances(a, b)
    varied = variances > _rounding(a, b)
    a, b = (side[:, varied] / variances[varied].sqrt() for side in (a, b))
    distances = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
    return float((distances.argmin(1) == torch.arange(len(a))).double().mean())


def kernel_alignment(a: Tensor, b: Tensor) -> float | None:
    """Return the linear centred kernel alignment of twins' codes, debiased: 1 if equal up to rotation and one scale.

    HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) with K = a aᵀ, L = b bᵀ (Kornblith et al. 2019, arXiv 1905.00414), and
    Song et al.'s unbiased estimator of HSIC (JMLR 2012, eq. 5). The plain estimator tends to 1 for *unrelated* codes
    once there are no more faces than units, as here; this one is 0 on average. It is an inner product of U-centred
    matrices (Székely & Rizzo 2014), so it lies in [-1, 1]. None for fewer than 4 faces or if a side's codes are all
    the same.
    """
    if len(a) < 4:
        return None
    of_a, of_b = _u_centred(a), _u_centred(b)
    norm = float(of_a.norm() * of_b.norm())
    return float((of_a * of_b).sum()) / norm if norm > 0 else None


def probe_accuracy(a: Tensor, b: Tensor) -> float | None:
    """Return how often a linear probe tells a side-A code from a side-B code it has not seen: 0.5 = it cannot.

    Linear discriminant with equal priors, cross-validated in 5 folds; the mean of both sides' accuracies, an exact tie
    counting half. Twins are left out *together*: a probe that has seen the twin in the other class would call a code
    by the wrong side, and twins with equal codes would come out below chance. None for fewer than 3 faces on a side.
    """
    folds = min(FOLDS, len(a), len(b))
    if folds < 3:
        return None
    fold_a, fold_b = torch.arange(len(a)) % folds, torch.arange(len(b)) % folds
    right_a, right_b = [], []
    for fold in range(folds):
        direction, middle = _discriminant(a[fold_a != fold], b[fold_b != fold])
        right_a.append(_positive((a[fold_a == fold] - middle) @ direction))
        right_b.append(_positive((middle - b[fold_b == fold]) @ direction))
    return float((torch.cat(right_a).mean() + torch.cat(right_b).mean()) / 2)


def _variances(a: Tensor, b: Tensor) -> Tensor:
    """Return each unit's variance inside the sides, pooled: (units,)."""
    squares = (a - a.mean(0)).square().sum(0) + (b - b.mean(0)).square().sum(0)
    return squares / (len(a) + len(b) - 2)


def _rounding(a: Tensor, b: Tensor) -> Tensor:
    """Return the variance below which a unit is constant but for rounding: (units,)."""
    return 1e-12 * torch.cat([a, b]).square().mean(0)


def _u_centred(codes: Tensor) -> Tensor:
    """Return the codes' linear kernel (N, N), zero on the diagonal, off it with row, column and grand means removed."""
    n = len(codes)
    centred = codes - codes.mean(0)  # changes nothing but the rounding
    kernel = (centred @ centred.T).fill_diagonal_(0)
    rows = kernel.sum(0) / (n - 2)
    return (kernel - rows - rows[:, None] + kernel.sum() / ((n - 1) * (n - 2))).fill_diagonal_(0)


def _discriminant(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the direction w (units,) and the middle m (units,): (x - m) · w > 0 says A."""
    spread = torch.maximum(_variances(a, b), _rounding(a, b)).sqrt()  # a unit constant in each side may tell them apart
    spread[spread == 0] = 1
    inside = torch.cat([a - a.mean(0), b - b.mean(0)]) / spread
    correlations = inside.T @ inside / (len(inside) - 2)
    shrunk = (1 - SHRINKAGE) * correlations + SHRINKAGE * torch.eye(len(spread), dtype=a.dtype)
    difference = (a.mean(0) - b.mean(0)) / spread
    return torch.linalg.solve(shrunk, difference) / spread, (a.mean(0) + b.mean(0)) / 2


def _positive(scores: Tensor) -> Tensor:
    return (scores > 0).double() + (scores == 0).double() / 2
