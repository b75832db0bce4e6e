"""A finished study without its trainings: one real run, copied into every cell with other numbers."""

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.children import LAB, run
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.study.plan import study_of
from faceswap_lab.runs.atomic import write_json, write_text
from faceswap_lab.runs.folder import RunFolder, find_or_create
from faceswap_lab.studies.plan import Planned

TEMPLATE = ("scale=smoke", "training.max_steps=800", "evaluation.every_steps=100", "evaluation.preview_every_steps=200")


def make_study(words: Sequence[str], place: Path) -> int:
    """Put a finished run into every cell of a study and return how many there are.

    The run behind them has the rows, scores and tiles of one at scale=quick, on a smaller network.

    Args:
        words: the study's overrides, ``runs_dir`` among them.
        place: an empty folder for the run behind them.
    """
    run([*LAB, *TEMPLATE, f"runs_dir={place}", "progress=false"])
    (path,) = [path for path in place.iterdir() if path.is_dir()]
    plan = study_of(words, [conf_dir()]).plan
    for cell in plan.cells:
        copy_as(RunFolder(path), cell, find_or_create(plan.runs_dir, cell.arm, cell.seed, cell.digest))
    return len(plan.cells)


def copy_as(template: RunFolder, cell: Planned, folder: RunFolder) -> None:
    """Copy what a report reads of a run, with numbers that differ by arm and seed as those of trainings do."""
    rng = np.random.default_rng([cell.seed, *cell.arm.encode()])
    shutil.copytree(template.previews, folder.previews, dirs_exist_ok=True)
    shutil.copy(template.config, folder.config)
    shutil.copy(template.status, folder.status)
    write_text(folder.metrics, varied_table(template.metrics.read_text(), rng))
    sessions = json.loads(template.run.read_text())
    for session in sessions["sessions"]:
        session |= {"seed": cell.seed, "config": session["config"] | dict(cell.config)}
    write_json(folder.run, sessions)
    result = json.loads(template.result.read_text())
    result |= {"digest": cell.digest, "label": cell.arm, "seed": cell.seed}
    result["metrics"] = {name: varied(value, rng) for name, value in result["metrics"].items()}
    write_json(folder.result, result)


def varied_table(text: str, rng: np.random.Generator) -> str:
    """Return the table with every number but the steps varied."""
    head, *rows = csv.reader(text.splitlines())
    lines = [[row[0], *(cell and repr(varied(float(cell), rng)) for cell in row[1:])] for row in rows]
    return "".join(",".join(line) + "\n" for line in (head, *lines))


def varied(value: float, rng: np.random.Generator) -> float:
    """Return the value, up to a fiftieth of it more or less, and within 1 if it was."""
    other = value * (1 + 0.02 * rng.uniform(-1, 1))
    return min(other, 1.0) if value <= 1 else other
