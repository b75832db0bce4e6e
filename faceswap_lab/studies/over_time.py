"""Metrics over training steps: each arm over its seeds, its paired difference from the baseline, and what it costs."""

from collections.abc import Mapping, Sequence

import numpy as np

from faceswap_lab.studies.collecting.collect import of_arm
from faceswap_lab.studies.collecting.history import steps_to_show
from faceswap_lab.studies.findings import Budget, Curve, Curves
from faceswap_lab.studies.metric_names import Metric
from faceswap_lab.studies.run import Run, Series
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
    every = {arm: _finite(of_arm(runs, arm, finished=finished), metric.key) for arm in arms}
    steps = steps_to_show(curve for curves in every.values() for curve in curves.values())
    thin = {
        arm: {pair: {step: curve[step] for step in curve if step in steps} for pair, curve in curves.items()}
        for arm, curves in every.items()
    }
    shown = {arm: curve for arm, curves in thin.items() if (curve := _curve(curves)) is not None}
    if not shown:
        return None
    baseline, *others = arms
    differences = {arm: curve_difference(thin[baseline], thin[arm], confidence=1 - alpha) for arm in others}
    return Curves(metric, shown, {arm: found for arm, found in differences.items() if len(found.steps)})


def _finite(runs: dict[int, Run], key: str) -> dict[int, Series]:
    curves = {pair: {at: v for at, v in run.curve(key).items() if np.isfinite(v)} for pair, run in runs.items()}
    return {pair: curve for pair, curve in curves.items() if curve}


def _curve(curves: dict[int, Series]) -> Curve | None:
    """Return mean and range over the seeds at the steps that all of them have."""
    steps = sorted(set.intersection(*map(set, curves.values()))) if curves else []
    if not steps:
        return None
    values = np.array([[curve[step] for step in steps] for curve in curves.values()])
    return Curve(
        len(values), np.array(steps, dtype=np.int64), values.mean(axis=0), values.min(axis=0), values.max(axis=0)
    )


def budgets_of(runs: list[Run], arms: Sequence[str], metric: Metric) -> list[Budget]:
    """Return after how many steps each arm has what the baseline has at its end, seed by seed; [] if none has a curve.

    "Has" means: for the first time. Curves are noisy, so the baseline itself gets there a little before its end, and
    its own row says how much.

    Args:
        runs: of the whole study.
        arms: all arms, the baseline first.
        metric: has a direction.
    """
    way = 1.0 if metric.higher_is_better else -1.0
    ends = {pair: list(run.curve(metric.key).values()) for pair, run in of_arm(runs, arms[0]).items()}
    targets = {pair: values[-1] for pair, values in ends.items() if values}
    took: dict[str, dict[int, float]] = {}
    for arm in arms:
        own = {pair: run.curve(metric.key) for pair, run in of_arm(runs, arm).items() if pair in targets}
        took[arm] = {pair: _first_at(curve, way, way * targets[pair]) for pair, curve in own.items() if curve}
    made = []
    for arm, steps in took.items():
        if not steps:
            continue
        trained = of_arm(runs, arm)
        ratios = {pair: count / took[arms[0]][pair] for pair, count in steps.items() if pair in took[arms[0]]}
        ratio = float(np.median(list(ratios.values()))) if ratios else np.nan
        shares = {pair: count / trained[pair].steps for pair, count in steps.items()}
        made.append(
            Budget(
                arm,
                runs=len(steps),
                reached=int(np.isfinite(list(steps.values())).sum()),
                steps=float(np.median(list(steps.values()))),
                ratio=ratio,
                flops=ratio * _flops_per_step(runs, arm) / _flops_per_step(runs, arms[0]),
                seconds=_until_then(shares, {pair: run.seconds for pair, run in trained.items()}),
                cpu_seconds=_until_then(shares, {pair: run.cpu_seconds for pair, run in trained.items()}),
            )
        )
    return made if len(made) > 1 else []


def _flops_per_step(runs: list[Run], arm: str) -> float:
    """Return the operations of a training step, of any run that counted them: they are the same for every seed."""
    return next((run.flops_per_step for run in of_arm(runs, arm).values() if run.flops_per_step), np.nan)


def _until_then(shares: Mapping[int, float], whole: Mapping[int, float | None]) -> float:
    """Return the median time until a share of each training was over; nan where that of no training is known."""
    times = [share * took for pair, share in shares.items() if (took := whole[pair]) is not None]
    return float(np.median(times)) if times else np.nan


def _first_at(curve: Series, way: float, target: float) -> float:
    """Return the step at which a curve, turned so that higher is better, first is at the target; inf if never."""
    before: tuple[int, float] | None = None
    for step, value in curve.items():
        now = way * value
        if now >= target:
            if before is None:
                return float(step)
            share = (target - before[1]) / (now - before[1])
            return before[0] + share * (step - before[0])
        before = (step, now)
    return float("inf")
