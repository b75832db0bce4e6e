"""``report``: a study's report again from its finished runs, or any runs side by side. Nothing here loads torch."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.config import ConfigError

if TYPE_CHECKING:
    from faceswap_lab.cli.study_plan import Asked

USAGE = (
    "report +study=NAME [the study's overrides]  or  report EVIDENCE_FOLDER  or  "
    "report RUN_FOLDER RUN_FOLDER ... [experiments_dir=DIR]"
)
_PLACE = "experiments_dir="


def report(words: Sequence[str], folders: Sequence[Path]) -> int:
    """Write a report, say what it finds, and return the exit code.

    Args:
        words: what follows ``report``.
        folders: where groups lie, ours first.

    Raises:
        ConfigError: the words name no study and no runs, or nothing is finished.
    """
    from faceswap_lab.cli.study_report import kept_in, show
    from faceswap_lab.studies.across import is_across, read_across
    from faceswap_lab.studies.evidence import is_evidence
    from faceswap_lab.studies.report.across_page import across_lines, write_across_report

    runs = [word for word in words if Path(word).is_dir() or "=" not in word]
    settings = [word for word in words if word not in runs]
    if any(word.startswith("+study=") for word in settings) and not runs:
        lines = _study(settings, folders)
    elif len(runs) == 1 and not settings and is_evidence(Path(runs[0])):
        lines = show(Path(runs[0]))
    elif len(runs) == 1 and not settings and is_across(Path(runs[0])):
        found = read_across(Path(runs[0]))
        lines = across_lines(found, write_across_report(found, Path(runs[0]), kept_in(None)))
    else:
        lines = _compare(runs, settings)
    print("\n".join(lines))
    return 0


def _compare(runs: Sequence[str], settings: Sequence[str]) -> list[str]:
    """Write a report of runs side by side; the first is what the others are compared with."""
    wrong = [word for word in settings if not word.startswith(_PLACE)]
    if wrong or len(runs) < 2:
        told = f"{wrong[0]} is no setting of a comparison" if wrong else "two runs or more are compared"
        raise ConfigError(f"report: {told}. Usage: {USAGE}")
    from faceswap_lab.cli.study_report import write
    from faceswap_lab.runs.folder import is_run
    from faceswap_lab.studies.analysis import compared

    paths = [Path(run) for run in runs]
    for path in paths:
        if not is_run(path):
            raise ConfigError(f"report: {path} is no run folder. Run folders lie in runs/, and hold a run.json.")
    root = Path(settings[-1].removeprefix(_PLACE) if settings else "experiments")
    digest = hashlib.sha256("\n".join(str(path.resolve()) for path in paths).encode()).hexdigest()[:8]
    return write(compared(paths), root / f"compare-{digest}")


def _study(words: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """Write a study's report from the runs that are finished."""
    from faceswap_lab.cli.compose import judged
    from faceswap_lab.cli.study_levels import levels_of, report_levels

    levels = levels_of(words)
    if levels is not None:
        return report_levels(levels, folders, _again)
    with judged(words, folders):
        asked = study_of(words, folders)
    return _again(asked)


def _again(asked: "Asked") -> list[str]:
    from faceswap_lab.cli.study_report import make_report
    from faceswap_lab.cli.study_time import look

    if not look(asked).finished:
        raise ConfigError(
            f"report: of {asked.plan.name}'s {len(asked.plan.cells)} cells none is finished in {asked.plan.runs_dir}. "
            f"Run it first: {asked.command()}"
        )
    return make_report(asked)


def study_of(words: Sequence[str], folders: Sequence[Path]) -> "Asked":
    """Work out a study's cells outside of a sweep; a person's own folder comes where Hydra's --config-dir puts it.

    Args:
        words: overrides as typed.
        folders: where groups lie, ours first.

    Raises:
        ConfigError: the study, an arm or a seed means nothing.
        hydra.errors.HydraException: an arm cannot be composed.
    """
    from hydra import compose
    from omegaconf import OmegaConf

    from faceswap_lab.cli.compose import composing
    from faceswap_lab.cli.study_plan import ask

    with composing(folders):
        own = [word for word in words if not word.startswith(("hydra.", "hydra/"))]
        study = [word for word in own if word.startswith("+study=")]
        params = compose("config", study[-1:], return_hydra_config=True).hydra.sweeper.params
        plain = OmegaConf.to_container(params or OmegaConf.create())
        assert isinstance(plain, dict)
        return ask(own, plain, folders)  # type: ignore[arg-type]
