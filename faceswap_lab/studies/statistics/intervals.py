"""The interval of a mean difference: Student's t, kept because its coverage held (the table: docs/statistics.md)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Interval(NamedTuple):
    """A confidence interval; infinite ends where nothing can be said."""

    low: float
    high: float

    def inside(self, margin: float) -> bool:
        """Whether the whole interval lies strictly between -margin and +margin."""
        return -margin < self.low and self.high < margin

    def excludes_zero(self) -> bool:
        """Whether the interval lies wholly on one side of zero."""
        return self.low > 0 or self.high < 0


def mean_interval(differences: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return Student's interval for the mean of paired differences (n,).

    Raises:
        ValueError: the values are not one row, or ``confidence`` is not between 0 and 1.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"an interval is for one row of differences, shape (n,); got shape {values.shape}")
    low, high = mean_bounds(values, confidence)
    return Interval(float(low), float(high))


def prediction_interval(differences: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return where one further value should fall: mean ± t(n - 1) · sd · √(1 + 1/n), for values (n,) that are normal.

    It is about the next value and not about the mean, so more values make it surer and not much shorter. Fewer than
    two values say nothing about their spread: the ends are infinite then.
    """
    values = np.asarray(differences, dtype=np.float64)
    low, high = mean_interval(values, confidence)
    if len(values) < 2:
        return Interval(low, high)
    mean, longer = float(values.mean()), float(np.sqrt(len(values) + 1))
    return Interval(mean - longer * (mean - low), mean + longer * (high - mean))


def mean_bounds(differences: ArrayLike, confidence: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of Student's interval for the means along the last axis.

    mean ± t(n - 1) · sd / √n. Fewer than two values say nothing about their spread: the ends are infinite then.

    Args:
        differences: (..., n) paired differences, in the metric's unit.
        confidence: the probability with which the interval should hold the truth, between 0 and 1.

    Returns:
        Low and high ends, each of shape (...).

    Raises:
        ValueError: ``confidence`` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence}: must lie between 0 and 1, for example 0.95")
    values = np.asarray(differences, dtype=np.float64)
    n = values.shape[-1]
    if n < 2:
        return np.full(values.shape[:-1], -np.inf), np.full(values.shape[:-1], np.inf)
    half = half_width(values.var(axis=-1, ddof=1) / n, n - 1, confidence)
    mean = values.mean(axis=-1)
    return mean - half, mean + half


def half_width(variance: ArrayLike, degrees: float, confidence: float) -> NDArray[np.float64]:
    """Return half of Student's interval around a mean of this variance: t · √variance, of the shape of ``variance``."""
    from scipy.special import stdtrit  # the quantile of Student's t; scipy.stats would cost a second more to import

    return np.asarray(stdtrit(degrees, (1 + confidence) / 2) * np.sqrt(variance), np.float64)
