"""A study in parts says, once its parts are pooled, what it would have said in one go."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from faceswap_lab.cli.subcommands.report import report
from faceswap_lab.config import ConfigError
from faceswap_lab.studies.analysis import analyse, evidence_of
from faceswap_lab.studies.collecting.pictures import AT_BOTH_ENDS
from faceswap_lab.studies.evidence import Evidence, read_evidence, write_evidence
from faceswap_lab.studies.findings import Findings
from faceswap_lab.studies.overview.table import overview
from faceswap_lab.studies.pooled import pooled
from tests.studies.fake_runs import PEOPLE, FakeArm, fake_study
from tests.studies.test_evidence import near

ARMS = {"baseline": FakeArm(says="The baseline."), "two": FakeArm(shift=-0.1, changes={"encoders.count": 2})}
OTHERWISE = ("notes", "command", "settings", "grids", "scope")


def part(folder: Path, seeds: Iterable[int], arms: Mapping[str, FakeArm] = ARMS, **fields: Any) -> Path:
    """Keep what a study with these seeds said."""
    study = fake_study(folder / "runs", arms, seeds, **({"settings": ["scale=smoke"]} | fields))
    write_evidence(evidence_of(study), folder)
    return folder


def drawn(folder: Path, seeds: Iterable[int], people: str = "people") -> Path:
    """Keep a study whose every seed draws people of its own, with a fingerprint of their own."""
    seeds, arms = list(seeds), {arm: replace(one, changes=one.changes | {"data": PEOPLE}) for arm, one in ARMS.items()}
    made = {(arm, seed): {"data_fingerprint": f"{people}-{seed}"} for arm in arms for seed in seeds}
    return part(folder, seeds, arms, provenance=made)


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


def of_another_machine(
    folder: Path, seeds: Iterable[int], arms: Mapping[str, FakeArm] = ARMS
) -> dict[tuple[str, int], Any]:
    """Keep a study all of whose runs came out higher by 1 than here; return its metrics by cell."""
    found = read_evidence(part(folder, seeds, arms))
    runs = [replace(run, metrics={key: value + 1 for key, value in run.metrics.items()}) for run in found.runs]
    write_evidence(replace(found, runs=runs), folder)
    return {(run.arm, run.seed): run.metrics for run in runs}


def test_a_seed_is_of_the_part_that_has_more_of_its_cells_finished_and_else_of_the_first(tmp_path: Path) -> None:
    states = {("two", 1): "diverged", ("baseline", 2): "failed", ("two", 3): "missing"}
    first = part(tmp_path / "first", range(4), states=states)
    others = of_another_machine(tmp_path / "then", range(1, 4))
    own = {(run.arm, run.seed): run.metrics for run in read_evidence(first).runs}
    found = pooled([first, tmp_path / "then"])
    assert {(run.arm, run.seed): run.metrics for run in found.runs} == {
        (arm, seed): (others if seed else own)[arm, seed] for arm in ARMS for seed in range(4)
    }


def test_no_arm_is_paired_with_a_baseline_of_another_machine(tmp_path: Path) -> None:
    other = {"baseline": ARMS["baseline"], "third": FakeArm(changes={"training.max_steps": 900})}
    first, here = part(tmp_path / "first", range(3)), part(tmp_path / "here", range(3), other)
    assert {state for _, _, state in cells(pooled([first, here]))} == {"finished"}
    of_another_machine(tmp_path / "there", range(2, 5), other)
    with pytest.raises(
        ConfigError, match=r"baseline with the same seed came to another swap_ssim_AB in .*there \(1\..*first \(0\."
    ):
        pooled([first, tmp_path / "there"])
    of_another_machine(tmp_path / "later", range(3, 5), other)
    assert len(pooled([first, tmp_path / "later"]).runs) == 15


def test_an_arm_whose_own_baseline_is_not_known_is_missing_beside_anothers(tmp_path: Path) -> None:
    alone = part(tmp_path / "alone", [1], states={("two", 1): "missing"})
    part(tmp_path / "lost", [1], states={("baseline", 1): "failed"})  # whatever its baseline would have been
    without = part(tmp_path / "without", [1], {"baseline": ARMS["baseline"]})
    for first in (alone, without):
        found = cells(pooled([first, tmp_path / "lost"]))
        assert found == [("baseline", 1, "finished"), ("two", 1, "missing")]


def test_an_arm_that_only_some_parts_have_is_missing_in_the_others(tmp_path: Path) -> None:
    more = ARMS | {"third": FakeArm(changes={"training.max_steps": 900})}
    found = pooled([part(tmp_path / "first", range(2)), part(tmp_path / "then", range(2, 4), more)])
    expected = [(arm, seed, "finished") for arm in ARMS for seed in range(4)]
    states = ["missing", "missing", "finished", "finished"]
    assert cells(found) == expected + [("third", seed, state) for seed, state in enumerate(states)]
    assert [run.config["training"]["max_steps"] for run in found.runs if run.arm == "third"] == [900] * 4
    assert [run.config["seed"] for run in found.runs if run.arm == "third"] == [0, 1, 2, 3]
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
    write_evidence(replace(one, plan=replace(one.plan, smallest_difference=0.05)), tmp_path / "margin")
    with pytest.raises(ConfigError, match=r"smallest_difference is 0\.02 and 0\.05"):
        pooled([first, tmp_path / "margin"])
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


def test_parts_with_other_plugins_are_not_pooled(tmp_path: Path) -> None:
    for name, seeds in (("first", range(2)), ("then", range(2, 4))):
        told = read_evidence(part(tmp_path / name, seeds))
        runs = [replace(run, facts=run.facts | {"plugins": f"loss.py of {name}"}) for run in told.runs]
        write_evidence(replace(told, runs=runs), tmp_path / name)
    with pytest.raises(ConfigError, match=r"the plugins of baseline is 'loss\.py of first' and 'loss\.py of then'"):
        pooled([tmp_path / "first", tmp_path / "then"])


def test_every_seed_may_draw_people_of_its_own_and_the_same_seed_the_same(tmp_path: Path) -> None:
    first, then = drawn(tmp_path / "first", range(3)), drawn(tmp_path / "then", range(3, 6))
    found = pooled([first, then])
    assert [run.facts["data"] for run in found.runs] == [f"people-{seed}" for seed in range(6)] * 2
    titles = [grid.title for grid in read_evidence(first).grids]
    assert [grid.title for grid in found.grids] == [title for title in titles if title != AT_BOTH_ENDS] != titles
    with pytest.raises(ConfigError, match=r"the data of baseline/2 is 'people-2' and 'others-2'"):
        pooled([first, drawn(tmp_path / "others", range(2, 4), "others")])


def test_only_settings_of_all_parts_are_kept_and_not_how_the_first_was_declared(tmp_path: Path) -> None:
    parts = [
        part(tmp_path / name, seeds, settings=["scale=smoke", f"study.seeds={len(seeds)}"])
        for name, seeds in (("first", range(2)), ("then", range(2, 5)))
    ]
    extras = {"declared": {"commit": "c0ffee"}, "order_effect": {"says": "none"}}
    for name, extra in extras.items():
        (parts[0] / f"{name}.json").write_text(json.dumps(extra))
    write_evidence(replace(read_evidence(parts[0]), extras=extras), parts[0])
    found = pooled(parts)
    assert found.plan.settings == ["scale=smoke"]
    assert found.extras == {"order_effect": extras["order_effect"]}


def test_the_report_of_the_parts_is_evidence_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    parts = [part(tmp_path / name, seeds) for name, seeds in (("first", range(5)), ("then", range(5, 8)))]
    assert report([*map(str, parts), "experiments_dir=~/pooled"], []) == 0
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
