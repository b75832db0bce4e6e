"""A run's ``metrics.csv`` as curves: metric → step → value."""

from collections.abc import Iterable
from pathlib import Path

from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.studies.run import Series

MOST_POINTS = 120  # of a curve in a report; a curve has some 80 at scale=quick


def read_history(path: Path) -> dict[str, Series]:
    """Return every metric's values, in ascending order of the steps; {} where there is no file that can be read.

    Losses and scores of one step stand in rows of their own. If a step comes twice, the later row counts.
    """
    try:
        table = read_metrics(path)
    except (OSError, ValueError):
        return {}
    found: dict[str, dict[int, float]] = {}
    for row in table:
        step = int(row["step"])
        for name, value in row.items():
            if name != "step" and not isinstance(value, str):
                found.setdefault(name, {})[step] = float(value)
    return {name: dict(sorted(values.items())) for name, values in found.items()}


def steps_to_show(curves: Iterable[Series]) -> set[int]:
    """Return at most MOST_POINTS of all steps, evenly spread, the last one among them."""
    steps = sorted(set().union(*curves))
    count = len(steps)
    if count <= MOST_POINTS:
        return set(steps)
    return {steps[round((place + 1) * count / MOST_POINTS) - 1] for place in range(MOST_POINTS)}


def value_at(curve: Series, step: int) -> float:
    """Return the last value at or before ``step`` (a loss row is the mean of the steps before it), nan if none is."""
    before = [value for at, value in curve.items() if at <= step]
    return before[-1] if before else float("nan")
