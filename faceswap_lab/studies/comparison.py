"""One arm against the baseline in one metric: everything that is known before a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from faceswap_lab.studies.intervals import Interval, mean_interval
from faceswap_lab.studies.pairing import Pairs, pair_by_seed
from faceswap_lab.studies.sign_flips import sign_flip_p
from faceswap_lab.studies.superiority import probability_better


@dataclass(frozen=True)
class Comparison:
    """An arm's paired differences from the baseline, arm minus baseline, in the metric's unit.

    Means are over the paired seeds only, so that ``difference`` is exactly ``arm_mean - baseline_mean``. Numbers that
    too few seeds leave unknown are nan, unknown intervals infinite.

    Attributes:
        pairs: the values seed by seed, and the seeds that have no pair with the reason.
        higher_is_better: the metric's direction.
        baseline_mean: mean of the baseline over the paired seeds.
        arm_mean: mean of the arm over the paired seeds.
        difference: mean of the paired differences.
        interval: of the difference, at the confidence asked for.
        sd: standard deviation (n - 1) of the paired differences.
        effect: difference ÷ standard deviation of the baseline over its seeds: how large it is beside the luck of
            a seed. As observed, without a correction for few seeds.
        paired_effect: difference ÷ ``sd``: what decides how many seeds are needed.
        p: two-sided sign-flip p-value, not yet corrected for the number of arms.
        wins: probability that the arm beats the baseline at the same seed, ties as half.
        wins_interval: its interval.
    """

    pairs: Pairs
    higher_is_better: bool
    baseline_mean: float
    arm_mean: float
    difference: float
    interval: Interval
    sd: float
    effect: float
    paired_effect: float
    p: float
    wins: float
    wins_interval: Interval

    @property
    def seeds(self) -> int:
        """How many seeds the comparison rests on."""
        return len(self.pairs)


def compare(
    baseline: Mapping[int, float], arm: Mapping[int, float], *, higher_is_better: bool, confidence: float = 0.95
) -> Comparison:
    """Compare an arm with the baseline, paired by seed.

    Args:
        baseline: the metric by seed. Values that are not finite count as missing.
        arm: the same for the arm.
        higher_is_better: the metric's direction.
        confidence: of the intervals, between 0 and 1.

    Raises:
        ValueError: ``confidence`` is not between 0 and 1.
    """
    pairs = pair_by_seed(baseline, arm)
    differences = pairs.differences
    known = [value for value in baseline.values() if np.isfinite(value)]
    difference, sd = _mean(differences), _sd(differences)
    wins, wins_interval = probability_better(differences, higher_is_better=higher_is_better, confidence=confidence)
    return Comparison(
        pairs=pairs,
        higher_is_better=higher_is_better,
        baseline_mean=_mean(pairs.baseline),
        arm_mean=_mean(pairs.arm),
        difference=difference,
        interval=mean_interval(differences, confidence),
        sd=sd,
        effect=_ratio(difference, _sd(np.asarray(known))),
        paired_effect=_ratio(difference, sd),
        p=float(sign_flip_p(differences)),
        wins=wins,
        wins_interval=wins_interval,
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _sd(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _ratio(difference: float, noise: float) -> float:
    """Return difference ÷ noise: zero for no difference, infinite where only the noise is zero."""
    if difference == 0 and noise == 0:
        return 0.0
    with np.errstate(divide="ignore"):
        return float(np.float64(difference) / noise)
