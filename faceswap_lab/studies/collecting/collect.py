"""The runs of a study as they lie on the disk: each planned cell looked up, finished or not, nothing dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from faceswap_lab.runs.flat import flat
from faceswap_lab.runs.folder import RunFolder, find_all
from faceswap_lab.runs.lock import holder
from faceswap_lab.runs.result import BadResult, Result, read_result
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.runs.status import read_status
from faceswap_lab.studies.collecting.blocks import read_blocks
from faceswap_lab.studies.collecting.history import read_history
from faceswap_lab.studies.collecting.sessions import facts_of
from faceswap_lab.studies.plan import Planned, StudyPlan
from faceswap_lab.studies.run import Run


def collect(plan: StudyPlan) -> list[Run]:
    """Look up every cell of a study, with one listing of its runs folder."""
    folders = find_all(plan.runs_dir)
    return [look_up(cell, folders.get((cell.seed, cell.digest))) for cell in plan.cells]


def look_up(cell: Planned, folder: RunFolder | None) -> Run:
    """Return what is known of a cell whose run lies in ``folder``; None: it has none."""
    if folder is None:
        return Run(cell.arm, cell.seed, "missing", "not run yet", config=cell.config)
    state, message, result = _state(folder)
    found = Run(
        cell.arm,
        cell.seed,
        state,
        message,
        folder.path,
        cell.config,
        facts_of(read_sessions(folder)),
        read_history(folder.metrics),
        _drawing(folder),
    )
    if result is None:
        return found
    return replace(
        found,
        metrics=dict(result.metrics),
        seconds=result.seconds,
        cpu_seconds=result.details.get("cpu_seconds"),
        steps=result.steps,
        parameters=result.details.get("parameters", {}).get("total"),
        flops_per_step=result.details.get("flops_per_step"),
        people=flat(result.details.get("people") or {}),
        blocks=read_blocks(folder),
    )


def _drawing(folder: RunFolder) -> str:
    try:
        return folder.topology.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _state(folder: RunFolder) -> tuple[str, str, Result | None]:
    """Return a run's state, one line on it, and its result if it is finished."""
    try:
        result = read_result(folder)
    except (BadResult, OSError) as error:
        return "damaged", " ".join(str(error).replace(f"{folder.path}/", "").split()), None
    if result is not None:
        return "finished", "", result
    status = read_status(folder)
    if status.state == "finished":  # within this very moment
        return _state(folder)
    if status.state == "created":
        working = holder(folder.path) is not None
        return ("running", "about to begin", None) if working else ("interrupted", "ended before its first step", None)
    return status.state, f"at step {status.step}" + (f": {status.message}" if status.message else ""), None


def of_arm(runs: list[Run], arm: str, *, finished: bool = True) -> dict[int, Run]:
    """Return an arm's runs by the number that pairs them, only finished ones unless told otherwise."""
    return {run.pair: run for run in runs if run.arm == arm and (run.finished or not finished)}


def config_of(runs: Sequence[Run], arm: str) -> Mapping[str, Any]:
    """Return the configuration of an arm's first run; {} where the arm has none."""
    return next((run.config for run in runs if run.arm == arm), {})


def cells_by_fact(runs: Sequence[Run]) -> dict[str, dict[str, list[str]]]:
    """Return fact of how the runs were made → value → cells that share it."""
    found: dict[str, dict[str, list[str]]] = {}
    for run in runs:
        for fact, value in run.facts.items():
            found.setdefault(fact, {}).setdefault(value, []).append(run.name)
    return found


def differing(baseline: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return dotted setting → (baseline's value, the other's), the seed left out; None where one lacks the setting."""
    first, second = flat(baseline), flat(other)
    names = [name for name in dict.fromkeys([*first, *second]) if name != "seed"]
    pairs = {name: (first.get(name), second.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
