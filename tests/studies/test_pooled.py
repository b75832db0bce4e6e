"""A study in parts says, once its parts are pooled, what it would have said in one go."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path

import pytest

from faceswap_lab.cli.subcommands.report import report
from faceswap_lab.config import ConfigError
from faceswap_lab.studies.analysis import analyse, evidence_of
from faceswap_lab.studies.evidence import Evidence, read_evidence, write_evidence
from faceswap_lab.studies.findings import Findings
from faceswap_lab.studies.overview.table import overview
from faceswap_lab.studies.pooled import pooled
from tests.studies.fake_runs import FakeArm, fake_study
from tests.studies.test_evidence import near

ARMS = {"baseline": FakeArm(says="The baseline."), "two": FakeArm(shift=-0.1, changes={"encoders.count": 2})}
OTHERWISE = ("notes", "command", "settings", "grids", "scope")


def part(
    folder: Path, seeds: Iterable[int], arms: Mapping[str, FakeArm] = ARMS, **states: Mapping[tuple[str, int], str]
) -> Path:
    """Keep what a study with these seeds said."""
    write_evidence(evidence_of(fake_study(folder / "runs", arms, seeds, settings=["scale=smoke"], **states)), folder)
    return folder


def cells(found: Evidence) -> list[tuple[str, int, str]]:
    return [(run.arm, run.seed, run.state) for run in found.runs]


def test_parts_say_together_what_the_whole_says(tmp_path: Path) -> None:
    whole = read_evidence(part(tmp_path / "whole", range(8)))
    first, then = part(tmp_path / "first", range(5)), part(tmp_path / "then", range(5, 8))
    found = pooled([first, then])
    said, expected = analyse(found), analyse(whole)
    for field in (field.name for field in fields(Findings) if field.name not in OTHERWISE):
        assert near(getattr(said, field), getattr(expected, field)), field
    assert said.notes[:-1] == expected.notes
    assert "has looked twice" in said.notes[-1]
    assert said.command.endswith("report " + f"{first} {then}")
    assert cells(pooled([then, first])) == cells(found)


def test_a_finished_cell_counts_before_one_that_is_not_and_else_the_first(tmp_path: Path) -> None:
    states = {("two", 1): "diverged", ("two", 3): "missing"}
    first = part(tmp_path / "first", range(4), states=states)
    then = read_evidence(part(tmp_path / "then", range(1, 4)))
    runs = [replace(run, metrics={key: value + 1 for key, value in run.metrics.items()}) for run in then.runs]
    write_evidence(replace(then, runs=runs), tmp_path / "then")
    found = {(run.arm, run.seed): run for run in pooled([first, tmp_path / "then"]).runs}
    own = {(run.arm, run.seed): run for run in read_evidence(first).runs}
    others = {(run.arm, run.seed): run for run in runs}
    for cell, run in found.items():
        assert run.state == "finished"
        assert run.metrics == (others if cell in states else own)[cell].metrics


def test_an_arm_that_only_some_parts_have_is_missing_in_the_others(tmp_path: Path) -> None:
    more = ARMS | {"third": FakeArm(changes={"training.max_steps": 900})}
    found = pooled([part(tmp_path / "first", range(2)), part(tmp_path / "then", range(2, 4), more)])
    expected = [(arm, seed, "finished") for arm in ARMS for seed in range(4)]
    states = ["missing", "missing", "finished", "finished"]
    assert cells(found) == expected + [("third", seed, state) for seed, state in enumerate(states)]
    assert [run.config["training"]["max_steps"] for run in found.runs if run.arm == "third"] == [900] * 4
    assert any("third/0" in warning for warning in analyse(found).provenance.warnings)


def test_other_questions_and_arms_with_other_settings_are_not_pooled(tmp_path: Path) -> None:
    first = part(tmp_path / "first", range(3))
    other = part(tmp_path / "other", range(3, 5), ARMS | {"two": FakeArm(changes={"encoders.count": 3})})
    with pytest.raises(ConfigError, match=r"first and .*other are not one study.*: two's encoders\.count is 2 and 3\."):
        pooled([first, other])
    one = read_evidence(first)
    write_evidence(replace(one, plan=replace(one.plan, metric="swap_ssim_BA")), tmp_path / "asked")
    with pytest.raises(ConfigError, match="metric is 'swap_ssim_AB' and 'swap_ssim_BA'"):
        pooled([first, tmp_path / "asked"])
    write_evidence(replace(one, extras={"tuning": {}}), tmp_path / "tuned")
    (tmp_path / "tuned" / "tuning.json").write_text("{}")
    with pytest.raises(ConfigError, match="tuned is of a study that tunes its arms"):
        pooled([first, tmp_path / "tuned"])


def test_every_two_parts_must_agree_and_on_the_same_people(tmp_path: Path) -> None:
    alone = {"baseline": ARMS["baseline"]}
    first, second = part(tmp_path / "first", range(2), alone), part(tmp_path / "second", range(2, 4))
    third = part(tmp_path / "third", range(4, 6), ARMS | {"two": FakeArm(changes={"encoders.count": 3})})
    with pytest.raises(ConfigError, match=r"second and .*third are not one study.*: two's encoders\.count"):
        pooled([first, second, third])
    told = read_evidence(second)
    others = [replace(run, facts=run.facts | {"data": "folders-other"}) for run in told.runs]
    write_evidence(replace(told, runs=others), tmp_path / "others")
    with pytest.raises(ConfigError, match=r"the data of baseline is 'twins-0123abcd' and 'folders-other'"):
        pooled([first, tmp_path / "others"])


def test_the_report_of_the_parts_is_evidence_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = [part(tmp_path / name, seeds) for name, seeds in (("first", range(5)), ("then", range(5, 8)))]
    assert report([*map(str, parts), f"experiments_dir={tmp_path / 'pooled'}"], []) == 0
    (folder,) = (tmp_path / "pooled").iterdir()
    assert near(analyse(read_evidence(folder)).primary, analyse(pooled(parts)).primary)
    parts_and_all = tmp_path / "experiments"
    parts_and_all.mkdir()
    for one in (*parts, folder):
        one.rename(parts_and_all / one.name)
    assert {row.study for row in overview(parts_and_all).rows} == {folder.name}  # its parts are in it
    assert f"report      {folder / 'report.html'}" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="is no run folder"):
        report([str(parts[0]), str(parts[0] / "runs")], [])
