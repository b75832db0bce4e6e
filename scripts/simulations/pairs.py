"""Where every seed brings a pair of people of its own: what the intervals hold, and how to split a budget of runs.

An arm's difference in one run is a mean over people, plus the pair's own effect, plus the noise of a training.
"""

import numpy as np
from numpy.typing import NDArray
from simulations.noise import DRAWS, TRUE_MEAN
from simulations.tables import table

from faceswap_lab.studies.statistics.intervals import mean_bounds

PAIR_EFFECTS = ("normal", "heavy tails (t3)", "lognormal")
RATIOS = ((0.0, 1.0), (1.0, 1.0), (1.0, 0.3))  # standard deviations: of the pairs' effects, of a training
SPLITS = ((16, 1), (8, 2), (4, 4), (2, 8), (1, 16))  # pairs, seeds for each: 16 runs of an arm in all
_SD = {"normal": 1.0, "heavy tails (t3)": 3**0.5, "lognormal": float(np.sqrt((np.e - 1) * np.e))}
_EDGE = 1.0  # the true mean in a study of power, in units of a pair's effect


def differences(
    rng: np.random.Generator, noise: str, pair: float, training: float, shape: tuple[int, int, int]
) -> NDArray[np.float64]:
    """(studies, pairs, seeds) differences whose mean over people is 0."""
    effects = (DRAWS[noise](rng, shape[:2]) - TRUE_MEAN[noise]) / _SD[noise]
    return pair * effects[..., None] + training * rng.standard_normal(shape)


def report_pairs(studies: int) -> str:
    """How often the interval holds the mean over people, and the prediction a new pair's run."""
    rows = []
    for pairs in (8, 16):
        for noise in PAIR_EFFECTS:
            for pair, training in RATIOS:
                rng = np.random.default_rng(11)
                values = differences(rng, noise, pair, training, (studies, pairs, 1))[..., 0]
                low, high = mean_bounds(values)
                mean, half = values.mean(axis=1), (high - low) / 2 * np.sqrt(pairs + 1)
                new = differences(rng, noise, pair, training, (studies, 1, 1))[:, 0, 0]
                holds = 100 * float(((low <= 0) & (high >= 0)).mean())
                foretold = 100 * float((np.abs(new - mean) <= half).mean())
                rows.append([pairs, noise, f"{pair:g} : {training:g}", holds, foretold])
    return table(["pairs", "effects of pairs", "pair : training", "interval holds, %", "new pair foretold, %"], rows)


def report_split(studies: int) -> str:
    """The same 16 runs of an arm as many pairs once, or as few pairs often; the pair's mean is the unit.

    With one pair the seeds are the unit, as in a study of one pair, and its interval is asked about people.
    """
    rows = []
    for pair, training in RATIOS[1:]:
        for pairs, seeds in SPLITS:
            values = differences(np.random.default_rng(12), "normal", pair, training, (studies, pairs, seeds))
            units = values.mean(axis=2) if pairs > 1 else values[:, 0]
            low, high = mean_bounds(units)
            holds = 100 * float(((low <= 0) & (high >= 0)).mean())
            seen = 100 * float((low + _EDGE > 0).mean())
            rows.append([f"{pair:g} : {training:g}", f"{pairs} × {seeds}", holds, float(np.median(high - low)), seen])
    head = ["pair : training", "pairs × seeds", "interval holds the mean over people, %"]
    return table([*head, "its length, in pair effects", "an effect of 1 is seen, %"], rows)
