"""Does a training loss foretell how wrong the swap is? Question 2 asked for loss_A, loss_B and their sum.

Three questions, and they can have three answers: over all runs, where arms that cannot swap may rule; among the runs of
one arm, where only the seed differs; and within one run, where training time moves both numbers.

The arms are given and their runs of one seed share its luck, so every interval takes the seed for its witness. Runs
as witnesses would make it far too short; docs/statistics.md shows by how much.
"""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from faceswap_lab.studies.collecting.history import value_at
from faceswap_lab.studies.findings import Prediction
from faceswap_lab.studies.metric_names import Metric
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.statistics.rank_correlation import (
    Row,
    rank_correlation,
    rank_correlation_within,
    rank_correlation_within_arms,
)

_LOSSES: dict[str, tuple[str, ...]] = {
    "loss_A": ("loss_A",),
    "loss_B": ("loss_B",),
    "loss_A + loss_B": ("loss_A", "loss_B"),
}


def predictions(runs: list[Run], arms: Sequence[str], outcome: Metric, alpha: float) -> list[Prediction]:
    """Return how well each loss ranks the swap error; empty where no finished run has one.

    A run without the loss (its side is not trained) or without the outcome is left out.

    Args:
        runs: of the whole study; only finished ones are used.
        arms: all arms.
        outcome: the metric to foretell, turned here so that larger is worse.
        alpha: 1 - confidence of the intervals.
    """
    finished = [run for run in runs if run.finished]
    if not any(run.value(outcome.key) is not None for run in finished):
        return []
    return [_prediction(loss, parts, finished, arms, outcome, 1 - alpha) for loss, parts in _LOSSES.items()]


def _prediction(
    loss: str, parts: tuple[str, ...], runs: list[Run], arms: Sequence[str], outcome: Metric, confidence: float
) -> Prediction:
    way = -1.0 if outcome.higher_is_better else 1.0

    def row(losses: Iterable[float | None], found: float | None) -> Row:
        return sum(map(_number, losses), 0.0), way * _number(found)

    def last(run: Run) -> Row:
        return row(map(run.value, parts), run.value(outcome.key))

    def moments(run: Run) -> list[Row]:
        curves = [run.curve(part) for part in parts]
        judged = run.curve(outcome.key).items()
        return [row([value_at(curve, step) for curve in curves], value) for step, value in judged]

    by_arm = {arm: {run.seed: last(run) for run in runs if run.arm == arm} for arm in arms}
    by_seed: dict[Hashable, list[Row]] = {}
    for rows in by_arm.values():
        for seed, one in rows.items():
            by_seed.setdefault(seed, []).append(one)
    return Prediction(
        loss=loss,
        outcome=outcome,
        across_runs=rank_correlation(by_seed, confidence),
        across_seeds=rank_correlation_within_arms(by_arm, confidence),
        over_time=rank_correlation_within(
            {run.name: moments(run) for run in runs}, confidence, {run.name: run.seed for run in runs}
        ),
    )


def _number(value: float | None) -> float:
    return np.nan if value is None else value
