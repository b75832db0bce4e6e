"""Two arms over training time: the paired difference of a metric at every step, with a band."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.studies.statistics.intervals import mean_bounds

Array = NDArray[np.float64]
_CURVES = 1_999  # simulated studies for the band's width
_AT_ONCE = 200
_FEWEST_FOR_A_COVARIANCE = 5  # with 3 seeds and 100 steps the simulated band held in 81 % instead of 95 %


@dataclass(frozen=True)
class CurveDifference:
    """Arm minus baseline over training steps, from n seeds.

    Attributes:
        seeds: the seeds that both have a curve for, ascending.
        steps: (K,) training steps at which every one of these curves has a finite value, ascending.
        difference: (K,) mean of the paired differences, in the metric's unit.
        low, high: (K,) pointwise Student interval: each step for itself. The truth leaves it somewhere far more often
            than the confidence says.
        band_low, band_high: (K,) simultaneous band: the whole true curve lies within it with the given confidence.
            Use it to say *when* two arms differ.
    """

    seeds: tuple[int, ...]
    steps: NDArray[np.int64]
    difference: Array
    low: Array
    high: Array
    band_low: Array
    band_high: Array


def curve_difference(
    baseline: Mapping[int, Mapping[int, float]],
    arm: Mapping[int, Mapping[int, float]],
    *,
    confidence: float = 0.95,
) -> CurveDifference:
    """Compare two arms over training time, paired by seed.

    The band is mean ± c · sd / √n at each step, c the quantile of the largest |t| over all steps. It is found by
    simulating studies of n normal curves with the observed covariance between steps, so close steps cost little
    (a parametric bootstrap of the supremum; Degras, Statistica Sinica 21, 2011, for the idea). A fixed seed makes the
    same band every time. Fewer than 5 seeds do not tell a covariance: c is Bonferroni's then, and the band very wide.
    docs/statistics.md shows how often it holds.

    Args:
        baseline: seed → training step → value, finite.
        arm: the same for the arm.
        confidence: of interval and band, between 0 and 1.

    Raises:
        ValueError: ``confidence`` is not between 0 and 1.
    """
    seeds = tuple(sorted(seed for seed in baseline.keys() & arm.keys() if baseline[seed] and arm[seed]))
    curves = [of[seed] for seed in seeds for of in (baseline, arm)]
    steps = sorted(set.intersection(*map(set, curves))) if curves else []
    differences = np.array([[arm[seed][step] - baseline[seed][step] for step in steps] for seed in seeds])
    differences = differences.reshape(len(seeds), len(steps))

    low, high = mean_bounds(differences.T, confidence)
    mean = differences.mean(axis=0) if seeds else np.empty(0)
    half = _half_band(differences, confidence)
    return CurveDifference(
        seeds=seeds,
        steps=np.array(steps, dtype=np.int64),
        difference=mean,
        low=low,
        high=high,
        band_low=mean - half,
        band_high=mean + half,
    )


def _half_band(differences: Array, confidence: float) -> Array:
    """Return half the band's width (K,) for paired differences (n, K)."""
    n, width = differences.shape
    if n < 2 or width == 0:
        return np.full(width, np.inf)
    sd = differences.std(axis=0, ddof=1)
    moving = sd > 0  # steps at which all seeds agree exactly have no t
    if not moving.any():
        return np.zeros(width)
    residuals = (differences - differences.mean(axis=0))[:, moving] / sd[moving]
    return _critical_t(residuals, confidence) * sd / np.sqrt(n)


def _critical_t(residuals: Array, confidence: float) -> float:
    """Return how many standard errors the band reaches to each side, from residuals (n, K) over their own sd."""
    from scipy.special import stdtrit  # imported here to keep the room's import cheap

    n, width = residuals.shape
    if n < _FEWEST_FOR_A_COVARIANCE:
        return float(stdtrit(n - 1, 1 - (1 - confidence) / (2 * width)))
    return float(np.quantile(_largest_t(residuals), confidence))


def _largest_t(residuals: Array) -> Array:
    """Return the largest |t| over steps in each of many studies of n normal curves with the residuals' covariance."""
    rng = np.random.default_rng(0)
    n = len(residuals)
    largest = []
    for start in range(0, _CURVES, _AT_ONCE):  # in portions: long curves of many seeds would fill the memory
        weights = rng.standard_normal((min(_AT_ONCE, _CURVES - start), n, n))
        studies = weights @ residuals
        t = studies.mean(axis=1) / (studies.std(axis=1, ddof=1) / np.sqrt(n))
        largest.append(np.abs(t).max(axis=1))
    return np.concatenate(largest)
