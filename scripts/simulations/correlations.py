"""Which interval for a rank correlation holds, when rows come in runs?"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from simulations.tables import table

from faceswap_lab.studies.statistics.rank_correlation import rank_correlation

Array = NDArray[np.float64]
_RESAMPLES = 400


def runs(rng: np.random.Generator, count: int, rows: int, strength: float, trend: float) -> Array:
    """(count, rows, 2) predictor and outcome: a run's own level, noise from row to row, a common trend over time."""
    mixing = np.linalg.cholesky([[1, strength], [strength, 1]])
    level = rng.standard_normal((count, 1, 2)) @ mixing.T
    noise = 0.5 * rng.standard_normal((count, rows, 2)) @ mixing.T
    return level + noise - trend * np.linspace(0, 1, rows)[None, :, None]


def spearman(data: Array) -> Array:
    """(..., rows, 2) → (...)."""
    ranks = rankdata(data, axis=-2)
    ranks -= ranks.mean(axis=-2, keepdims=True)
    first, second = ranks[..., 0], ranks[..., 1]
    return (first * second).sum(axis=-1) / np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))


def jackknife(data: Array, _: np.random.Generator) -> tuple[float, float]:
    return rank_correlation({str(run): rows.tolist() for run, rows in enumerate(data)}).interval


def resampled_runs(data: Array, rng: np.random.Generator) -> tuple[float, float]:
    low, high = np.quantile(_bootstrap(data, rng), (0.025, 0.975))
    return float(low), float(high)


def resampled_rows(data: Array, rng: np.random.Generator) -> tuple[float, float]:
    return resampled_runs(data.reshape(-1, 1, 2), rng)


def fisher_rows(data: Array, _: np.random.Generator) -> tuple[float, float]:
    return _fisher(data, data.shape[0] * data.shape[1])


def fisher_runs(data: Array, _: np.random.Generator) -> tuple[float, float]:
    return _fisher(data, data.shape[0])


def _fisher(data: Array, count: int) -> tuple[float, float]:
    rho = float(spearman(data.reshape(-1, 2)))
    half = 1.96 * np.sqrt((1 + rho**2 / 2) / (count - 3))
    low, high = np.tanh(np.arctanh(rho * (1 - 1e-9)) + np.array([-half, half]))
    return float(low), float(high)


def _bootstrap(data: Array, rng: np.random.Generator) -> Array:
    chosen = rng.integers(0, len(data), (_RESAMPLES, len(data)))
    return spearman(data[chosen].reshape(_RESAMPLES, -1, 2))


METHODS: dict[str, Callable[[Array, np.random.Generator], tuple[float, float]]] = {
    "jackknife over runs, Fisher's scale, t": jackknife,
    "bootstrap of runs, percentile": resampled_runs,
    "bootstrap of rows, percentile": resampled_rows,
    "Fisher, rows counted": fisher_rows,
    "Fisher, runs counted": fisher_runs,
}


def report(studies: int) -> str:
    rows = []
    for count in (8, 16, 40):
        for per_run, trend in ((1, 0.0), (5, 1.5)):
            for strength in (0.0, 0.5, 0.9):
                many = runs(np.random.default_rng(7), 100_000, per_run, strength, trend)
                truth = float(spearman(many.reshape(-1, 2)))
                shares = _coverage(count, per_run, strength, trend, truth, studies)
                kind = "falling with time" if trend else "level"
                rows.append([count, per_run, kind, f"{round(truth, 2) + 0:.2f}", *shares])
    return table(["runs", "rows per run", "rows", "true ρ", *METHODS], rows)


def _coverage(count: int, per_run: int, strength: float, trend: float, truth: float, studies: int) -> list[str]:
    rng = np.random.default_rng(8)
    hits = dict.fromkeys(METHODS, 0)
    lengths: dict[str, list[float]] = {name: [] for name in METHODS}
    for _ in range(studies):
        data = runs(rng, count, per_run, strength, trend)
        for name, method in METHODS.items():
            low, high = method(data, rng)
            hits[name] += low <= truth <= high
            lengths[name].append(high - low)
    return [f"{100 * hits[name] / studies:.0f} ({np.median(lengths[name]):.2f})" for name in METHODS]
