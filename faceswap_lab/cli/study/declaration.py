"""What a study declares before its first run, and what became of the runs that it declared.

    runs/.declared/<study>.json       what was declared, when, in which commit, how many of its runs had begun by then

It lies beside the runs, which are there before a report is. A study that tunes keeps its own beside its report.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faceswap_lab
from faceswap_lab.cli.study.plan import StudyJob
from faceswap_lab.runs.atomic import make_folder, write_json
from faceswap_lab.runs.folder import find_all
from faceswap_lab.runs.provenance import code
from faceswap_lab.runs.result import sound_result
from faceswap_lab.runs.started import key_of, started
from faceswap_lab.studies.plan import Planned, StudyPlan

DECLARED = "declared"
"""The name of the extra that the evidence of a declared study has."""

_OF_A_PLAN = ("name", "question", "baseline", "metric", "smallest_difference", "secondary", "seeds")
_BEGUN = "its runs begun by then"


def declared_by(plan: StudyPlan, cells: Iterable[Planned]) -> dict[str, Any]:
    """Return what a study with these cells declares, as plain JSON."""
    return {
        "study": {key: getattr(plan, key) for key in _OF_A_PLAN},
        "arms": list(plan.arms),
        "runs": sorted(key_of(cell.seed, cell.digest) for cell in cells),
    }


def place_of(job: StudyJob) -> Path:
    """Return the file of a study's declarations."""
    if job.arms.own:
        return job.folder / "declarations.json"
    return job.plan.runs_dir / ".declared" / f"{job.folder.name}.json"


def declare(file: Path, declared: Mapping[str, Any], runs_dir: Path) -> dict[str, Any]:
    """Write down what is declared, in which commit and how many of its runs had begun, unless it stands there last.

    Returns:
        the last declaration.

    Raises:
        faceswap_lab.runs.atomic.StorageError: the file cannot be written.
    """
    known, digest = declarations(file), _hash(declared)
    if known and known[-1]["hash"] == digest:
        return known[-1]
    made = code(Path(faceswap_lab.__file__).parent) or {}
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "hash": digest,
        "commit": (made.get("commit") or "not known")[:12] + (", changed" if made.get("dirty") else ""),
        _BEGUN: len(begun(declared["runs"], runs_dir)),
        "declared": declared,
    }
    make_folder(file.parent, of=file)
    write_json(file, [*known, entry])
    return entry


def declarations(file: Path) -> list[dict[str, Any]]:
    """Return what was declared so far, oldest first."""
    return list(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else []


def begun(runs: Iterable[str], runs_dir: Path) -> dict[str, int]:
    """Return how often each of some runs was started, of those that ever were."""
    times = started(runs_dir, find_all(runs_dir))
    return {run: times[run] for run in runs if times[run]}


def became_of(job: StudyJob) -> dict[str, Any] | None:
    """Return when a study was declared, and how many of its runs were started and are reported; None: it was not."""
    known = declarations(place_of(job))
    if not known:
        return None
    last, runs_dir = known[-1], job.plan.runs_dir
    runs, first = last["declared"]["runs"], last[_BEGUN]
    folders = {key_of(*run): folder for run, folder in find_all(runs_dir).items()}
    finished = sum(sound_result(folders.get(run)) is not None for run in set(runs))
    when = f"when {first} of its runs had begun, of this study or another" if first else "before the first run"
    count = sum(begun(runs, runs_dir).values())
    reported = f"finished, and reported: {finished}"
    if job.arms.own:  # runs of candidates that were not chosen may be there, on the people that count
        reported = f"finished: {finished}; the section on tuning says which are reported"
    says = f"Declared in commit {last['commit']}, hash {last['hash']}, {when}. Runs started: {count}; {reported}."
    if not job.arms.own and _hash(declared_by(job.plan, job.plan.cells)) != last["hash"]:
        says += " What is asked here is not what was declared then."
    earlier = [{key: one[key] for key in ("hash", "commit", _BEGUN)} for one in known[:-1]]
    return {"says": [says]} | ({"declared_before_that": earlier} if earlier else {})


def _hash(declared: Mapping[str, Any]) -> str:
    text = json.dumps(declared, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
