"""How far a picture is from its truth, looked at in several ways.

Every function takes outputs and truths of shape (N, 3, r, r), float32 in [0, 1], and masks of shape (N, 1, r, r) in
[0, 1] that weigh the pixels (1 where the face is). Each returns one number per picture, shape (N,), so that callers
may average, pair or rank them. An empty mask gives NaN: there is nothing to judge.

Why several: plain MAE mostly measures global brightness; SSIM and the fitted MAE see through it, and retrieval asks
whether the picture shows the right *state* rather than a good average face.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad
from torchmetrics.functional.image import structural_similarity_index_measure

_FLAT = 1e-6  # variance below which a picture counts as constant; one grey level of 255 is 1.5e-5


def mae(output: Tensor, truth: Tensor) -> Tensor:
    """Return the mean absolute error over the whole picture: mean |o - t|.

    Returns:
        (N,) float32 in [0, 1], 0 is best.
    """
    return (output - truth).abs().flatten(1).mean(1)


def masked_mae(output: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return the mean absolute error under the mask: sum m |o - t| / (3 sum m).

    Returns:
        (N,) float32 in [0, 1], 0 is best.
    """
    return _masked_mean((output - truth).abs(), mask).mean(1)


def masked_ssim(output: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return the structural similarity averaged under the mask: sum m SSIM(o, t) / (3 sum m).

    SSIM(o, t) = (2 mo mt + c1) (2 sot + c2) / ((mo^2 + mt^2 + c1) (so^2 + st^2 + c2)) at every pixel and channel, from
    means, variances and the covariance under an 11 x 11 Gaussian window of standard deviation 1.5 px; c1 = 0.01^2,
    c2 = 0.03^2. Source: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE TIP 2004; computed by torchmetrics, whose map has the size of the picture because it
    continues the picture beyond its border by reflection. The window looks up to 5 px past the mask's edge.

    Returns:
        (N,) float32 in [-1, 1], 1 is best.
    """
    output, truth = (x.contiguous(memory_format=torch.channels_last) for x in (output, truth))  # 4x faster on a CPU
    _, similarity = structural_similarity_index_measure(
        output, truth, sigma=1.5, data_range=1.0, reduction="none", return_full_image=True
    )
    return _masked_mean(similarity, mask).mean(1)


def fitted_mae(output: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return the masked MAE after the best gain and offset per channel: sum m |g o + b - t| / (3 sum m).

    g >= 0 and b minimise sum m (g o + b - t)^2 for each picture and channel, in closed form: g = max(cov(o, t), 0) /
    var(o) and b = mean(t) - g mean(o), all under the mask. So a swap is not blamed for a tint or a dull contrast, only
    for what it draws. The gain is kept from going negative because a negative is no likeness. A constant output gets
    g = 0, which leaves the truth's own mean absolute deviation.

    Returns:
        (N,) float32, 0 is best.
    """
    mean_o, mean_t = (_masked_mean(x, mask)[..., None, None] for x in (output, truth))
    o, t = output - mean_o, truth - mean_t
    variance, covariance = _masked_mean(o * o, mask), _masked_mean(o * t, mask)
    gain = torch.where(variance > _FLAT, covariance.clamp(min=0) / variance.clamp(min=_FLAT), covariance * 0)
    return _masked_mean((gain[..., None, None] * o - t).abs(), mask).mean(1)


def recall_at_k(output: Tensor, truth: Tensor, mask: Tensor, k: int = 5) -> Tensor:
    """Return for each output whether its true twin is among the k nearest of all truths.

    The distance of output i to truth j is 1 - the mean over the channels of their correlation under truth j's mask: it
    does not see brightness, contrast or tint. Ties count against the output, so a constant picture finds nothing.
    By chance an output succeeds with probability k / N: choose N >> k.

    Args:
        output: (N, 3, r, r).
        truth: (N, 3, r, r); the twin of output i is truth i.
        mask: (N, 1, r, r), the truths' masks.
        k: how many nearest truths count, >= 1.

    Returns:
        (N,) float32, 1 for a hit and 0 for a miss; the mean is "R@k".
    """
    likeness = _likeness(output, truth, mask)
    own = likeness.diagonal()[:, None]
    rivals = (likeness >= own).sum(1) - 1
    return ((rivals < k) & torch.isfinite(own[:, 0])).float()


def sharpness(output: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return how much fine detail there is under the mask, against the truth's own: rms(D o) / rms(D t).

    D x is x, averaged over the channels, minus its mean over the 3 x 3 pixels around each: what the finest octave of
    the picture holds. Noise is detail too.

    Returns:
        (N,) float32 >= 0: 1 is as sharp as the truth, less is blurred, more is noisy.
    """
    drawn, true = (detail(x, mask) for x in (output, truth))
    return (drawn / true.clamp(min=_FLAT)).sqrt()


def detail(pictures: Tensor, mask: Tensor) -> Tensor:
    """Return the mean square of the finest detail D x under the mask, (N,); see ``sharpness``."""
    grey = pictures.mean(1, keepdim=True)
    finest = grey - avg_pool2d(pad(grey, (1, 1, 1, 1), mode="reflect"), 3, stride=1)  # reflected at the border
    return _masked_mean(finest**2, mask)[:, 0]


def mean_colour(pictures: Tensor, mask: Tensor) -> Tensor:
    """Return the mean colour under the mask: (N, 3), RGB in [0, 1]."""
    return _masked_mean(pictures, mask)


def _likeness(output: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return (N, N): the mean over channels of the correlation of output i with truth j under mask j."""
    weight = mask.flatten(1).double()
    weight = weight / weight.sum(1, keepdim=True)  # (N, P); in float64, else a flat picture seems to have some variance
    likeness = torch.zeros(len(output), len(truth), dtype=torch.float64, device=output.device)
    for channel, true_channel in zip(output.flatten(2).unbind(1), truth.flatten(2).unbind(1), strict=True):
        o, t = channel.double(), true_channel.double()  # one channel at a time: it is twice the memory
        t = t - (weight * t).sum(1, keepdim=True)
        spread = (weight * t * t).sum(1).expand_as(likeness)  # of truth j under its own mask
        variance = (o * o) @ weight.T - (o @ weight.T) ** 2  # of output i under mask j
        correlation = o @ (weight * t).T / (variance * spread).clamp(min=_FLAT**2).sqrt()
        likeness += torch.where((variance > _FLAT) & (spread > _FLAT), correlation, 0 * correlation)
    return likeness / output.shape[1]


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Average (N, C, r, r) values under (N, 1, r, r) weights: (N, C)."""
    return (values * mask).sum((2, 3)) / mask.sum((2, 3))
