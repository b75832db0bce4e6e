"""What is finished and how long the rest takes, from a runs folder written here; and the lines that say so."""

import doctest
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.job import label
from faceswap_lab.cli.job.status import JobStatus
from faceswap_lab.cli.study import plan as study_plan
from faceswap_lab.cli.study import time as study_time
from faceswap_lab.cli.study.course import Progress
from faceswap_lab.cli.study.lines import plan_lines
from faceswap_lab.cli.study.plan import StudyJob, study_of
from faceswap_lab.cli.study.time import Known, cells_at_once, look, remaining
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import Result, write_result


def asked_in(root: Path) -> StudyJob:
    return study_of(["+study=smoke", "+experiment=baseline,two_encoders,joint", f"runs_dir={root}"], [conf_dir()])


def finish(asked: StudyJob, arm: str, seed: int, seconds: float, suffix: str = "") -> RunFolder:
    digest = asked.digest(arm, seed)
    folder = RunFolder(asked.plan.runs_dir / f"any-s{seed}-{digest}{suffix}")
    folder.path.mkdir(parents=True)
    write_result(folder, Result(digest=digest, label="any", seed=seed, steps=1, seconds=seconds, metrics={}))
    return folder


@pytest.mark.parametrize("module", [label, study_plan, study_time])
def test_the_examples(module):
    assert doctest.testmod(module).failed == 0


def test_finished_cells_are_found_by_their_hash_and_time_is_theirs(tmp_path: Path):
    asked = asked_in(tmp_path / "runs")
    assert look(asked) == Known(set(), {})
    assert remaining(asked, look(asked)) is None
    finish(asked, "baseline", 0, 10)
    finish(asked, "baseline", 1, 20)
    finish(asked, "two_encoders", 7, 100)  # no seed of the study, but the arm
    (tmp_path / "runs" / "joint-s0-0123456789").mkdir()  # another configuration
    known = look(asked)
    assert known.finished == {("baseline", 0), ("baseline", 1)}
    assert known.seconds == {"baseline": 15, "two_encoders": 100}
    assert remaining(asked, known) == 2 * 100 + 2 * (15 + 100) / 2  # joint is taken to be as the others are


def test_a_run_repeated_counts_by_its_newest_folder(tmp_path: Path):
    asked = asked_in(tmp_path)
    finish(asked, "joint", 1, 10)
    damaged = finish(asked, "joint", 1, 30, ".10")
    finish(asked, "joint", 1, 20, ".9")
    assert look(asked) == Known({("joint", 1)}, {"joint": 30})
    damaged.result.write_text("{")
    assert look(asked).finished == set()


@pytest.mark.parametrize(
    ("launcher", "jobs", "at_once"),
    [("basic", None, 1), ("joblib", 3, 3), ("submitit_local", None, None), ("ray", None, None)],
)
def test_how_many_cells_run_at_once(launcher: str, jobs: int | None, at_once: int | None):
    assert cells_at_once(launcher, jobs) == at_once


def test_all_processors_are_at_least_one():
    assert (cells_at_once("joblib", -1) or 0) >= 1


def test_the_plan_says_what_will_run(tmp_path: Path):
    asked = asked_in(tmp_path)
    text = "\n".join(plan_lines(asked, look(asked), "joblib", 2))
    assert "smoke: Does a whole question run" in text
    assert "3 arms x 2 seeds = 6: 0 finished already, 6 to run" in text
    assert "not known" in text
    assert "joblib: 2 cells at a time" in text
    assert str(asked.folder / "report.html") in text
    finish(asked, "baseline", 0, 600)
    assert "1 finished already, 5 to run\ntime        about 25 min" in "\n".join(
        plan_lines(asked, look(asked), "joblib", 2)
    )
    lonely = Known({(cell.arm, cell.seed) for cell in asked.plan.cells[1:]}, {"baseline": 600})
    assert "1 to run\ntime        about 10 min" in "\n".join(plan_lines(asked, lonely, "joblib", 2))
    for arm, seed in {(cell.arm, cell.seed) for cell in asked.plan.cells} - {("baseline", 0)}:
        finish(asked, arm, seed, 600)
    done = "\n".join(plan_lines(asked, look(asked), "joblib", 2))
    assert "6 finished already, 0 to run\nreport" in done


def cell(arm: str, seed: int, state: str) -> tuple[list[str], JobStatus]:
    return ([f"+experiment={arm}", f"seed={seed}", "+study=any"], JobStatus(state))  # type: ignore[arg-type]


def test_progress_counts_each_cell_once():
    progress = Progress(5, frozenset({("a", 0), ("a", 1)}), at_once=1, started=100)
    assert progress.line([cell("a", 0, "reused")], 101) == "study       2 of 5 cells done, 3 left"
    cells = [cell("a", 0, "reused"), cell("b", 0, "finished"), cell("b", 1, "failed")]
    assert progress.line(cells, 140) == "study       4 of 5 cells done, 1 of them failed, 1 left: about 20 s"
    assert progress.line([*cells, cell("c", 0, "finished")], 160) == "study       5 of 5 cells done, 1 of them failed"


def test_an_interrupted_cell_is_neither_done_nor_failed():
    cells = [cell("a", 0, "finished"), cell("a", 1, "interrupted")]
    assert (
        Progress(3, frozenset(), at_once=2, started=0).line(cells, 10)
        == "study       1 of 3 cells done, 2 left: about 10 s"
    )


@given(st.integers(1, 8), st.integers(1, 30), st.integers(1, 30))
def test_time_left_is_exact_where_cells_take_equally_long(at_once: int, rounds: int, total_rounds: int):
    """After whole rounds of cells that take 10 s each."""
    rounds = min(rounds, total_rounds)
    progress = Progress(at_once * total_rounds, frozenset(), at_once, started=0)
    cells = [cell("a", seed, "finished") for seed in range(at_once * rounds)]
    left = (total_rounds - rounds) * 10
    assert progress.line(cells, rounds * 10).endswith(f"about {study_time.in_words(left)}" if left else "cells done")


def test_the_first_of_two_at_once_does_not_double_the_time():
    line = Progress(4, frozenset(), at_once=2, started=0).line([cell("a", 0, "finished")], 10)
    assert line.endswith("3 left: about 15 s")
