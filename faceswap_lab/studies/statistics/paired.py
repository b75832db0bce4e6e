"""One arm against the baseline in one metric, seed by seed: everything that is known before a verdict."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceswap_lab.studies.statistics.intervals import Interval, mean_interval
from faceswap_lab.studies.statistics.p_values import sign_flip_p


@dataclass(frozen=True)
class Pairs:
    """One metric of the baseline and of an arm, seed by seed, in ascending order of the seeds.

    Attributes:
        seeds: the n seeds for which both have a finite value.
        baseline: (n,) the baseline's values.
        arm: (n,) the arm's values.
        left_out: every other seed with the reason why it has no pair.
    """

    seeds: tuple[int, ...]
    baseline: NDArray[np.float64]
    arm: NDArray[np.float64]
    left_out: dict[int, str]

    def __len__(self) -> int:
        return len(self.seeds)

    @property
    def differences(self) -> NDArray[np.float64]:
        """(n,) arm minus baseline, in the metric's unit."""
        return self.arm - self.baseline


def pair_by_seed(baseline: Mapping[int, float], arm: Mapping[int, float]) -> Pairs:
    """Pair the values of the baseline and an arm; whatever has no partner is listed, not dropped in silence."""
    reasons = {seed: _reason(baseline, arm, seed) for seed in sorted(baseline.keys() | arm.keys())}
    seeds = tuple(seed for seed, reason in reasons.items() if reason is None)
    return Pairs(
        seeds=seeds,
        baseline=np.array([baseline[seed] for seed in seeds], dtype=np.float64),
        arm=np.array([arm[seed] for seed in seeds], dtype=np.float64),
        left_out={seed: reason for seed, reason in reasons.items() if reason is not None},
    )


def _reason(baseline: Mapping[int, float], arm: Mapping[int, float], seed: int) -> str | None:
    """Return why a seed has no pair, or None if it has one."""
    for name, values in (("baseline", baseline), ("arm", arm)):
        if seed not in values:
            return f"the {name} has no value"
        if not math.isfinite(values[seed]):
            return f"the {name}'s value is {values[seed]}"
    return None


def probability_better(
    differences: ArrayLike, *, higher_is_better: bool, confidence: float = 0.95
) -> tuple[float, Interval]:
    """Return the share of seeds in which the arm is better than the baseline, ties as half, with its interval.

    The interval is Clopper and Pearson's (Biometrika 26, 1934) with the beta function in place of binomial sums, so
    that half successes are allowed: its coverage is never below the confidence, also for few seeds.

    Args:
        differences: (n,) arm minus baseline, seed by seed.
        higher_is_better: the metric's direction.
        confidence: of the interval, between 0 and 1.

    Returns:
        The share in [0, 1] (nan without a seed) and its interval within [0, 1].
    """
    from scipy.special import betaincinv  # imported here to keep the room's import cheap

    signed = np.asarray(differences, dtype=np.float64) * (1 if higher_is_better else -1)
    n = len(signed)
    if n == 0:
        return float("nan"), Interval(0.0, 1.0)
    wins = float((signed > 0).sum() + (signed == 0).sum() / 2)
    tail = (1 - confidence) / 2
    low = 0.0 if wins == 0 else float(betaincinv(wins, n - wins + 1, tail))
    high = 1.0 if wins == n else float(betaincinv(wins + 1, n - wins, 1 - tail))
    return wins / n, Interval(low, high)


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
    def median(self) -> float:
        """Median of the paired differences; nan without any."""
        return float(np.median(self.pairs.differences)) if len(self.pairs) else float("nan")

    @property
    def few_carry_it(self) -> bool:
        """Whether a few seeds make the mean: the median is less than half of it, or points the other way."""
        way = 1.0 if self.difference > 0 else -1.0
        return len(self.pairs) > 2 and way * self.median < abs(self.difference) / 2

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
