"""The interval methods that scripts/coverage.py puts to the test, for many samples at once.

Every method takes the paired differences as an array (S, n), S simulated studies of n seeds, and returns the low and
the high end of the interval for their mean, each (S,). Infinite ends say that no finite interval of that confidence
exists for so few seeds.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from faceswap_lab.studies.statistics.intervals import mean_bounds

Array = NDArray[np.float64]
Bounds = tuple[Array, Array]
Method = Callable[[Array, float, np.random.Generator], Bounds]

_RESAMPLES = 1_999
_MOST_SUBSETS = 4_095


def student_t(samples: Array, confidence: float, _: np.random.Generator) -> Bounds:
    return mean_bounds(samples, confidence)


def percentile_bootstrap(samples: Array, confidence: float, rng: np.random.Generator) -> Bounds:
    """Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13."""
    means, _ = _resampled(samples, rng)
    low, high = np.quantile(means, _tails(confidence), axis=1)
    return low, high


def bca_bootstrap(samples: Array, confidence: float, rng: np.random.Generator) -> Bounds:
    """Bias-corrected and accelerated: Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987)."""
    means, _ = _resampled(samples, rng)
    means.sort(axis=1)
    centre = samples.mean(axis=1, keepdims=True)
    below = (means < centre).mean(axis=1) + (means == centre).mean(axis=1) / 2
    bias = special.ndtri(np.clip(below, 1 / (2 * _RESAMPLES), 1 - 1 / (2 * _RESAMPLES)))
    deviations = samples - centre  # the jackknife of a mean, up to a factor that cancels
    acceleration = (deviations**3).sum(axis=1) / (6 * (deviations**2).sum(axis=1) ** 1.5)
    ends = []
    for tail in _tails(confidence):
        z = bias + special.ndtri(tail)
        level = special.ndtr(bias + z / (1 - acceleration * z))
        row = np.clip((level * _RESAMPLES).astype(int), 0, _RESAMPLES - 1)
        ends.append(means[np.arange(len(means)), row])
    return ends[0], ends[1]


def studentised_bootstrap(samples: Array, confidence: float, rng: np.random.Generator) -> Bounds:
    """Bootstrap-t: Hall, The Bootstrap and Edgeworth Expansion (1992). A resample without spread counts as infinite."""
    n = samples.shape[1]
    means, sds = _resampled(samples, rng)
    centre, sd = samples.mean(axis=1), samples.std(axis=1, ddof=1)
    shift = means - centre[:, None]
    tiny = sds <= 1e-9 * sd[:, None]
    pivots = np.where(tiny, np.copysign(np.inf, shift), shift / np.where(tiny, 1, sds / np.sqrt(n)))
    low, high = np.quantile(pivots, _tails(confidence), axis=1, method="inverted_cdf")
    return centre - high * sd / np.sqrt(n), centre - low * sd / np.sqrt(n)


def sign_flip_inversion(samples: Array, confidence: float, rng: np.random.Generator) -> Bounds:
    """All means that the two-sided sign-flip test does not reject.

    Flipping the seeds of a subset makes the statistic at least as large as observed exactly when the subset's mean is
    at most the tested value; so the ends are order statistics of the subset means (Hartigan, "Using Subsample Values
    as Typical Values", JASA 64, 1969). Random subsets beyond 12 seeds.
    """
    n = samples.shape[1]
    every = (np.arange(1, 2**n)[:, None] >> np.arange(n)) & 1 if n <= 12 else None
    subsets = every if every is not None else rng.integers(0, 2, (_MOST_SUBSETS, n))
    subsets = subsets[subsets.any(axis=1)].astype(float)
    return _order_statistics((samples @ subsets.T) / subsets.sum(axis=1), (1 - confidence) / 2)


def hodges_lehmann(samples: Array, confidence: float, _: np.random.Generator) -> Bounds:
    """Inversion of Wilcoxon's signed-rank test: order statistics of the n(n+1)/2 Walsh averages."""
    n = samples.shape[1]
    first, second = np.triu_indices(n)
    walsh = np.sort((samples[:, first] + samples[:, second]) / 2, axis=1)
    counts = np.array([1.0])
    for rank in range(1, n + 1):  # the exact null distribution of the rank sum, one rank at a time
        counts = np.convolve(counts, np.r_[1, np.zeros(rank - 1), 1])
    cut = int(np.searchsorted(np.cumsum(counts) / 2**n, (1 - confidence) / 2, side="right"))
    return _ends(walsh, cut)


def _order_statistics(typical: Array, tail: float) -> Bounds:
    """The ends between which the truth lies with probability 1 - 2 tail, of M typical values that cut it in M + 1."""
    typical.sort(axis=1)
    return _ends(typical, int(np.floor(tail * (typical.shape[1] + 1) + 1e-9)))


def _ends(ordered: Array, cut: int) -> Bounds:
    if cut == 0:
        return np.full(len(ordered), -np.inf), np.full(len(ordered), np.inf)
    return ordered[:, cut - 1], ordered[:, -cut]


def _resampled(samples: Array, rng: np.random.Generator) -> Bounds:
    """Means and standard deviations of bootstrap resamples, each (S, B); as one matrix product, with weights n_i."""
    n = samples.shape[1]
    weights = rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES).T / n
    centre = samples.mean(axis=1, keepdims=True)
    means = (samples - centre) @ weights
    squares = (samples - centre) ** 2 @ weights
    return means + centre, np.sqrt(np.maximum(squares - means**2, 0) * n / (n - 1))


def _tails(confidence: float) -> tuple[float, float]:
    return (1 - confidence) / 2, (1 + confidence) / 2


METHODS: dict[str, Method] = {
    "Student t": student_t,
    "percentile bootstrap": percentile_bootstrap,
    "BCa bootstrap": bca_bootstrap,
    "studentised bootstrap": studentised_bootstrap,
    "sign-flip inversion": sign_flip_inversion,
    "Wilcoxon / Hodges-Lehmann": hodges_lehmann,
}
