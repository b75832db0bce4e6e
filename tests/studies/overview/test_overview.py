"""All findings in one place, made from folders of evidence alone."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from faceswap_lab.config import ConfigError
from faceswap_lab.studies.analysis import evidence_of
from faceswap_lab.studies.evidence import read_evidence, write_evidence
from faceswap_lab.studies.overview.show import lines, write_overview
from faceswap_lab.studies.overview.table import Overview, _open, agreements, overview
from tests.studies.fake_runs import PEOPLE, FakeArm, fake_study

PAIR = {"data": {"name": "twins", "identity_a": "ada", "identity_b": "ben"}}
TANH = {"decoder_activation.name": "tanh"}
OTHER = {"loss.name": "mse", "training.batch_size": 8, "model.dense_width": 16}  # usually no record has a dense width
EVIL = '<img src=x onerror=alert(1)> | [x](javascript:1) "quoted"'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three studies: of one pair, of people at another size (tanh turns), and of another optimizer."""
    folder = tmp_path_factory.mktemp("overview")

    def ask(name: str, shift: float, common: dict[str, object], count: int, **fields: object) -> None:
        arms = {
            "baseline": FakeArm(changes=common),
            "tanh": FakeArm(shift=shift, changes=common | TANH),
            "worse": FakeArm(shift=-0.2, changes=common | {"encoders.count": 2}),
        }
        study = fake_study(folder / "runs" / name, arms, range(count), tiles=False, luck_of=name, **fields)
        write_evidence(evidence_of(study), folder / "experiments" / name)

    ask("one_pair", 0.1, PAIR, 8)
    ask("people", -0.1, {"data": PEOPLE, "training.max_steps": 900, "training.batch_size": 32}, 8)
    ask("other_loss", 0.1, PAIR | OTHER, 8, question=EVIL, title=EVIL, settings=["shrink=matched_flops", "cache_dir=x"])
    alone = {"baseline": FakeArm(changes=PAIR)}
    again = fake_study(folder / "runs" / "again", alone, range(4), tiles=False, group_seeds=2)
    write_evidence(evidence_of(again), folder / "experiments" / "again")
    return folder / "experiments"


@pytest.fixture(scope="module")
def found(root: Path) -> Overview:
    return overview(root, ["baseline", "tanh", "worse", "never_asked"])


def test_a_row_per_arm_with_people_size_and_what_else_differs(found: Overview) -> None:
    rows = {(row.study, row.arm): row for row in found.rows}
    assert set(rows) == {(study, arm) for study in ("one_pair", "people", "other_loss") for arm in ("tanh", "worse")}
    pair, people, other = (rows[study, "tanh"] for study in ("one_pair", "people", "other_loss"))
    assert (pair.people, pair.general, pair.verdict, pair.prediction) == ("ada → ben", False, "better", "")
    assert (people.people, people.general, people.verdict) == ("people (development)", True, "worse")
    assert re.fullmatch(r"−0\.\d+ to [+−]0\.\d+", people.prediction)
    assert (pair.size, people.size) == ("32 px, width 16, 800 steps", "32 px, width 16, 900 steps")
    others = "model.dense_width=16, loss.name=mse, training.batch_size=8, shrink=matched_flops"
    assert (pair.under, other.under) == ("", others)
    assert people.under == "", "a batch size that goes with the size is none of its own"
    assert pair.numbers.seeds == 8
    assert pair.commit == "aaaaaaa"


def test_what_agrees_and_what_contradicts(found: Overview) -> None:
    assert [(arm, says) for arm, says, _ in found.agreements] == [("tanh", "contradicts"), ("worse", "agrees")]
    assert found.agreements[0][2].count("better") == 2


def test_claims_meet_by_whatever_metric_they_were_judged(found: Overview) -> None:
    rows = {row.study: row for row in found.rows if row.arm == "tanh"}
    one, other = rows["one_pair"], rows["people"]
    by_score = replace(one, metric=replace(one.metric, key="swap_score_AB"))
    ((_, says, told),) = agreements([by_score, other])
    assert says == "contradicts"
    assert re.findall("; by ([a-z_A-Z]+)[)]", told) == ["swap_score_AB", other.metric.key]


def test_what_nobody_could_decide_is_open(found: Overview) -> None:
    rows = [row for row in found.rows if row.arm == "tanh"]
    undecided = [replace(row, judgement=replace(row.judgement, verdict="undecided")) for row in rows]
    assert [says for _, says, _ in agreements(undecided)] == ["is open"]


def test_runs_put_side_by_side_afterwards_neither_agree_nor_contradict(found: Overview) -> None:
    tanh = [row for row in found.rows if row.arm == "tanh"]
    before = agreements(tanh)
    assert before[0][1] == "contradicts"
    afterwards = replace(tanh[0], plan=replace(tanh[0].plan, declared=False))
    assert agreements([*tanh, afterwards]) == before
    assert agreements([afterwards, afterwards]) == []


def test_a_study_that_shares_an_arms_runs_with_another_has_not_asked_again(found: Overview) -> None:
    tanh = [row for row in found.rows if row.arm == "tanh"]
    assert all(len(row.runs) == row.numbers.seeds for row in tanh)
    before = agreements(tanh)
    four = dict(list(tanh[0].numbers.differences.items())[:4])
    fewer = replace(tanh[0].judgement, comparison=replace(tanh[0].numbers, differences=four))
    part = replace(tanh[0], study="part", judgement=fewer, runs=frozenset(list(tanh[0].runs)[:4]))
    assert agreements([part, *tanh]) == agreements([*tanh, part]) == before
    assert agreements([part, tanh[0]]) == []
    again = replace(part, runs=frozenset((*name[:2], 0.5, 0.5) for name in part.runs))  # trained anew, elsewhere
    assert [says for _, says, _ in agreements([again, tanh[0]])] == ["agrees"]


def test_a_pool_and_a_pool_of_more_count_once(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "one_pair", tmp_path / "one_pair")
    for name, parts in (("pool", ["a", "b"]), ("larger", ["a", "b", "c"]), ("same", ["a", "b", "c"])):
        one = read_evidence(root / "one_pair")
        write_evidence(replace(one, plan=replace(one.plan, pooled=parts)), tmp_path / name)
    assert {row.study for row in overview(tmp_path).rows} == {"one_pair", "larger", "same"}


def test_what_nobody_has_asked(found: Overview) -> None:
    assert found.open_questions == ["Arms that no study has asked about: never_asked."]


def test_who_was_asked_about_some_people_only_is_named(found: Overview) -> None:
    some = [replace(row, some=row.arm == "tanh") for row in found.rows]
    assert _open(some, [], []) == ["Asked about some people only, never about people in general: tanh."]


def test_readme_and_page_say_the_same_and_nothing_harmful(found: Overview, tmp_path: Path) -> None:
    readme, page = write_overview(found, tmp_path)
    words, html = readme.read_text(), page.read_text()
    for row in found.rows:
        assert row.effect in words
        assert row.effect.split(" ")[0] in html
        assert row.effect in "\n".join(lines(found))
    assert "[x](javascript:1)" not in words
    assert "<img src=x" not in html
    assert "://" not in html


def test_no_evidence_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no evidence"):
        overview(tmp_path)


def test_an_arm_without_runs_is_not_known(tmp_path: Path) -> None:
    states = {("arm", 0): "missing"}
    study = fake_study(tmp_path / "runs", {"baseline": FakeArm(), "arm": FakeArm()}, [0], states=states, tiles=False)
    write_evidence(replace(evidence_of(study)), tmp_path / "experiments" / "empty")
    found = overview(tmp_path / "experiments")
    assert found.rows[0].effect == "not known"
    write_overview(found, tmp_path)
    assert "nan" not in (tmp_path / "README.md").read_text()
