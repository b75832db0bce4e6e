"""The sign-flip permutation test of paired differences, the fewest seeds it needs, and Holm's correction for many arms.

If arm and baseline are the same, each seed's difference could as well have had the other sign. So all 2ⁿ choices of
signs are equally likely, whatever the shape of the noise (Fisher, The Design of Experiments, 1935, section 21).
"""

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MOST_ENUMERATED = 16  # pairs: so many have 65,536 choices of signs
_RESAMPLES = 20_000  # choices of signs of more pairs
_DIGITS = 12  # sums that differ by less, in units of the largest difference, differ by rounding only: they are ties
_AT_ONCE = 2**21  # numbers held in memory while the signs are tried


def sign_flip_p(differences: ArrayLike) -> NDArray[np.float64]:
    """Return the two-sided p-value of "no difference", from the mean along the last axis.

    Exact up to n = 16: the share of all choices of signs whose sum is as far from 0. Beyond, Monte Carlo with a fixed
    seed: (b + 1) / (m + 1) of m = 20,000 random choices (Phipson and Smyth, "Permutation P-values Should Never Be
    Zero", 2010).

    Args:
        differences: (..., n) finite paired differences.

    Returns:
        p-values in (0, 1], shape (...): 1 where n is 0 or 1, because nothing could be seen then.
    """
    values = np.asarray(differences, dtype=np.float64)
    pairs = values.shape[-1]
    if pairs < 2:
        return np.ones(values.shape[:-1])
    signs, beyond = _signs(pairs), int(pairs > _MOST_ENUMERATED)
    rows = _in_units_of_the_largest(values).reshape(-1, pairs)
    size = max(1, _AT_ONCE // len(signs))
    as_far = [_as_far(rows[first : first + size], signs) for first in range(0, len(rows), size)]
    shares = (np.concatenate(as_far) + beyond) / (len(signs) + beyond)
    return np.asarray(shares.reshape(values.shape[:-1]))


def _as_far(rows: NDArray[np.float64], signs: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count, for each row, the choices of signs whose sum is as far from 0 as that of the row as it is."""
    found = np.abs(rows.sum(axis=1).round(_DIGITS))
    return np.asarray((np.abs((rows @ signs.T).round(_DIGITS)) >= found[:, None]).sum(axis=1))


@cache
def _signs(pairs: int) -> NDArray[np.float64]:
    """Return all choices of signs of so many pairs, (2ⁿ, n) of ±1, or as many random ones as are tried."""
    if pairs <= _MOST_ENUMERATED:
        bits = (np.arange(2**pairs)[:, None] >> np.arange(pairs)) & 1
    else:
        bits = np.random.default_rng(0).integers(0, 2, (_RESAMPLES, pairs))
    return (1 - 2 * bits).astype(np.float64)


def smallest_p(seeds: int) -> float:
    """Return the smallest two-sided p that ``seeds`` pairs can reach: 2 / 2ⁿ, when all differences point one way."""
    return min(1.0, 2.0 ** (1 - seeds))


def fewest_seeds(alpha: float = 0.05, arms: int = 1) -> int:
    """Return the fewest pairs with which any of ``arms`` arms can reach ``alpha`` after Holm's correction.

    Holm multiplies the smallest p by the number of arms, so 2 · arms / 2ⁿ must not exceed ``alpha``: 6 seeds for one
    arm, 8 for five, 9 for twelve.
    """
    return math.ceil(math.log2(2 * arms / alpha) - 1e-12)


def _in_units_of_the_largest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale each row by a power of two, which is exact, so that one tolerance for ties fits every unit."""
    _, exponent = np.frexp(np.abs(values).max(axis=-1, keepdims=True))
    return np.ldexp(values, -exponent)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return Holm's adjusted p-values: reject where they are at most α, and P(any false rejection) ≤ α.

    The i-th smallest of m (from 0) is multiplied by m - i, then made monotone and at most 1. Holds for any dependence,
    and arms that share their baseline are dependent. Holm, Scandinavian Journal of Statistics 6 (1979).

    Args:
        p_values: (m,) one p-value per arm of the study.

    Raises:
        ValueError: a value is not a probability.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p_values={p.tolist()}: must be one row of probabilities in [0, 1]")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
