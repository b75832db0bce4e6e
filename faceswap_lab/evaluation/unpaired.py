"""What can be measured of a swap without its truth and without a network's opinion: the way back, sharpness, spread."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from faceswap_lab.data.faces import Side
from faceswap_lab.evaluation import metrics
from faceswap_lab.evaluation.scores import Swapper, swaps


def cycle_error(
    model: Swapper, images: Tensor, masks: Tensor, source: Side, target: Side, path: str | None = None
) -> Tensor:
    """Return how far faces come back from the way A→B→A: the mean absolute error under the mask, (N,) in [0, 1].

    A copy comes back perfectly, so a small one is no proof of a swap (Zhu et al., "Unpaired image-to-image translation
    using cycle-consistent adversarial networks", ICCV 2017, use it as a loss).

    Args:
        model: see ``scores.evaluate``.
        images: (N, 3, r, r) faces of the source in [0, 1].
        masks: (N, 1, r, r), 1 where the face is.
        source: whose they are.
        target: who they become in between.
        path: which way through the network; None: the primary one.
    """
    there = swaps(model, images, source, target, path)
    return metrics.masked_mae(swaps(model, there, target, source, path), images, masks)


def own_sharpness(drawn: Tensor, drawn_masks: Tensor, faces: Tensor, masks: Tensor) -> float:
    """Return the rms of the finest detail in swaps by that in the target's own faces, both under their masks.

    1 is as sharp as the target's pictures, less is blurred, more is noise. The pictures need not be equally many; see
    ``metrics.detail``.
    """
    swapped, own = (metrics.detail(*of).double().mean() for of in ((drawn, drawn_masks), (faces, masks)))
    return float((swapped / own.clamp(min=1e-12)).sqrt())


def frechet_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the squared Fréchet distance between normal distributions of the means and covariances of two samples.

    |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2)) (Dowson and Landau, J. Multivariate Analysis 12, 1982). The last
    trace is the sum of the singular values of X1 X2ᵀ / √((n1 - 1)(n2 - 1)) with centred samples X, also where there are
    fewer samples than dimensions. Of embeddings of faces it is no FID, whose network and size are others; it is too
    large for few samples, so compare it only between equally many.

    Args:
        one: (n1, D), n1 >= 2.
        other: (n2, D), n2 >= 2.

    Returns:
        >= 0; 0 where means and covariances are equal.
    """
    apart = float(((one.mean(0) - other.mean(0)) ** 2).sum())
    scaled = [(x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (one, other)]
    spreads = sum(float((x**2).sum()) for x in scaled)
    shared = float(np.linalg.svd(scaled[0] @ scaled[1].T, compute_uv=False).sum())
    return max(apart + spreads - 2 * shared, 0.0)
