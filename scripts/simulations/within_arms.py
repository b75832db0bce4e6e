"""Which interval holds for a rank correlation within arms, when all arms share the luck of a seed?"""

import numpy as np
from numpy.typing import NDArray
from simulations.correlations import spearman
from simulations.tables import table

from faceswap_lab.studies.statistics.rank_correlation import (
    RankCorrelation,
    rank_correlation_within,
    rank_correlation_within_arms,
)

Array = NDArray[np.float64]


def study(rng: np.random.Generator, arms: int, seeds: int, strength: float, shared: float) -> Array:
    """(arms, seeds, 2) predictor and outcome: an arm's level, a seed's luck that arms share, and luck of their own."""
    mixing = np.linalg.cholesky([[1, strength], [strength, 1]])
    luck = rng.standard_normal((1, seeds, 2)) @ mixing.T
    own = rng.standard_normal((arms, seeds, 2)) @ mixing.T
    level = 5 * rng.standard_normal((arms, 1, 2))
    return level + np.sqrt(shared) * luck + np.sqrt(1 - shared) * own


def seed_as_witness(data: Array) -> RankCorrelation:
    return rank_correlation_within_arms({str(arm): dict(enumerate(rows.tolist())) for arm, rows in enumerate(data)})


def arm_as_witness(data: Array) -> RankCorrelation:
    return rank_correlation_within({str(arm): rows.tolist() for arm, rows in enumerate(data)})


METHODS = {"jackknife over seeds": seed_as_witness, "Student over arms": arm_as_witness}


def report(studies: int) -> str:
    rows = []
    for arms, seeds in ((2, 8), (6, 8), (10, 9)):
        for shared in (0.0, 0.7):
            for strength in (0.0, 0.6):
                truth = _mean_within(seeds, strength)
                shares = _coverage(arms, seeds, strength, shared, truth, studies)
                rows.append([arms, seeds, f"{100 * shared:.0f} %", f"{round(truth, 2) + 0:.2f}", *shares])
    return table(["arms", "seeds", "luck shared by all arms", "mean ρ of an arm", *METHODS], rows)


def _mean_within(seeds: int, strength: float) -> float:
    """Return the expected correlation within an arm of so many seeds: few seeds pull it towards zero."""
    many = study(np.random.default_rng(7), 100_000, seeds, strength, 0.0)
    return float(spearman(many).mean())


def _coverage(arms: int, seeds: int, strength: float, shared: float, truth: float, studies: int) -> list[str]:
    rng = np.random.default_rng(8)
    found = [study(rng, arms, seeds, strength, shared) for _ in range(studies)]
    cells = []
    for method in METHODS.values():
        bounds = np.array([method(data).interval for data in found])
        hits = ((bounds[:, 0] <= truth) & (truth <= bounds[:, 1])).mean()
        cells.append(f"{100 * hits:.0f} ({np.median(bounds[:, 1] - bounds[:, 0]):.2f})")
    return cells
