"""How well does one number, say a training loss, predict another, say the true swap error?

Rows of one run are no independent witnesses: the unit is the run, and all uncertainty comes from leaving out whole
runs. Which interval holds was found by simulation (docs/statistics.md).
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.studies.statistics.intervals import Interval, mean_interval

Row = tuple[float, float]
_FEWEST_RUNS = 4


@dataclass(frozen=True)
class RankCorrelation:
    """A Spearman correlation with its interval.

    Attributes:
        rho: in [-1, 1]; nan if one side is constant or fewer than two rows are left.
        interval: within [-1, 1]; the whole range where fewer than 4 runs say too little.
        runs: how many runs it rests on.
        rows: how many rows.
    """

    rho: float
    interval: Interval
    runs: int
    rows: int


def rank_correlation(runs: Mapping[Hashable, Iterable[Row]], confidence: float = 0.95) -> RankCorrelation:
    """Return Spearman's correlation over all rows of all runs, with an interval that treats the run as the unit.

    With one row per run, its last, this is how well the final loss ranks the runs. With all rows it also holds what
    training time does to both numbers at once, which makes it larger without making the loss a better guide; see
    ``rank_correlation_within`` for that part alone.

    The interval is Student's on Fisher's scale, artanh ρ ± t(R - 1) · se, with the delete-one-run jackknife for se
    (Efron and Stein, Annals of Statistics 9, 1981). Perfect order gives no jackknife spread; se is then at least that
    of R independent rows, √((1 + ρ²/2) / (R - 3)) (Bonett and Wright, Psychometrika 65, 2000).

    Args:
        runs: rows (predictor, outcome) by run. To treat runs that share a seed as one witness, use the seed as key.
        confidence: between 0 and 1.
    """
    clusters = _finite(runs)
    rows = sum(map(len, clusters))
    rho = _spearman(np.concatenate(clusters)) if clusters else float("nan")
    interval = _jackknife_interval(clusters, rho, confidence)
    return RankCorrelation(rho, interval, len(clusters), rows)


def rank_correlation_within(
    runs: Mapping[Hashable, Iterable[Row]],
    confidence: float = 0.95,
    witnesses: Mapping[Hashable, Hashable] | None = None,
) -> RankCorrelation:
    """Return the mean of the runs' own Spearman correlations: how well the predictor orders one run's moments.

    The interval is Student's for the mean over witnesses, cut at ±1; of fewer than 4 it is the whole range. Runs of
    fewer than 3 rows or with a constant column have no order to speak of and do not take part; ``runs`` says how many
    did.

    Args:
        runs: rows (predictor, outcome) by run.
        confidence: between 0 and 1.
        witnesses: run → its seed, where runs of one seed share their luck: their mean is one witness then. None: each
            run is one.
    """
    own: dict[Hashable, list[float]] = {}
    rows = 0
    for run, own_rows in runs.items():
        clusters = _finite({run: own_rows})
        rho = _spearman(clusters[0]) if clusters and len(clusters[0]) >= 3 else float("nan")
        if np.isfinite(rho):
            rows += len(clusters[0])
            own.setdefault(witnesses[run] if witnesses else run, []).append(rho)
    means = np.array([np.mean(found) for found in own.values()])
    low, high = mean_interval(means, confidence) if len(means) >= _FEWEST_RUNS else (-1.0, 1.0)
    mean = float(means.mean()) if own else float("nan")
    count = sum(map(len, own.values()))
    return RankCorrelation(mean, Interval(max(low, -1.0), min(high, 1.0)), count, rows)


def _finite(runs: Mapping[Hashable, Iterable[Row]]) -> list[NDArray[np.float64]]:
    """Return each run's finite rows (k, 2), without empty runs."""
    every = [np.array(list(rows), dtype=np.float64).reshape(-1, 2) for rows in runs.values()]
    kept = [rows[np.isfinite(rows).all(axis=1)] for rows in every]
    return [rows for rows in kept if len(rows)]


def _spearman(rows: NDArray[np.float64]) -> float:
    """Return Spearman's correlation of the two columns, nan if one of them is constant."""
    from scipy.stats import spearmanr  # imported here: scipy.stats takes a second

    if len(rows) < 2 or (rows == rows[0]).all(axis=0).any():
        return float("nan")
    return float(spearmanr(rows[:, 0], rows[:, 1]).statistic)


def _jackknife_interval(clusters: list[NDArray[np.float64]], rho: float, confidence: float) -> Interval:
    from scipy.special import stdtrit

    count = len(clusters)
    if count < _FEWEST_RUNS or not np.isfinite(rho):
        return Interval(-1.0, 1.0)
    others = [_spearman(np.concatenate(clusters[:left] + clusters[left + 1 :])) for left in range(count)]
    scores = _fisher(np.array(others), sum(map(len, clusters)))
    if not np.isfinite(scores).all():  # without one run a column is constant: everything hangs on that run
        return Interval(-1.0, 1.0)
    error = np.sqrt((count - 1) / count * ((scores - scores.mean()) ** 2).sum())
    if abs(rho) > 1 - 1e-12:
        error = max(error, np.sqrt(1.5 / (count - 3)))
    centre = _fisher(np.array(rho), sum(map(len, clusters)))
    half = stdtrit(count - 1, (1 + confidence) / 2) * error
    return Interval(float(min(np.tanh(centre - half), rho)), float(max(np.tanh(centre + half), rho)))


def _fisher(rho: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Return artanh ρ, with ±1 pulled in by half a step between attainable values, 12 / (n (n² - 1))."""
    most = 1 - 6 / (rows * (rows**2 - 1))
    return np.arctanh(np.clip(rho, -most, most))


_FEWEST_SEEDS = 3  # of an arm, to have an order


def rank_correlation_within_arms(arms: Mapping[str, Mapping[int, Row]], confidence: float = 0.95) -> RankCorrelation:
    """Return Spearman's correlation within arms, averaged over them, with an interval that leaves out whole seeds.

    Ranks are taken within each arm, as shares in (0, 1), and pooled: with equal numbers of seeds and without ties the
    pooled correlation is the mean of the arms' own.

    Args:
        arms: arm → seed → (predictor, outcome). Rows that are not finite, and all rows of an arm with fewer than 3
            finite ones, are left out.
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


MOST_ARRANGED = 9  # pairs: so many have 362,880 arrangements
_TRIED = 100_000  # arrangements of more


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float]:
    """Return Spearman's correlation of n independent pairs of numbers, and its two-sided p.

    Of up to 9 pairs p is exact, from all arrangements of one side; of more it is (b + 1) / (m + 1) of m = 100,000 fixed
    random ones. Student's t, which is usual, is too small far out: of 40 correlations of 8 pairs 9 % of families would
    have a false one, of 12 pairs 7 % and of 16 pairs 6 %, in place of 5 %.

    Args:
        first: (n,) numbers, not all equal.
        second: likewise.
    """
    from scipy.stats import rankdata, spearmanr  # imported here: scipy.stats takes a second

    one, other = (rank - rank.mean() for rank in (rankdata(first), rankdata(second)))
    arrangements, beyond = _arrangements(len(one)), int(len(one) > MOST_ARRANGED)
    as_far = int((np.abs(one[arrangements] @ other) >= abs(one @ other) * (1 - 1e-9)).sum())
    return float(spearmanr(first, second).statistic), (as_far + beyond) / (len(arrangements) + beyond)


@cache
def _arrangements(count: int) -> NDArray[np.int16]:
    """Return all arrangements of so many, or as many random ones as are tried of more."""
    if count <= MOST_ARRANGED:
        return np.array(list(permutations(range(count))), np.int16)
    every = np.broadcast_to(np.arange(count, dtype=np.int16), (_TRIED, count))
    return np.random.default_rng(0).permuted(every, axis=1)
