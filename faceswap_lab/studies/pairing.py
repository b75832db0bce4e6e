"""Runs of two arms brought together by seed: the seed is the unit of every comparison."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
