"""A run's ``metrics.csv`` as curves: metric → (step, value) rows."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.studies.run import Rows

MOST_POINTS = 120  # of a curve in a report; a curve has some 80 at scale=quick


def read_history(path: Path) -> dict[str, Rows]:
    """Return every metric's rows, in ascending order of the steps; {} where there is no file that can be read.

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
    return {name: sorted(values.items()) for name, values in found.items()}


def thinned(curves: Mapping[int, Rows], steps: set[int]) -> dict[int, Rows]:
    """Return only those rows of each curve that lie at ``steps``."""
    return {seed: [row for row in rows if row[0] in steps] for seed, rows in curves.items()}


def steps_to_show(curves: Iterable[Rows]) -> set[int]:
    """Return at most MOST_POINTS of all steps, evenly spread, the last one among them."""
    steps = sorted({step for rows in curves for step, _ in rows})
    count = len(steps)
    if count <= MOST_POINTS:
        return set(steps)
    return {steps[round((place + 1) * count / MOST_POINTS) - 1] for place in range(MOST_POINTS)}


def value_at(rows: Sequence[tuple[int, float]], step: int) -> float:
    """Return the last value at or before ``step`` (a loss row is the mean of the steps before it), nan if none is."""
    before = [value for at, value in rows if at <= step]
    return before[-1] if before else float("nan")
