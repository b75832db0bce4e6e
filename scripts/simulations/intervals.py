"""Which interval for a mean difference holds, at 3 to 20 seeds?"""

import numpy as np
from simulations.candidates import METHODS
from simulations.noise import DRAWS, TRUE_MEAN
from simulations.tables import table

SEEDS = (3, 5, 8, 10, 20)
_PORTION = 250  # studies at a time: their resamples must fit in memory


def coverage_and_length(noise: str, seeds: int, method: str, studies: int) -> tuple[float, float]:
    """Share of studies (in %) whose interval holds the true mean, and its median length in noise sd's."""
    rng = np.random.default_rng(1)
    truth, hits, lengths = TRUE_MEAN[noise], [], []
    for _ in range(studies // _PORTION):
        samples = DRAWS[noise](rng, (_PORTION, seeds))
        low, high = METHODS[method](samples, 0.95, np.random.default_rng(2))
        hits.append((low <= truth) & (truth <= high))
        lengths.append(high - low)
    return 100 * float(np.mean(hits)), float(np.median(lengths))


def report(studies: int) -> str:
    """A table of coverage with the interval's length beside it, as a multiple of Student's."""
    rows = []
    for seeds in SEEDS:
        for noise in DRAWS:
            results = [coverage_and_length(noise, seeds, method, studies) for method in METHODS]
            student = results[0][1]
            rows.append([seeds, noise, *(_cell(coverage, length / student) for coverage, length in results)])
    return table(["seeds", "noise of the differences", *METHODS], rows)


def _cell(coverage: float, length: float) -> str:
    return f"{coverage:.1f} ({f'{length:.2f}' if np.isfinite(length) else '∞'})"
