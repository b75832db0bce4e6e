"""The runs of a study as they lie on the disk: each planned cell looked up, finished or not, nothing dropped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from faceswap_lab.runs.flat import flat
from faceswap_lab.runs.folder import RunFolder, find_all
from faceswap_lab.runs.lock import holder
from faceswap_lab.runs.result import BadResult, Result, read_result
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.runs.status import read_status
from faceswap_lab.studies.collecting.blocks import read_blocks
from faceswap_lab.studies.collecting.history import Rows, read_history
from faceswap_lab.studies.collecting.sessions import facts_of
from faceswap_lab.studies.findings import Cell
from faceswap_lab.studies.metric_names import own_path
from faceswap_lab.studies.plan import Planned, StudyPlan
from faceswap_lab.studies.statistics.crossed import Blocks


@dataclass(frozen=True)
class Run:
    """A cell and all that a report needs of its run.

    Attributes:
        cell: what is shown of it.
        pair: runs of two arms with the same number are compared with each other: the seed, but for groups of seeds.
        config: what can change the result, nested.
        facts: how it was made (commit, versions, hardware, …); {} where that is not known.
        history: metric → (step, value), of any run that has begun.
        steps: training steps of a finished run, else 0.
        parameters: of the whole model, if the run is finished.
        flops_per_step: floating-point operations of a training step; None where the run did not count them.
        people: what is known of the pair of people, where the seed drew them: plain numbers and words by name.
        drawing: its topology as an SVG document; "" where the run has none.
        blocks: metric → what single held-out pictures of real people say of it.
    """

    cell: Cell
    pair: int
    config: Mapping[str, Any]
    facts: dict[str, str] = field(default_factory=dict)
    history: dict[str, Rows] = field(default_factory=dict)
    steps: int = 0
    parameters: int | None = None
    flops_per_step: float | None = None
    people: dict[str, Any] = field(default_factory=dict)
    drawing: str = ""
    blocks: Mapping[str, Blocks] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether it has a result."""
        return self.cell.state == "finished"

    @property
    def name(self) -> str:
        """Arm and seed, as warnings name a cell."""
        return f"{self.cell.arm}/{self.cell.seed}"

    def value(self, key: str) -> float | None:
        """Return a metric of a finished run. With one encoder both swap paths are one, and so are their metrics."""
        metrics, other = self.cell.metrics, own_path(key)
        return metrics.get(key, metrics.get(other) if other else None)

    def in_blocks(self, key: str) -> Blocks | None:
        """Return what single pictures say of a metric, as ``value`` does of all of them."""
        other = own_path(key)
        return self.blocks.get(key) or (self.blocks.get(other) if other else None)

    def curve(self, key: str) -> Rows:
        """Return a metric over training steps; empty if the run has none of it."""
        other = own_path(key)
        return self.history.get(key) or (self.history.get(other, []) if other else [])


def collect(plan: StudyPlan) -> list[Run]:
    """Look up every cell of a study, with one listing of its runs folder."""
    folders = find_all(plan.runs_dir)
    return [look_up(cell, folders.get((cell.seed, cell.digest))) for cell in plan.cells]


def look_up(cell: Planned, folder: RunFolder | None) -> Run:
    """Return what is known of a cell whose run lies in ``folder``; None: it has none."""
    if folder is None:
        return Run(Cell(cell.arm, cell.seed, "missing", "not run yet"), cell.seed, cell.config)
    state, message, result = _state(folder)
    seen = Cell(
        cell.arm,
        cell.seed,
        state,
        message,
        folder.path,
        dict(result.metrics) if result else {},
        result.seconds if result else None,
    )
    return Run(
        seen,
        cell.seed,
        cell.config,
        facts_of(read_sessions(folder)),
        read_history(folder.metrics),
        result.steps if result else 0,
        _parameters(result) if result else None,
        result.details.get("flops_per_step") if result else None,
        _people(result) if result else {},
        _drawing(folder),
        read_blocks(folder) if result else {},
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


def _parameters(result: Result) -> int | None:
    counts = result.details.get("parameters")
    total = counts.get("total") if isinstance(counts, dict) else None
    return total if isinstance(total, int) else None


def _people(result: Result) -> dict[str, Any]:
    people = result.details.get("people")
    return flat(people) if isinstance(people, dict) else {}


def of_arm(runs: list[Run], arm: str, *, finished: bool = True) -> dict[int, Run]:
    """Return an arm's runs by the number that pairs them, only finished ones unless told otherwise."""
    return {run.pair: run for run in runs if run.cell.arm == arm and (run.finished or not finished)}


def differing(baseline: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return dotted setting → (baseline's value, the other's), the seed left out; None where one lacks the setting."""
    first, second = flat(baseline), flat(other)
    names = [name for name in dict.fromkeys([*first, *second]) if name != "seed"]
    pairs = {name: (first.get(name), second.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
