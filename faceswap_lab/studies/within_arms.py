"""How well one number ranks another among the runs of one arm, where only the seed differs.

All arms share the luck of a seed, so the seed is the witness: arms counted as witnesses would make the interval far too
short (the table: docs/statistics.md).
"""

from collections.abc import Hashable, Mapping

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.studies.rank_correlation import RankCorrelation, Row, rank_correlation

_FEWEST_SEEDS = 3  # of an arm, to have an order


def rank_correlation_within_arms(arms: Mapping[str, Mapping[int, Row]], confidence: float = 0.95) -> RankCorrelation:
    """Return Spearman's correlation within arms, averaged over them, with an interval that leaves out whole seeds.

    Ranks are taken within each arm, as shares in (0, 1), and pooled: with equal numbers of seeds and without ties the
    pooled correlation is the mean of the arms' own.

    Args:
        arms: arm → seed → (predictor, outcome). Rows that are not finite, and all rows of an arm with fewer than 3
            finite ones, are counted in ``left_out``.
        confidence: between 0 and 1.
    """
    pooled: dict[Hashable, list[Row]] = {}
    for rows in arms.values():
        for seed, row in _as_shares(rows).items():
            pooled.setdefault(seed, []).append(row)
    return rank_correlation(pooled, confidence)


def _as_shares(rows: Mapping[int, Row]) -> dict[int, Row]:
    """Return an arm's rows with ranks in the place of values, nan where there is no rank."""
    values = np.array(list(rows.values()), dtype=np.float64).reshape(-1, 2)
    whole = np.isfinite(values).all(axis=1)
    shares = np.full_like(values, np.nan)
    if whole.sum() >= _FEWEST_SEEDS:
        shares[whole] = _shares(values[whole])
    return {seed: (float(first), float(second)) for seed, (first, second) in zip(rows, shares)}


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each column's ranks (n, 2), ties averaged, as shares of n: (rank - 1/2) / n."""
    from scipy.stats import rankdata  # imported here: scipy.stats takes a second

    return np.asarray((rankdata(values, axis=0) - 0.5) / len(values))
