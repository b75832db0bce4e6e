"""A study that tunes each arm first: tried on some people, judged on others; repeated, everything is found again."""

import re

import pytest

from tests.acceptance.program import Program

pytestmark = pytest.mark.acceptance

TUNED = (
    *("+study=smoke", "seed=0", "+experiment=baseline,joint", "training.max_steps=4", "progress=false"),
    "data=people",
    *("+study.tuning={optimizer.lr:[x1,x50]}", "+study.tuning_seeds=[5]"),
)


def test_from_the_declaration_to_the_report_and_again(program: Program) -> None:
    ended = program.run(*TUNED, seconds=120)
    assert ended.code == 0, ended.err
    (folder,) = (program.place / "experiments").iterdir()
    said = ended.out.splitlines()
    assert said[0] == "tuning      every arm is judged at every candidate before the first run …"
    assert said[1] == "tuning      optimizer.lr=x1, optimizer.lr=x50"
    assert said[4].startswith("declared    ")
    assert len([line for line in said if line.startswith("tuned       ") and "optimizer.lr=" in line]) == 2
    runs = set(program.runs.glob("*-s*"))
    assert len([run for run in runs if "-s5-" in run.name]) == 4  # of two arms at two candidates
    page = (folder / "report.md").read_text()
    assert "| of the candidates, on the development population | 4 | 4 |" in page
    assert "| of candidates that were not chosen, on the people that count | 0 | 0 |" in page
    assert re.search(
        r"before the first run\. Runs started: (\d+); finished: \1; the section on tuning says which", page
    )
    assert "| joint | optimizer.lr=0.1 | " in page
    evidence = sorted(path.parent.relative_to(folder).parts[:1] for path in folder.rglob("study.json"))
    assert evidence == [(), ("tuning",), ("tuning",), ("untuned",)]

    repeated = program.run(*TUNED, seconds=120)
    assert repeated.code == 0, repeated.err
    assert "cell 1:" not in repeated.out
    assert set(program.runs.glob("*-s*")) == runs
    assert (folder / "report.md").read_text() == page
