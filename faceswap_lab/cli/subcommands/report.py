"""``report``: a study again from its runs or its evidence, parts pooled, any runs side by side. Nothing loads torch."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.config import ConfigError

if TYPE_CHECKING:
    from faceswap_lab.cli.study.plan import StudyJob

USAGE = (
    "report +study=NAME [the study's overrides]  or  report EVIDENCE_FOLDER  or  "
    "report EVIDENCE_FOLDER ... [experiments_dir=DIR]  or  report RUN_OR_SWEEP_FOLDER ... [experiments_dir=DIR]"
)
_PLACE = "experiments_dir="


def report(words: Sequence[str], folders: Sequence[Path]) -> int:
    """Write a report, say what it finds, and return the exit code.

    Raises:
        ConfigError: the words name no study and no runs, or nothing is finished.
    """
    from faceswap_lab.cli.study.report import kept_in, show
    from faceswap_lab.studies.across import is_across, read_across
    from faceswap_lab.studies.evidence import is_evidence
    from faceswap_lab.studies.report.across_page import across_lines, write_across_report

    runs = [word for word in words if "=" not in word or os.path.isdir(word)]
    settings = [word for word in words if word not in runs]
    if any(word.startswith("+study=") for word in settings) and not runs:
        lines = _study(settings, folders)
    elif len(runs) == 1 and not settings and is_evidence(Path(runs[0])):
        lines = show(Path(runs[0]))
    elif len(runs) == 1 and not settings and is_across(Path(runs[0])):
        found = read_across(Path(runs[0]))
        lines = across_lines(found, write_across_report(found, Path(runs[0]), kept_in(None)))
    else:
        lines = _together(runs, settings)
    print("\n".join(lines))
    return 0


def _together(words: Sequence[str], settings: Sequence[str]) -> list[str]:
    """Write a report of one study's parts, or of runs side by side: the others are compared with the first of them."""
    from faceswap_lab.cli.study.report import write
    from faceswap_lab.runs.atomic import make_folder, write_json
    from faceswap_lab.studies.analysis import compared
    from faceswap_lab.studies.evidence import is_evidence
    from faceswap_lab.studies.pooled import pooled

    paths = list(dict.fromkeys(map(Path, words)))
    of_a_study = bool(paths) and all(map(is_evidence, paths))
    evidence = [path for path in paths if is_evidence(path)]
    if evidence and not of_a_study:
        other = next(path for path in paths if path not in evidence)
        raise ConfigError(f"report: {evidence[0]} holds evidence, and {other} none. Give folders of one kind.")
    folders = paths if of_a_study else list(dict.fromkeys(run for path in paths for run in _runs_in(path)))
    wrong = [word for word in settings if not word.startswith(_PLACE)]
    if wrong or len(folders) < 2:
        what = "folders of evidence or more are pooled" if of_a_study else "runs or more are compared"
        told = f"{wrong[0]} is no setting of a comparison" if wrong else f"two {what}"
        raise ConfigError(f"report: {told}. Usage: {USAGE}")
    found = pooled(folders) if of_a_study else compared(folders)
    root = Path(os.path.expanduser(settings[-1].removeprefix(_PLACE)) if settings else "experiments")
    digest = hashlib.sha256("\n".join(str(folder.resolve()) for folder in folders).encode()).hexdigest()[:8]
    folder = root / f"{f'{found.plan.name}-pooled' if of_a_study else 'compare'}-{digest}"
    make_folder(folder)
    for name, extra in found.extras.items():
        write_json(folder / f"{name}.json", extra)
    return write(found, folder)


def _runs_in(path: Path) -> list[Path]:
    """Return a run folder itself, the finished runs of a sweep, or the runs in a folder of them."""
    from faceswap_lab.cli.sweep.records import SWEEPS, recorded
    from faceswap_lab.runs.folder import RunFolder, is_run

    if is_run(path):
        return [path]
    if path.parent.name == SWEEPS:
        return [_run_of(path, Path(status.folder)) for _, status in recorded(path) if status.code == 0]
    if path.name == SWEEPS or RunFolder(path).config.is_file():  # beside runs in runs/*: also one killed as it began
        return []
    inside = [one for one in sorted(path.iterdir()) if is_run(one)] if path.is_dir() else []
    if inside:
        return inside
    raise ConfigError(f"report: {path} is no run folder. Run folders lie in runs/, and hold a run.json.")


def _run_of(sweep: Path, made: Path) -> Path:
    """Return a run of a sweep's: beside the sweep, where both may have been moved, or else where it was made."""
    beside = sweep.parent.parent / made.name
    return made if made.is_dir() and not beside.is_dir() else beside


def _study(words: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """Write a study's report from the runs that are finished."""
    from faceswap_lab.cli.own_groups import check_groups
    from faceswap_lab.cli.study.levels import levels_of, report_levels
    from faceswap_lab.cli.study.plan import study_of
    from faceswap_lab.cli.study.tuning import declares_tuning, report_tuned
    from faceswap_lab.cli.typed import as_hydra_reads
    from faceswap_lab.options import Options

    check_groups(folders)
    words = as_hydra_reads(words, Options(folders), sweep=True)
    levels = levels_of(words)
    if declares_tuning(words, folders):
        return report_tuned(words, levels, folders)
    return report_levels(levels, folders, _again) if levels else _again(study_of(words, folders))


def _again(job: "StudyJob") -> list[str]:
    from faceswap_lab.cli.study.report import make_report
    from faceswap_lab.cli.study.time import look

    if not look(job).finished:
        raise ConfigError(
            f"report: of {job.plan.name}'s {len(job.plan.cells)} cells none is finished in {job.plan.runs_dir}. "
            f"Run it first: {job.command()}"
        )
    return make_report(job)
