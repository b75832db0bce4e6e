"""The same configuration against itself (A/A): groups of seeds as arms, and random splits in two, judged.

Whatever is called better or worse is a false alarm. Splits of the same runs overlap, so this is one sample of runs seen
from many sides and no simulation: with few runs the share can lie above or below the level by chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.config import ConfigError
from faceswap_lab.studies.findings import Compared
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.statistics.intervals import mean_bounds
from faceswap_lab.studies.statistics.p_values import fewest_seeds, sign_flip_p

SPLITS = 2_000


def false_alarms(measured: Sequence[Compared], arm: str, group: int, alpha: float) -> dict[str, Any]:
    """Return how often two groups of one arm's runs are called better or worse, equivalent, or undecided.

    The rule is that of ``verdicts.judge_arms`` with one arm. A fixed seed makes the same splits every time.

    Args:
        measured: metrics with a direction.
        arm: whose runs are split.
        group: runs in each of the two groups.
        alpha: level of the verdicts.

    Returns:
        plain JSON: says (a sentence on the first metric), group, splits, level, and metrics: of each its caption, runs,
        and the shares of splits called better_or_worse, equivalent and undecided. Metrics of fewer than 2 · group runs
        are left out; {} if that leaves none.
    """
    rows = [
        {
            "metric": compared.metric.caption,
            "runs": len(compared.values[arm]),
            **_shares(compared.values[arm], group, compared.metric.smallest_difference, alpha),
        }
        for compared in measured
        if len(compared.values[arm]) >= 2 * group
    ]
    if not rows:
        return {}
    return {"says": _says(rows[0], group, alpha), "group": group, "splits": SPLITS, "level": alpha, "metrics": rows}


def _says(row: Mapping[str, Any], group: int, alpha: float) -> str:
    return (
        f"{row['runs']} runs of one configuration, split {SPLITS:,} times at random into two groups of {group}: the "
        f"{row['metric']} is called better or worse in {100 * row['better_or_worse']:.1f} % of the splits, where at "
        f"most {100 * alpha:g} % is promised. The splits overlap, so this is one sample of runs seen from many sides."
    )


def _shares(values: Mapping[int, float], group: int, smallest: float | None, alpha: float) -> dict[str, float]:
    differences = _splits(np.array([values[seed] for seed in sorted(values)]), group)
    alarm, equivalent = _verdicts(differences, smallest, alpha)
    return {
        "better_or_worse": float(alarm.mean()),
        "equivalent": float(equivalent.mean()),
        "undecided": float((~alarm & ~equivalent).mean()),
    }


def _splits(values: NDArray[np.float64], group: int) -> NDArray[np.float64]:
    """Return (SPLITS, group) differences of two groups drawn from ``values`` without replacement, paired by place."""
    rng = np.random.default_rng(0)
    drawn = rng.permuted(np.tile(values, (SPLITS, 1)), axis=1)
    return np.asarray(drawn[:, group : 2 * group] - drawn[:, :group])


def _verdicts(
    differences: NDArray[np.float64], smallest: float | None, alpha: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows (splits, n) are called better or worse, and which equivalent, as ``verdicts`` orders them."""
    splits, n = differences.shape
    if n < fewest_seeds(alpha):
        return np.zeros(splits, dtype=bool), np.zeros(splits, dtype=bool)
    low, high = mean_bounds(differences, 1 - alpha)
    margin = 0.0 if smallest is None else smallest
    equivalent = ~differences.any(axis=1) | ((-margin < low) & (high < margin))
    alarm = (sign_flip_p(differences) <= alpha) & ((low > 0) | (high < 0))
    return alarm & ~equivalent, equivalent


def in_groups(runs: list[Run], arm: str, seeds: list[int], size: int) -> dict[str, list[Run]]:
    """Return the groups by name: the first keeps the arm's, the others are "again 1", "again 2", ….

    Runs are paired by their place in their group; the number that pairs them is the first group's seed at that place.

    Args:
        runs: of the whole study.
        arm: the only arm.
        seeds: as planned. The last group is smaller where ``size`` does not divide their number.
        size: seeds in a group.

    Raises:
        ConfigError: there is another arm.
    """
    others = sorted({run.arm for run in runs} - {arm})
    if others:
        raise ConfigError(f"study.group_seeds={size} compares one arm with itself; leave out {', '.join(others)}.")
    place = {seed: index for index, seed in enumerate(seeds)}
    groups: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: place[run.seed]):
        number, within = divmod(place[run.seed], size)
        name = f"again {number}" if number else arm
        groups.setdefault(name, []).append(replace(run, arm=name, paired_as=seeds[within]))
    return groups
