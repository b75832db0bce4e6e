"""What pairing by seed has brought so far, from the results of the studies in experiments/; nothing is simulated."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from simulations.tables import table

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
METRICS = {"one pair": "swap_ssim_AB", "people": "swap_score_AB"}  # SSIM is what all studies of one pair have
FEWEST = 4  # pairs: fewer say nothing of a spread


def comparisons(results: Path, metric: str, baseline: str) -> Iterator[tuple[float, float]]:
    """Yield for each arm of a study how loud a pair's difference is beside two unpaired runs, and their correlation.

    The first is the standard deviation of the paired differences, divided by that of the difference of two runs that
    share nothing, sqrt(var arm + var baseline): below 1 pairing helps. An arm equal to the baseline in every run is
    left out.
    """
    values: dict[str, dict[str, float]] = {}
    with open(results, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row.get(metric):
                values.setdefault(row["arm"], {})[row["seed"]] = float(row[metric])
    usual = values.pop(baseline, {})
    for arm in values.values():
        seeds = [seed for seed in usual if seed in arm]
        a, b = (np.array([of[seed] for seed in seeds]) for of in (arm, usual))
        if len(seeds) >= FEWEST and np.ptp(a - b) > 0:
            unpaired = np.sqrt(a.var(ddof=1) + b.var(ddof=1))
            yield float((a - b).std(ddof=1) / unpaired), float(np.corrcoef(a, b)[0, 1])


def report(_: int) -> str:
    rows: list[list[object]] = []
    declared = {path.parent: json.loads(path.read_text(encoding="utf-8")) for path in EXPERIMENTS.glob("*/study.json")}
    parts = {part for content in declared.values() for part in content["study"].get("pooled", [])}
    whole = {folder: content for folder, content in sorted(declared.items()) if folder.name not in parts}
    for whom, metric in METRICS.items():
        everything = []
        for folder, content in whole.items():
            asked = comparisons(folder / "results.csv", metric, content["study"]["baseline"])
            found = list(asked) if _about(content) == whom else []
            if found:
                everything += found
                rows.append([folder.name, *_summary(found)])
        rows.append([f"**all of {whom}** (`{metric}`)", *_summary(everything)])
    return table(["study", "comparisons", "paired ÷ unpaired noise, median", "correlation, median", "noisier"], rows)


def _about(content: dict[str, Any]) -> str:
    return "people" if content["config"]["data"]["name"] == "people" else "one pair"


def _summary(found: list[tuple[float, float]]) -> list[object]:
    loud, correlation = np.array(found).T
    return [len(found), f"{np.median(loud):.2f}", f"{np.median(correlation):.2f}", int((loud > 1).sum())]
