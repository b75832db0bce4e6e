"""Arms on real people over both kinds of noise: other trainings, and other moments of the same people to judge by."""

import math
from collections.abc import Sequence

import numpy as np

from faceswap_lab.studies import digits
from faceswap_lab.studies.collecting.collect import of_arm
from faceswap_lab.studies.findings import Compared, OverPictures
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.statistics.crossed import Blocks, over_seeds_and_blocks
from faceswap_lab.studies.statistics.intervals import Interval


def over_pictures(runs: Sequence[Run], primary: Compared, arms: Sequence[str], alpha: float) -> OverPictures:
    """Return each arm's difference in the primary metric with the interval over seeds and pictures.

    Args:
        runs: of the study.
        primary: the metric that decides, judged.
        arms: all, the baseline first.
        alpha: 1 - the confidence of the interval.
    """
    key, (baseline, *others) = primary.metric.key, arms
    known = [run.in_blocks(key) for run in runs]
    sizes = next((one.sizes for one in known if one is not None), np.zeros(0, np.int64))
    intervals = {}
    for arm in others:
        found = primary.judgements[arm].comparison
        sides = [of_arm(list(runs), name) for name in (arm, baseline)]
        pairs = [[side[seed].in_blocks(key) for side in sides] for seed in found.differences]
        intervals[arm] = _interval(pairs, found.difference, 1 - alpha)
    return OverPictures(intervals, len(sizes), int(sizes.sum()))


def _interval(pairs: Sequence[Sequence[Blocks | None]], difference: float, confidence: float) -> Interval:
    both = [(arm, baseline) for arm, baseline in pairs if arm is not None and baseline is not None]
    alike = [one for one in both if all(np.array_equal(of.sizes, both[0][0].sizes) for of in one)]
    if not pairs or len(alike) < len(pairs):
        return Interval(-math.inf, math.inf)
    differences = np.array([arm.means - baseline.means for arm, baseline in alike])
    return over_seeds_and_blocks(Blocks(differences, alike[0][0].sizes), difference, confidence)


def said_of_pictures(found: OverPictures, primary: Compared) -> str:
    """Return what holds for other moments of the same people, in a sentence for the answer; empty if nothing does."""
    if found.blocks < 2:
        return ""
    decided = {arm: one.comparison for arm, one in primary.judgements.items() if one.verdict != "undecided"}
    said = [
        f"{arm} {digits.effect(numbers.difference, *found.intervals[arm])}"
        for arm, numbers in decided.items()
        if math.isfinite(found.intervals[arm].low)
    ]
    return f"For other moments of these people as well as other seeds: {', '.join(said)}." if said else ""
