"""What a study declares before its first run, and what is told of it afterwards."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.study.course import Course, Progress
from faceswap_lab.cli.study.declaration import became_of, declarations, place_of
from faceswap_lab.cli.study.plan import StudyJob, study_of
from faceswap_lab.cli.sweep.sweeper import EveryCombination
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.result import Result, write_result
from faceswap_lab.studies.plan import Planned


@pytest.fixture
def job(tmp_path: Path) -> StudyJob:
    return study_of(["+study=smoke", "seed=0,1", f"runs_dir={tmp_path}/runs"], [conf_dir()])


def declare(job: StudyJob) -> None:
    Course(job, Progress(4, frozenset(), 1), job.folder).declare()


def run(job: StudyJob, cells: Sequence[Planned]) -> list[Path]:
    folders = []
    for cell in cells:
        folder = find_or_create(job.plan.runs_dir, cell.arm, cell.seed, cell.digest)
        write_result(
            folder,
            Result(digest=cell.digest, label=cell.arm, seed=cell.seed, steps=1, seconds=1.0, metrics={}, details={}),
        )
        folders.append(folder.path)
    return folders


def test_what_was_declared_before_the_first_run_is_told_with_what_was_started(
    job: StudyJob, capsys: pytest.CaptureFixture[str]
) -> None:
    assert became_of(job) is None
    declare(job)
    (entry,) = declarations(place_of(job))
    assert entry["declared"]["study"]["metric"] == job.plan.metric
    assert len(entry["declared"]["runs"]) == 4
    assert capsys.readouterr().out.startswith(f"declared    {entry['hash']} in commit {entry['commit']}")
    folders = run(job, job.plan.cells)
    declare(job)  # the command repeated
    assert declarations(place_of(job)) == [entry]
    told = f"Declared in commit {entry['commit']}, hash {entry['hash']}, before the first run. "
    assert became_of(job) == {"says": [f"{told}Runs started: 4; finished, and reported: 4."]}
    shutil.rmtree(folders[0])
    assert became_of(job) == {"says": [f"{told}Runs started: 4; finished, and reported: 3."]}
    run(job, job.plan.cells[:1])  # until it is as one would have it
    assert became_of(job) == {"says": [f"{told}Runs started: 5; finished, and reported: 4."]}


def test_what_is_declared_late_or_anew_says_so(job: StudyJob) -> None:
    run(job, job.plan.cells[:3])
    declare(job)
    (entry,) = declarations(place_of(job))
    (told,) = became_of(job)["says"]  # type: ignore[index]
    assert "when 3 of its runs had begun, of this study or another" in told
    other = replace(job, plan=replace(job.plan, metric="swap_ssim_AB"))
    assert "What is asked here is not what was declared then." in became_of(other)["says"][0]  # type: ignore[index]
    declare(other)
    anew = became_of(other)
    assert anew is not None
    assert "not what was declared" not in anew["says"][0]
    assert [one["hash"] for one in anew["declared_before_that"]] == [entry["hash"]]


def test_a_declaration_that_cannot_be_written_stops_no_study(job: StudyJob, capsys: pytest.CaptureFixture[str]) -> None:
    job.plan.runs_dir.mkdir()
    (job.plan.runs_dir / ".declared").write_text("a file where a folder should be")
    declare(job)
    assert "The declaration could not be written" in capsys.readouterr().err
    assert became_of(job) is None


@pytest.mark.parametrize(("to_run", "told"), [([["seed=0"]], ["declared", "launched"]), ([], [])])
def test_a_sweep_declares_its_study_before_the_first_cell_and_only_if_there_is_one(
    to_run: list[list[str]], told: list[str], tmp_path: Path
) -> None:
    said: list[str] = []
    sweeper = EveryCombination()
    sweeper._plan = lambda _: (to_run, [])  # type: ignore[method-assign]
    sweeper.task = SimpleNamespace(study=SimpleNamespace(declare=lambda: said.append("declared")))
    sweeper.launcher = SimpleNamespace(launch=lambda *_, **__: said.append("launched"))
    choices = {"hydra/launcher": "basic"}
    sweeper.hydra = SimpleNamespace(sweep=SimpleNamespace(dir=tmp_path), runtime=SimpleNamespace(choices=choices))
    sweeper.sweep([])
    assert said == told
