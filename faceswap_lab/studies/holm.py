"""Holm's correction: many arms are compared, and the chance of a single false claim should still be small."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
