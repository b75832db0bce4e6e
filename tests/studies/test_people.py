"""Where every seed brings its own pair of people, verdicts are about the next pair."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from faceswap_lab.config import PeopleData
from faceswap_lab.studies.analysis import analyse, evidence_of
from faceswap_lab.studies.findings import Compared, GoesWith, People
from faceswap_lab.studies.metric_names import judged_metric
from faceswap_lab.studies.people import people_in, said_of
from faceswap_lab.studies.report import write_report
from faceswap_lab.studies.report.people_table import goes_with
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.scope import people_of, scope_of, size_of, such_people
from faceswap_lab.studies.statistics.intervals import prediction_interval
from faceswap_lab.studies.statistics.verdicts import judge_arms
from tests.studies.fake_runs import CONFIG, PEOPLE, FakeArm, analysed, fake_study, pair_of

FOR_PEOPLE = {"data": PEOPLE}
ARMS = {
    "baseline": FakeArm(changes=FOR_PEOPLE),
    "worse": FakeArm(shift=-0.07, changes=FOR_PEOPLE),
    "likeness": FakeArm(with_likeness=-0.3, changes=FOR_PEOPLE),
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    return analysed(fake_study(tmp_path_factory.mktemp("people"), ARMS, range(16)))


def test_the_answer_is_for_people_with_an_interval_and_a_prediction(findings):
    assert findings.scope.startswith("About people in general: 16 pairs, people (development)")
    found = re.search(
        r"worse is worse for people in general: (\S+) \((\S+) to (\S+)\); in (\d+) of 16 pairs; "
        r"a new pair should fall between (\S+) and (\S+)",
        findings.answer,
    )
    assert found, findings.answer
    difference, low, high, same, lower, upper = (
        float(text.replace("−", "-").rstrip(".")) for text in found.groups()[:6]
    )
    values = np.array(list(findings.primary.judgements["worse"].comparison.differences.values()))
    t = stats.t.interval(0.95, 15, values.mean(), values.std(ddof=1) / 4)
    wide = stats.t.interval(0.95, 15, values.mean(), values.std(ddof=1) * np.sqrt(1 + 1 / 16))
    assert [difference, low, high, lower, upper] == pytest.approx([values.mean(), *t, *wide], rel=0.06)
    assert same == (values < 0).sum()


def test_what_an_effect_goes_with_is_found_and_corrected(findings):
    first = findings.people.goes_with[0]
    assert (first.arm, first.fact) == ("likeness", "pair.likeness")
    assert first.rho < -0.9
    of_both = ("sides.A.skin_lightness", "sides.B.skin_lightness", "pair.likeness", "pair.same_hair")
    facts = (*of_both, "pair.pose_following")
    looked_at = {(one.arm, one.fact) for one in findings.people.goes_with}
    assert looked_at == {(arm, fact) for arm in ("worse", "likeness") for fact in facts}
    differences = findings.primary.judgements["likeness"].comparison.differences
    truth = stats.spearmanr([pair_of(seed)["pair"]["likeness"] for seed in differences], list(differences.values()))
    assert first.rho == pytest.approx(truth.statistic)
    assert truth.pvalue < 1e-7, "as far as none of the arrangements that are tried"
    assert first.p == pytest.approx(10 / 100_001), "ten were looked at"


def test_how_the_baselines_own_swap_follows_the_head_is_known_of_a_pair(tmp_path):
    plan = fake_study(tmp_path, ARMS, range(8))
    runs = {(run.arm, run.seed): run for run in evidence_of(plan).runs}
    found = analysed(plan)
    for seed in range(8):
        assert found.people.facts[seed]["pair.pose_following"] == runs["baseline", seed].metrics["swap_yaw_AB"]


def test_the_sentence_of_every_arm_says_where_a_new_pair_should_fall(findings, tmp_path):
    write_report(findings, tmp_path)
    (line,) = (line for line in (tmp_path / "report.md").read_text().splitlines() if line.startswith("- **worse** is"))
    assert said_of(findings.primary.judgements["worse"].comparison) in line


def test_the_page_shows_a_mark_per_pair_and_faces_of_both_ends(findings, tmp_path):
    page = write_report(findings, tmp_path).read_text()
    assert "a new pair" in page
    assert "likeness&#39;s difference goes with likeness" in page
    grid = findings.grids[-1]
    assert grid.title == "Pairs at both ends"
    ends = findings.primary.judgements["worse"].comparison.differences
    assert [row.note.split(":")[0] for row in grid.rows[:2]] == [
        f"pair {min(ends, key=ends.get)}", f"pair {max(ends, key=ends.get)}",
    ]  # fmt: skip
    words = (tmp_path / "report.md").read_text()
    assert "## People" in words


def test_a_fact_has_a_persons_words_whether_or_not_the_effect_goes_with_it():
    for p, says in ((0.01, "arm's difference goes with A skin lightness (ρ"), (0.9, "arm with A skin lightness (ρ")):
        assert says in goes_with(People({}, [GoesWith("arm", "sides.A.skin_lightness", 0.3, p, 8)]))


def test_one_pair_is_not_people(tmp_path):
    one = {"data": {"name": "twins", "identity_a": "ada", "identity_b": "ben"}}
    arms = {"baseline": FakeArm(changes=one), "worse": FakeArm(shift=-0.3, changes=one)}
    found = analysed(fake_study(tmp_path, arms, range(8)))
    assert found.people is None
    assert found.scope.startswith("About one pair only, ada → ben")
    page = write_report(found, tmp_path / "page").read_text()
    assert "people in general" not in page + found.answer


def test_few_pairs_say_nothing_of_what_an_effect_goes_with(tmp_path):
    found = analysed(fake_study(tmp_path, ARMS, range(5)))
    assert found.people.goes_with == []
    assert "a new pair should fall between" in said_of(found.primary.judgements["worse"].comparison)
    one = analysed(fake_study(tmp_path / "one", ARMS, [3]))
    assert said_of(one.primary.judgements["worse"].comparison) == "in 1 of 1 pairs"


def test_six_pairs_are_enough_what_never_differs_is_left_out_and_of_equal_p_the_larger_correlation_is_first():
    facts = {
        "least": (3, 6, 1, 5, 2, 4),
        "more": (5, 1, 2, 3, 6, 4),
        "most": (4, 5, 2, 6, 1, 3),  # the other way, and no surer than the rest after Holm
        "constant": (1,) * 6,
    }
    differences = {"arm": dict(enumerate(range(6))), "same": dict.fromkeys(range(6), 0)}
    judged = judge_arms(differences["same"], differences, higher_is_better=True)
    runs = [
        Run("baseline", seed, "finished", people={name: values[seed] for name, values in facts.items()})
        for seed in range(6)
    ]
    found = people_in(runs, Compared(judged_metric("swap_ssim_AB"), differences, judged), "baseline").goes_with
    assert [(one.arm, one.fact, one.p, one.pairs) for one in found] == [
        ("arm", name, 1, 6) for name in ("most", "more", "least")
    ]
    for one in found:
        assert one.rho == pytest.approx(stats.spearmanr(facts[one.fact], range(6)).statistic)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"name": "twins", "identity_a": "ada", "identity_b": "ben"}, "ada → ben"),
        ({"name": "twins", "identities": ["ada", "ben", "cleo"]}, "ada → ben → cleo"),
        ({"name": "folders", "a": "x/A", "b": "x/B"}, "real people"),
        (PEOPLE, "people (development)"),
        (PEOPLE | {"glasses": "all", "hair": "any", "group": 3}, "people (development), group 3, glasses all"),
        ({}, ""),
    ],
)
def test_whose_faces_they_are(data, says):
    assert people_of({"data": data}) == says
    assert (scope_of({"data": data}, 8) == "") == (says == "")


def test_people_of_one_kind_are_not_people_in_general(tmp_path):
    dark = {"data": PEOPLE | {"glasses": "all", "beard": "any", "skin": "dark"}}
    arms = {"baseline": FakeArm(changes=dark), "worse": FakeArm(shift=-0.3, changes=dark)}
    found = analysed(fake_study(tmp_path, arms, range(8), tiles=False))
    assert found.scope.startswith(
        "About people with glasses, with dark skin, and no others: 8 pairs, people (development), glasses all, "
    )
    assert "worse is worse for such people: −0." in found.answer
    assert "in general" not in found.answer + found.scope


def test_every_restriction_has_words_of_its_own():
    said = []
    for one in fields(PeopleData):
        if one.name in ("glasses", "beard", "hair", "skin", "likeness"):
            values = one.metadata["choices"]
            said += [such_people({"data": {one.name: value}}) for value in values if value != "any"]
    assert len(said) == len(set(said)) == 13
    assert all(words.startswith("with") for words in said)
    assert such_people({"data": {"glasses": "any"}}) == such_people({}) == ""


def test_how_large():
    assert size_of(CONFIG) == "32 px, width 16, 800 steps"
    assert size_of({}) == ""


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20))
def test_the_prediction_interval_against_scipy(values):
    low, high = prediction_interval(values)
    spread = np.std(values, ddof=1) * np.sqrt(1 + 1 / len(values))
    if spread > 1e-9:
        assert (low, high) == pytest.approx(stats.t.interval(0.95, len(values) - 1, np.mean(values), spread))


def test_a_prediction_from_one_value_is_anything():
    assert prediction_interval([0.3]) == (-np.inf, np.inf)


def test_the_same_people_under_every_seed_are_not_people_in_general(tmp_path):
    same = {"data": PEOPLE | {"group": 3}}
    found = analysed(fake_study(tmp_path, {"baseline": FakeArm(changes=same), "arm": FakeArm(changes=same)}, range(6)))
    assert found.people is None
    assert found.scope.startswith("About one pair only, people (development), group 3")


def test_people_in_groups_of_seeds_are_counted_and_say_nothing_of_arms(tmp_path):
    """The baseline against itself, every seed with a pair of its own."""
    plan = replace(fake_study(tmp_path, {"baseline": FakeArm(changes=FOR_PEOPLE)}, range(12)), group_seeds=6)
    found = evidence_of(plan)
    said = analyse(found)
    assert said.people is None
    assert "12 pairs" in said.scope
    assert [grid.title for grid in found.grids if grid.title == "Pairs at both ends"] == []
