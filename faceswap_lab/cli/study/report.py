"""A study's report, made from finished runs; and the one further measurement that its configuration may ask for."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from faceswap_lab.cli.job.faces import faces_of
from faceswap_lab.cli.study.declaration import DECLARED, became_of
from faceswap_lab.cli.study.lines import result_lines
from faceswap_lab.cli.study.plan import StudyJob
from faceswap_lab.config import Config, ConfigError
from faceswap_lab.runs.atomic import make_folder, write_json
from faceswap_lab.studies.evidence import Evidence, other_question, read_evidence, write_evidence
from faceswap_lab.studies.tuning import TUNING

_OF = "of"  # under this key a measurement names the run it belongs to


def check_folder(job: StudyJob) -> None:
    """Refuse to lose the evidence of another question: one of the same name that was asked with other settings.

    Raises:
        ConfigError: the study's folder holds such evidence.
    """
    tuned = {word.partition("=")[0] for words in job.arms.own.values() for word in words}
    unlike = other_question(job.plan, job.folder, tuned)
    if unlike:
        more = f", and {len(unlike) - 3} more differences" if unlike[3:] else ""
        raise ConfigError(
            f"{job.folder} holds the answer to another question, which the report would replace: "
            f"{'; '.join(unlike[:3])}{more}. Move that folder, or write elsewhere: experiments_dir=FOLDER"
        )


def make_report(job: StudyJob) -> list[str]:
    """Write the report into the study's folder and return what to say on the terminal.

    Raises:
        OSError: the folder cannot be written.
        ConfigError: it holds the evidence of another question.
    """
    from faceswap_lab.studies.analysis import evidence_of

    check_folder(job)
    name = job.study.companion
    measured = _measured(job, name) if name else None
    extras = {name: measured} if name and measured else {}
    tuned = job.folder / f"{TUNING}.json"
    if job.arms.own and tuned.is_file():  # while arms are tried at factors there is none
        extras[TUNING] = json.loads(tuned.read_text(encoding="utf-8"))
    found = evidence_of(job.plan)
    if declared := became_of(job):
        make_folder(job.folder)
        write_json(job.folder / f"{DECLARED}.json", declared)
        extras[DECLARED] = declared
    return write(replace(found, extras=extras), job.folder, job.baseline)


def write(found: Evidence, folder: Path, config: Config | None = None) -> list[str]:
    """Keep the evidence in a folder and make the report from what was kept; return what to say on the terminal."""
    write_evidence(found, folder)
    return show(folder, config)


def show(folder: Path, config: Config | None = None) -> list[str]:
    """Make the report of a folder of evidence; return what to say on the terminal."""
    from faceswap_lab.studies.analysis import analyse
    from faceswap_lab.studies.report import write_report

    findings = analyse(read_evidence(folder))
    return result_lines(findings, write_report(findings, folder, kept_in(config.cache_dir if config else None)))


def kept_in(cache_dir: str | None) -> Path | None:
    """Return the folder in which reports keep what each of them needs; None where the user has none."""
    from faceswap_lab.data.cache import CacheError, cache_root

    try:
        return cache_root(cache_dir)
    except CacheError:
        return None


def measure_companion(job: StudyJob) -> None:
    """Make the further measurement that the study asks for, unless it lies beside the report already. Loads torch."""
    name = job.study.companion
    if name is None or _measured(job, name) is not None:
        return
    from faceswap_lab.training.order_effect.measure import companion

    measured = companion(job.baseline, faces_of(job.baseline))
    make_folder(job.folder)
    write_json(job.folder / f"{name}.json", {_OF: job.plan.cells[0].digest, **measured})


def _measured(job: StudyJob, name: str) -> dict[str, Any] | None:
    """Return a measurement stored beside the report, if it was made with the study's baseline as it is now."""
    try:
        content = json.loads((job.folder / f"{name}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get(_OF) == job.plan.cells[0].digest else None
