"""One arm against the baseline in one metric, seed by seed: everything that is known before a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from faceswap_lab.studies.statistics.intervals import Interval, mean_interval, prediction_interval
from faceswap_lab.studies.statistics.p_values import sign_flip_p


@dataclass(frozen=True)
class Comparison:
    """An arm's paired differences from the baseline, arm minus baseline, in the metric's unit.

    Numbers that too few seeds leave unknown are nan, an unknown interval is infinite.

    Attributes:
        differences: seed → arm minus baseline, of the seeds for which both have a finite value, in ascending order.
        higher_is_better: the metric's direction.
        difference: mean of the paired differences.
        interval: of the difference, at the confidence asked for.
        prediction: where the difference of one further seed should fall, at the same confidence.
        sd: standard deviation (n - 1) of the paired differences.
        effect: difference ÷ standard deviation of the baseline over its seeds: how large it is beside the luck of
            a seed. As observed, without a correction for few seeds.
        p: two-sided sign-flip p-value, not yet corrected for the number of arms.
        wins: share of seeds in which the arm beats the baseline, ties as half.
    """

    differences: dict[int, float]
    higher_is_better: bool
    difference: float
    interval: Interval
    prediction: Interval
    sd: float
    effect: float
    p: float
    wins: float

    @property
    def seeds(self) -> int:
        """How many seeds the comparison rests on."""
        return len(self.differences)

    @property
    def median(self) -> float:
        """Median of the paired differences; nan without any."""
        return float(np.median(list(self.differences.values()))) if self.differences else float("nan")

    @property
    def few_carry_it(self) -> bool:
        """Whether a few seeds make the mean: the median is less than half of it, or points the other way."""
        way = 1.0 if self.difference > 0 else -1.0
        return self.seeds > 2 and way * self.median < abs(self.difference) / 2

    @property
    def same_way(self) -> int:
        """In how many seeds the difference has the sign of their mean."""
        way = -1.0 if self.difference < 0 else 1.0
        return sum(way * one > 0 for one in self.differences.values())


def compare(
    baseline: Mapping[int, float], arm: Mapping[int, float], *, higher_is_better: bool, confidence: float = 0.95
) -> Comparison:
    """Compare an arm with the baseline, paired by seed.

    Args:
        baseline: the metric by seed. Values that are not finite count as missing.
        arm: the same for the arm.
        higher_is_better: the metric's direction.
        confidence: of the interval, between 0 and 1.

    Raises:
        ValueError: ``confidence`` is not between 0 and 1.
    """
    first, second = _finite(baseline), _finite(arm)
    differences = {seed: second[seed] - first[seed] for seed in sorted(first.keys() & second.keys())}
    values = np.array(list(differences.values()), np.float64)
    difference = float(values.mean()) if differences else float("nan")
    signed = values if higher_is_better else -values
    return Comparison(
        differences=differences,
        higher_is_better=higher_is_better,
        difference=difference,
        interval=mean_interval(values, confidence),
        prediction=prediction_interval(values, confidence),
        sd=_sd(values),
        effect=_ratio(difference, _sd(np.array(list(first.values())))),
        p=float(sign_flip_p(values)),
        wins=float(((signed > 0) + (signed == 0) / 2).mean()) if differences else float("nan"),
    )


def _finite(values: Mapping[int, float]) -> dict[int, float]:
    return {seed: float(value) for seed, value in values.items() if np.isfinite(value)}


def _sd(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _ratio(difference: float, noise: float) -> float:
    """Return difference ÷ noise: zero for no difference, infinite where only the noise is zero."""
    if difference == 0 and noise == 0:
        return 0.0
    with np.errstate(divide="ignore"):
        return float(np.float64(difference) / noise)
