"""One metric over all arms: the values, and what is said of each arm."""

from collections.abc import Sequence
from dataclasses import replace

from faceswap_lab.studies.collect import Run, of_arm
from faceswap_lab.studies.findings import Compared, Metric
from faceswap_lab.studies.verdicts import Judgement, judge_arms


def values_of(runs: list[Run], arms: Sequence[str], key: str) -> dict[str, dict[int, float]]:
    """Return arm → seed → value of the finished runs that have the metric."""
    found: dict[str, dict[int, float]] = {}
    for arm in arms:
        values = {pair: run.value(key) for pair, run in of_arm(runs, arm).items()}
        found[arm] = {pair: value for pair, value in values.items() if value is not None}
    return found


def described(runs: list[Run], arms: Sequence[str], metric: Metric) -> Compared:
    """Return a metric's values without a verdict."""
    return Compared(metric, values_of(runs, arms, metric.key), {})


def judged(runs: list[Run], arms: Sequence[str], metric: Metric, alpha: float) -> Compared:
    """Return a metric's values and the verdict on every arm.

    Args:
        runs: of the whole study.
        arms: all arms, the baseline first.
        metric: has a direction.
        alpha: level of the verdicts.
    """
    values = values_of(runs, arms, metric.key)
    baseline, *others = arms
    judgements = judge_arms(
        values[baseline],
        {arm: values[arm] for arm in others},
        higher_is_better=bool(metric.higher_is_better),
        smallest_difference=metric.smallest_difference,
        alpha=alpha,
    )
    for arm in others:
        lacking = [name for name in (baseline, arm) if not values[name] and of_arm(runs, name)]
        if lacking:
            judgements[arm] = _not_measured(judgements[arm], lacking)
    return Compared(metric, values, judgements)


def _not_measured(judgement: Judgement, lacking: list[str]) -> Judgement:
    """More seeds would not help where finished runs do not have the metric at all."""
    return replace(judgement, reason=f"not measured in the runs of {' and '.join(lacking)}", outlook=None)
