"""A study's evidence: what its report is made of, as it is gathered from run folders and kept in a small folder.

    study.json    the declaration, every arm's settings, how the runs were made, who the people were
    results.csv   a row per cell: arm, seed, state, time, every metric
    curves.npz    what the runs measured on their way
    blocks.npz    of real people: what blocks of held-out pictures say of the primary metric
    faces.webp    the faces that the report shows, row by row
    topology_1.svg, …   the topologies of the arms

Reports are made from such a folder alone, so a page can always be made again without the runs.
"""

import csv
import io
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from faceswap_lab.config import ConfigError
from faceswap_lab.runs.atomic import make_folder, write_npz, write_text
from faceswap_lab.runs.flat import flat
from faceswap_lab.studies.collecting import blocks, pictures
from faceswap_lab.studies.collecting.collect import cells_by_fact, collect, config_of, differing
from faceswap_lab.studies.collecting.history import steps_to_show
from faceswap_lab.studies.findings import Drawing, Grid
from faceswap_lab.studies.plan import StudyPlan
from faceswap_lab.studies.run import STATES, Run, Series

STUDY, _RESULTS, _CURVES, _FACES = "study.json", "results.csv", "curves.npz", "faces.webp"
_FORMAT = 1
_DECLARED = (
    *("name", "title", "question", "baseline", "metric", "smallest_difference", "secondary", "notes"),
    *("group_seeds", "seeds", "command", "settings", "declared"),
)
_COLUMNS = (
    *("arm", "seed", "state", "seconds", "cpu_seconds", "steps", "parameters", "flops_per_step"),
    *("folder", "message"),
)
_KEPT_CURVES = ("loss_", "swap_", "grad_cosine", "ema_swap_")


@dataclass(frozen=True)
class Evidence:
    """All that a report is made of.

    Attributes:
        plan: what was asked; its cells are not looked at, the runs have been.
        runs: one for each cell.
        grids: pictures.
        extras: further measurements by name, plain JSON, each in a file of its own beside the rest.
    """

    plan: StudyPlan
    runs: list[Run]
    grids: list[Grid] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def arms(self) -> list[str]:
        """All arms, the baseline first."""
        return [self.plan.baseline, *(arm for arm in self.plan.arms if arm != self.plan.baseline)]


def gather(plan: StudyPlan) -> Evidence:
    """Return what the run folders of a study hold, finished or not."""
    found = Evidence(plan, collect(plan))
    return replace(found, grids=pictures.grids_of(found.runs, found.arms))


def is_evidence(folder: Path) -> bool:
    """Tell whether a folder holds evidence."""
    return (folder / STUDY).is_file()


def other_question(plan: StudyPlan, folder: Path, tuned: Collection[str] = ()) -> list[str]:
    """Return in what the evidence of a folder is of another question than this one; empty where it is of none.

    Other arms, seeds and words are no other question; another metric or another setting of the baseline is, but for
    the settings that are ``tuned``.
    """
    try:
        content = json.loads((folder / STUDY).read_text(encoding="utf-8"))
        asked = [(key, content["study"][key], getattr(plan, key)) for key in ("baseline", "metric")]
        here = next(cell.config for cell in plan.cells if cell.arm == plan.baseline)
        settings = differing(content["config"], here)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # nothing is lost with what nobody can read
        return []
    both = [(key, *values) for key, values in settings.items() if key not in tuned]
    return [f"{what} {there!r}, not {here!r}" for what, there, here in [*asked, *both] if there != here]


def write_evidence(found: Evidence, folder: Path) -> None:
    """Write the folder, ``study.json`` last. Extras are not written: whoever measured them did.

    Raises:
        faceswap_lab.runs.atomic.StorageError: a file cannot be written.
    """
    make_folder(folder, of=folder / STUDY)
    write_text(folder / _RESULTS, results_csv(found.runs))
    curves = _packed(found.runs)
    if curves:
        write_npz(folder / _CURVES, curves)
    else:
        (folder / _CURVES).unlink(missing_ok=True)
    blocks.write_blocks([run.blocks for run in found.runs], found.plan.metric, folder)
    grids = pictures.write_grids(found.grids, folder / _FACES)
    baseline = config_of(found.runs, found.plan.baseline)
    arms = {
        arm: {"says": found.plan.arms[arm], **_difference(baseline, config_of(found.runs, arm))} for arm in found.arms
    }
    drawings = _write_drawings(drawings_of(found.runs, found.arms), folder)
    content = {
        "format": _FORMAT,
        "study": {
            key: value
            for key, value in asdict(replace(found.plan, cells=[])).items()
            if key in _DECLARED or (key == "pooled" and value)
        },
        "arms": arms,
        "config": {key: value for key, value in baseline.items() if key != "seed"},
        "facts": _facts(found.runs),
        "unknown": [run.name for run in found.runs if run.folder is not None and not run.facts],
        **({} if found.plan.declared else {"cells": [[run.arm, run.seed] for run in found.runs]}),
        "people": {str(run.seed): run.people for run in found.runs if run.people},
        "extras": list(found.extras),
        "grids": grids,
        "drawings": drawings,
    }
    write_text(folder / STUDY, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_evidence(folder: Path) -> Evidence:
    """Return what ``write_evidence`` wrote.

    Raises:
        ConfigError: the folder holds no evidence, or evidence that cannot be read.
    """
    if not is_evidence(folder):
        raise ConfigError(f"{folder} holds no evidence: there is no {STUDY} in it.")
    try:
        content = json.loads((folder / STUDY).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError(f"its format is {content['format']}, this program reads {_FORMAT}")
        plan = StudyPlan(
            **content["study"],
            arms={arm: one["says"] for arm, one in content["arms"].items()},
            cells=[],
            runs_dir=folder,
        )
        runs = _runs(folder, content)
        extras = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in content["extras"]}
        return Evidence(plan, runs, pictures.read_grids(content["grids"], folder / _FACES), extras)
    except (OSError, EOFError, BadZipFile, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{folder}: its evidence cannot be read ({type(error).__name__}: {' '.join(str(error).split())}). "
            "Take it from the repository again, or make it from the runs: report +study=NAME"
        ) from error


def results_csv(runs: Sequence[Run]) -> str:
    """Return the table of all cells as CSV. Numbers have all their digits; what is not known is empty."""
    keys = sorted({key for run in runs for key in run.metrics})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, *keys])
    for run in runs:
        times = [_number(run.seconds), _number(run.cpu_seconds)]
        counts = [*times, run.steps or "", run.parameters or "", _number(run.flops_per_step)]
        known = [run.arm, run.seed, run.state, *counts, run.folder.name if run.folder else "", run.message]
        writer.writerow([*known, *(_number(run.metrics.get(key)) for key in keys)])
    return text.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else repr(float(value))


def _facts(runs: Sequence[Run]) -> dict[str, dict[str, list[str] | None]]:
    """Return fact → value → cells; None in the place of all cells of which facts are known."""
    known = [run.name for run in runs if run.facts]
    return {
        fact: {value: None if cells == known else cells for value, cells in values.items()}
        for fact, values in cells_by_fact(runs).items()
    }


def _runs(folder: Path, content: Mapping[str, Any]) -> list[Run]:
    curves = _unpacked(folder / _CURVES)
    rows = _rows(folder, content)
    found, drawn = [], _drawn(folder, content)
    of_pictures = blocks.kept_blocks(folder, content["study"]["metric"])
    for name, kept in ((_CURVES, curves), ("what single pictures say", of_pictures)):
        if kept and len(kept) != len(rows):
            raise ValueError(f"{name}: {len(kept)} runs, where {_RESULTS} has {len(rows)}")
    for place, row in enumerate(rows):
        name, seed, arm = f"{row['arm']}/{row['seed']}", int(row["seed"]), content["arms"][row["arm"]]
        begun = row["folder"] and name not in content["unknown"]
        found.append(
            Run(
                row["arm"],
                seed,
                row["state"],
                row["message"],
                Path(row["folder"]) if row["folder"] else None,
                config=_nested(content["config"], arm["changes"], arm.get("lacks", [])) | {"seed": seed},
                facts=_facts_of(name, content["facts"]) if begun else {},
                history=curves[place] if curves else {},
                drawing=drawn.get(row["arm"], ""),
                metrics={key: float(value) for key, value in row.items() if key not in _COLUMNS and value},
                seconds=float(row["seconds"]) if row["seconds"] else None,
                cpu_seconds=float(row["cpu_seconds"]) if row.get("cpu_seconds") else None,
                steps=int(row["steps"] or 0),
                parameters=int(row["parameters"]) if row["parameters"] else None,
                flops_per_step=float(row["flops_per_step"]) if row.get("flops_per_step") else None,
                people=content["people"].get(row["seed"], {}),
                blocks=of_pictures[place] if of_pictures else {},
            )
        )
    return found


def _rows(folder: Path, content: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the table of all cells.

    Raises:
        ValueError: a row is cut or has a state that there is not, or the rows are not the study's cells in their
            order, by which each has its curves and pictures.
    """
    with (folder / _RESULTS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values() or row["state"] not in STATES:
            raise ValueError(f"{_RESULTS}, line {line}: a row that is cut, or of an unknown state")
    cells = [(row["arm"], int(row["seed"])) for row in rows]
    planned = list(product(content["arms"], content["study"]["seeds"]))
    if not content["study"].get("declared", True):  # whichever runs were put side by side; of old ones no order is kept
        planned = [(arm, seed) for arm, seed in content.get("cells", cells)]
    if sorted(cells) != sorted(planned) or not cells:
        raise ValueError(f"{_RESULTS}: {len(cells)} rows, and the study has {len(planned)} cells")
    if cells != planned:
        raise ValueError(f"{_RESULTS}: its rows were put in another order, and curves belong to rows by their place")
    return rows


def _facts_of(name: str, facts: Mapping[str, Mapping[str, list[str] | None]]) -> dict[str, str]:
    return {
        fact: value
        for fact, values in facts.items()
        for value, cells in values.items()
        if cells is None or name in cells
    }


def _difference(baseline: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an arm has otherwise than the baseline, and the dotted settings that it has not at all."""
    theirs, own = flat(baseline), flat(config)
    return {
        "changes": {k: v for k, v in own.items() if k != "seed" and (k not in theirs or theirs[k] != v)},
        "lacks": [key for key in theirs if key not in own],
    }


def _nested(base: Mapping[str, Any], changes: Mapping[str, Any], lacks: Sequence[str]) -> dict[str, Any]:
    """Return a nested configuration without some dotted settings, in which others have other values."""
    lines = {key: value for key, value in flat(base).items() if key not in lacks} | dict(changes)
    made: dict[str, Any] = {}
    for key, value in lines.items():
        *groups, last = key.split(".")
        inner = made
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = value
    return made


def drawings_of(runs: Sequence[Run], arms: Sequence[str]) -> list[Drawing]:
    """Return the topologies of the arms as they were drawn, each once."""
    whose: dict[str, list[str]] = {}
    for arm in arms:
        drawn = next((run.drawing for run in runs if run.arm == arm and run.drawing), None)
        if drawn is not None:
            whose.setdefault(drawn, []).append(arm)
    return [Drawing(f"topology_{i}.svg", own, drawn) for i, (drawn, own) in enumerate(whose.items(), start=1)]


def _write_drawings(drawings: Sequence[Drawing], folder: Path) -> dict[str, list[str]]:
    """Write the pictures, and return file → arms."""
    for old in folder.glob("topology_*.svg"):
        old.unlink()
    for drawing in drawings:
        write_text(folder / drawing.file, drawing.svg)
    return {drawing.file: drawing.arms for drawing in drawings}


def _drawn(folder: Path, content: Mapping[str, Any]) -> dict[str, str]:
    """Return arm → its topology; evidence from before they were kept has none."""
    return {
        arm: (folder / name).read_text(encoding="utf-8")
        for name, arms in content.get("drawings", {}).items()
        for arm in arms
    }


def _packed(runs: Sequence[Run]) -> dict[str, np.ndarray]:
    """Return metric → (runs, steps) values, nan where a run has none, and "metric steps" → (steps,) training steps."""
    keys = dict.fromkeys(key for run in runs for key in run.history if key.startswith(_KEPT_CURVES))
    packed: dict[str, np.ndarray] = {}
    for key in keys:
        steps = sorted(steps_to_show(run.history.get(key, {}) for run in runs))
        table = [run.history.get(key, {}) for run in runs]
        packed[key] = np.array([[row.get(step, np.nan) for step in steps] for row in table], dtype=np.float32)
        packed[f"{key} steps"] = np.array(steps, dtype=np.int32)
    return packed


def _unpacked(path: Path) -> list[dict[str, Series]]:
    """Return the curves of every run, in the order of the table; [] where none were kept."""
    if not path.is_file():
        return []
    with np.load(path, allow_pickle=False) as file:
        tables = {key: (file[key], file[f"{key} steps"]) for key in file.files if not key.endswith(" steps")}
    count = max((len(values) for values, _ in tables.values()), default=0)
    found: list[dict[str, Series]] = [{} for _ in range(count)]
    for key, (values, steps) in tables.items():
        for place, row in enumerate(values):
            kept = np.isfinite(row)
            if kept.any():
                found[place][key] = dict(zip(steps[kept].tolist(), row[kept].astype(float).tolist()))
    return found
