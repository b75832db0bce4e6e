"""Metrics over training steps: each arm over its seeds, and each arm's paired difference from the baseline."""

from collections.abc import Sequence

import numpy as np

from faceswap_lab.studies.collecting.collect import Run, of_arm
from faceswap_lab.studies.collecting.history import Rows, steps_to_show, thinned
from faceswap_lab.studies.findings import Curve, Curves, Metric
from faceswap_lab.studies.statistics.curves import curve_difference


def curves_of(
    runs: list[Run], arms: Sequence[str], metric: Metric, *, alpha: float, finished: bool = True
) -> Curves | None:
    """Return a metric over training steps, at most MOST_POINTS of them, or None if no run has any of it.

    Args:
        runs: of the whole study.
        arms: all arms, the baseline first.
        metric: which.
        alpha: 1 - confidence of the differences' bands.
        finished: take finished runs only. A run that stopped early would cut its arm's curve short.
    """
    rows = {arm: _rows(of_arm(runs, arm, finished=finished), metric.key) for arm in arms}
    steps = steps_to_show(curve for curves in rows.values() for curve in curves.values())
    rows = {arm: thinned(curves, steps) for arm, curves in rows.items()}
    shown = {arm: curve for arm, curves in rows.items() if (curve := _curve(curves)) is not None}
    if not shown:
        return None
    baseline, *others = arms
    differences = {arm: curve_difference(rows[baseline], rows[arm], confidence=1 - alpha) for arm in others}
    return Curves(metric, shown, {arm: found for arm, found in differences.items() if len(found.steps)})


def _rows(runs: dict[int, Run], key: str) -> dict[int, Rows]:
    curves = {pair: [row for row in run.curve(key) if np.isfinite(row[1])] for pair, run in runs.items()}
    return {pair: curve for pair, curve in curves.items() if curve}


def _curve(curves: dict[int, Rows]) -> Curve | None:
    """Return mean and range over the seeds at the steps that all of them have."""
    by_step = [dict(curve) for curve in curves.values()]
    steps = sorted(set.intersection(*(set(curve) for curve in by_step))) if by_step else []
    if not steps:
        return None
    values = np.array([[curve[step] for step in steps] for curve in by_step])
    return Curve(
        len(values), np.array(steps, dtype=np.int64), values.mean(axis=0), values.min(axis=0), values.max(axis=0)
    )
