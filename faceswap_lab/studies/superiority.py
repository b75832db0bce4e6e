"""How often does the arm beat the baseline? A question whose answer needs no unit."""

import numpy as np
from numpy.typing import ArrayLike

from faceswap_lab.studies.intervals import Interval


def probability_better(
    differences: ArrayLike, *, higher_is_better: bool, confidence: float = 0.95
) -> tuple[float, Interval]:
    """Return the share of seeds in which the arm is better than the baseline, ties as half, with its interval.

    The interval is Clopper and Pearson's (Biometrika 26, 1934) with the beta function in place of binomial sums, so
    that half successes are allowed: its coverage is never below the confidence, also for few seeds.

    Args:
        differences: (n,) arm minus baseline, seed by seed.
        higher_is_better: the metric's direction.
        confidence: of the interval, between 0 and 1.

    Returns:
        The share in [0, 1] (nan without a seed) and its interval within [0, 1].
    """
    from scipy.special import betaincinv  # imported here to keep the room's import cheap

    signed = np.asarray(differences, dtype=np.float64) * (1 if higher_is_better else -1)
    n = len(signed)
    if n == 0:
        return float("nan"), Interval(0.0, 1.0)
    wins = float((signed > 0).sum() + (signed == 0).sum() / 2)
    tail = (1 - confidence) / 2
    low = 0.0 if wins == 0 else float(betaincinv(wins, n - wins + 1, tail))
    high = 1.0 if wins == n else float(betaincinv(wins + 1, n - wins, 1 - tail))
    return wins / n, Interval(low, high)
