"""One question along an axis: what holds, what turns, and the difference of the differences."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from scipy import stats

from faceswap_lab.config import ConfigError
from faceswap_lab.studies.across import Interaction, across, is_across, read_across, write_across
from faceswap_lab.studies.analysis import evidence_of
from faceswap_lab.studies.evidence import write_evidence
from faceswap_lab.studies.report.across_page import across_lines, write_across_report
from faceswap_lab.studies.statistics.p_values import holm, sign_flip_p
from faceswap_lab.studies.statistics.paired import compare
from tests.studies.fake_runs import PEOPLE, FakeArm, fake_study, pair_of

SHIFTS = {  # arm → what it does at small, middle, large; each level's configuration differs, and so does its noise
    "holds": (-0.1, -0.11, -0.1),
    "turns": (0.06, 0.0, -0.06),
    "grows": (-0.04, -0.06, -0.2),
    "fades": (-0.1, -0.05, 0.0),
    "nothing": (0.0, 0.0, 0.0),
}
LEVELS = ("small", "middle", "large")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    root = tmp_path_factory.mktemp("levels")
    for place, level in enumerate(LEVELS):
        size = {"model.code_size": 2**place}
        arms = {"baseline": FakeArm(changes=size)} | {
            f"{arm}": FakeArm(shift=shift[place], changes=size) for arm, shift in SHIFTS.items()
        }
        seeds = range(place, 12)  # some seeds are not at every level
        study = fake_study(root / "runs" / level, arms, seeds, tiles=False, luck_of=level)
        write_evidence(evidence_of(study), root / "experiments" / level)
    folder = root / "experiments" / "all"
    write_across("scale", {level: root / "experiments" / level for level in LEVELS}, folder)
    return folder


@pytest.fixture(scope="module")
def found(kept):
    return read_across(kept)


def test_each_arm_has_its_line(found):
    assert found.says["holds"] == "is worse at every scale: it holds"
    assert found.says["turns"].startswith("turns with scale: better at small, ")
    assert found.says["turns"].endswith(", worse at large")
    assert found.says["grows"].startswith("is worse at every scale: it holds, though its size changes (falling")
    assert found.says["fades"].startswith("changes with scale (rising from small to large by +0.")
    assert found.says["nothing"] == "is equivalent at every scale: it holds"


def test_interactions_are_differences_of_differences_paired_by_seed(found):
    for arm in SHIFTS:
        small, *others = (found.levels[level].primary.values for level in LEVELS)
        for change, level in zip(found.interactions[arm], others):
            both = sorted(set(small[arm]) & set(level[arm]))
            values = [(level[arm][s] - level["baseline"][s]) - (small[arm][s] - small["baseline"][s]) for s in both]
            assert change.comparison.seeds == len(both)
            assert change.comparison.difference == pytest.approx(np.mean(values))
            error = np.std(values, ddof=1) / np.sqrt(len(both))
            interval = stats.t.interval(0.95, len(both) - 1, np.mean(values), error)
            assert tuple(change.comparison.interval) == pytest.approx(interval)
            assert change.p_holm >= change.comparison.p


def test_a_trend_is_a_line_through_every_seed_and_is_corrected_with_the_rest(found, kept):
    every = [change.comparison.p for arm in SHIFTS for change in found.interactions[arm]]
    lines = {}
    for arm in SHIFTS:
        values = [level.primary.judgements[arm].comparison.differences for level in found.levels.values()]
        seeds = sorted(set.intersection(*map(set, values)))
        lines[arm] = [2 * stats.linregress([0, 1, 2], [level[seed] for level in values]).slope for seed in seeds]
    corrected = holm([*every, *(float(sign_flip_p(line)) for line in lines.values())])[len(every) :]
    for (arm, line), p in zip(lines.items(), corrected):
        trend = found.trends[arm]
        assert (trend.level, trend.comparison.seeds) == ("large", len(line))
        interval = stats.t.interval(0.95, len(line) - 1, np.mean(line), stats.sem(line))
        assert (trend.comparison.difference, *trend.comparison.interval) == pytest.approx((np.mean(line), *interval))
        assert trend.p_holm == pytest.approx(p)
    says = {arm: trend.says for arm, trend in found.trends.items()}
    assert says == {
        "holds": "no trend is shown", "turns": "falling", "grows": "falling", "fades": "rising",
        "nothing": "no trend is shown",
    }  # fmt: skip
    words = (write_across_report(found, kept).parent / "report.md").read_text()
    assert "| fades | trend, small to large | +0." in words


def test_a_level_that_was_moved_away_and_linked_is_found(kept, tmp_path):
    for level in LEVELS[1:]:
        shutil.copytree(kept.parent / level, tmp_path / "experiments" / level)
    shutil.copytree(kept.parent / LEVELS[0], tmp_path / "disk" / "moved")
    (tmp_path / "experiments" / LEVELS[0]).symlink_to(tmp_path / "disk" / "moved")
    write_across(
        "scale", {level: tmp_path / "experiments" / level for level in LEVELS}, tmp_path / "experiments" / "all"
    )
    assert read_across(tmp_path / "experiments" / "all").says == read_across(kept).says


def test_a_trend_within_the_margin_is_too_little_to_matter(found):
    trend = found.trends["fades"]
    assert replace(trend, margin=1.0).says == "rising, too little to matter"
    assert not replace(trend, margin=1.0).matters
    assert replace(trend, margin=1.0, p_holm=0.06).says == "no trend is shown"


def test_a_small_p_does_not_show_a_change_whose_interval_holds_zero():
    one_outlier = dict(enumerate([0.1] * 7 + [10.0]))
    found = compare(dict.fromkeys(range(8), 0.0), one_outlier, higher_is_better=True)
    assert found.p == 2 / 256
    assert stats.ttest_1samp(list(one_outlier.values()), 0).confidence_interval().low < 0
    change = Interaction("arm", "large", found, found.p, None)
    assert (change.says, change.matters) == ("no change is shown", False)


def test_what_an_arm_gains_by_itself_is_paired_and_stands_beside_its_means(found, kept):
    assert list(found.own) == ["baseline", *SHIFTS]
    values = [level.primary.values["baseline"] for level in found.levels.values()]
    own = found.own["baseline"]
    assert list(own.means.values()) == pytest.approx([np.mean(list(level.values())) for level in values])
    for before, level, gain in zip(values, values[1:], own.gains.values()):
        pairs = [level[seed] - before[seed] for seed in before.keys() & level.keys()]
        interval = stats.t.interval(0.95, len(pairs) - 1, np.mean(pairs), stats.sem(pairs))
        assert (gain.difference, *gain.interval) == pytest.approx((np.mean(pairs), *interval))
    write_across_report(found, kept)
    words, page = (kept / "report.md").read_text(), (kept / "report.html").read_text()
    assert "| arm | small | middle | large | small → middle | middle → large |" in words
    row = next(line for line in words.splitlines() if line.startswith("| holds | 0."))
    assert row.count("too little to matter") == row.count("(") == 2
    assert 'data-plot="own"' in page


def test_two_levels_have_no_trend(kept, tmp_path):
    found = across("scale", {level: kept.parent / level for level in LEVELS[:2]})
    assert found.trends == {}
    write_across_report(found, tmp_path)
    assert "trend" not in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("second", "drawn", "others"),
    [
        (PEOPLE, pair_of, False),
        (PEOPLE, lambda seed: pair_of(seed + 100), True),  # as another skin would draw them
        ({"name": "twins", "identity_a": "ada", "identity_b": "ben"}, pair_of, True),
    ],
)
def test_levels_with_people_of_their_own_are_paired_by_number_only(second, drawn, others, tmp_path):
    for level, data, who in (("one", PEOPLE, pair_of), ("two", second, drawn)):
        arms = {name: FakeArm(changes={"data": data}) for name in ("baseline", "arm")}
        with patch("tests.studies.fake_runs.pair_of", who):
            study = fake_study(tmp_path / level, arms, range(3), tiles=False)
        write_evidence(evidence_of(study), tmp_path / f"e-{level}")
    found = across("data", {level: tmp_path / f"e-{level}" for level in ("one", "two")})
    assert found.other_people is others
    page = write_across_report(found, tmp_path)
    for text in (page.read_text(), (tmp_path / "report.md").read_text()):
        changes = text.partition("The difference of the differences")[2]
        assert ("paired by the number of their seed only" in changes) is others
        assert ("paired by seed" in changes) is not others


def test_whom_it_is_about_stands_above_the_answer(kept, tmp_path):
    for level, size in (("one", 32), ("two", 32), ("three", 64)):
        arms = {"baseline": FakeArm(changes={"data": PEOPLE, "model.resolution": size})}
        study = fake_study(tmp_path / level, arms, range(2), tiles=False)
        write_evidence(evidence_of(study), tmp_path / f"e-{level}")
    one = "About people in general: 2 pairs, people (development), each seed a pair of its own (32 px"
    for levels, lines in ((("one", "two"), [one]), (("one", "three"), [f"one: {one}", "three: About people"])):
        found = across("scale", {level: tmp_path / f"e-{level}" for level in levels})
        assert len(found.scope) == len(lines)
        assert all(line.startswith(begins) for line, begins in zip(found.scope, lines))
        page = write_across_report(found, tmp_path)
        for text, answer in (
            (page.read_text(), "<h2>Answer"),
            ((tmp_path / "report.md").read_text(), "## An"),
        ):
            above = text.replace("\\", "").partition(answer)[0]
            assert all(line in above for line in found.scope)
        assert across_lines(found, page)[1] == f"scope       {found.scope[0]}"


def test_the_pages_say_so_without_the_runs(found, kept):
    assert is_across(kept)
    page = write_across_report(found, kept).read_text()
    words = (kept / "report.md").read_text()
    for arm, says in found.says.items():
        assert says in words.replace("\\", "")
        assert f"<b>{arm}</b>" in page
    assert 'href="../small/report.md"' in page
    made = kept.parent / "small" / "report.html"
    made.write_text("")
    assert 'href="../small/report.html"' in write_across_report(found, kept).read_text()
    made.unlink()
    assert "small → large" in words
    assert across_lines(found, kept / "report.html")[-1] == f"report      {kept / 'report.html'}"


def test_arms_that_only_some_levels_have_are_named(tmp_path):
    for level, names in {"one": ["a", "b"], "two": ["a", "c"]}.items():
        arms = {"baseline": FakeArm()} | {name: FakeArm() for name in names}
        write_evidence(evidence_of(fake_study(tmp_path / level, arms, range(3), tiles=False)), tmp_path / f"e-{level}")
    found = across("data", {level: tmp_path / f"e-{level}" for level in ("one", "two")})
    assert (found.arms, found.left_out) == (["a"], ["b", "c"])
    assert found.says["a"] == "is undecided at every data, with 3 seeds"


def test_what_is_not_one_question_is_refused(kept, tmp_path):
    other = fake_study(tmp_path / "runs", {"baseline": FakeArm()}, range(3), tiles=False, metric="swap_yaw_AB")
    write_evidence(evidence_of(other), tmp_path / "other")
    with pytest.raises(ConfigError, match="not one question"):
        across("scale", {"small": kept.parent / "small", "other": tmp_path / "other"})
    margin = fake_study(tmp_path / "margin", {"baseline": FakeArm()}, range(3), tiles=False, smallest_difference=0.05)
    write_evidence(evidence_of(margin), tmp_path / "wider")
    with pytest.raises(ConfigError, match=r"matter differ \(small: .*, 0\.02; wider: .*, 0\.05\)"):
        across("scale", {"small": kept.parent / "small", "wider": tmp_path / "wider"})
    with pytest.raises(ConfigError, match="at least two"):
        across("scale", {"small": kept.parent / "small"})
    (tmp_path / "broken").mkdir()
    for content in ({"levels": {"small": "gone", "large": "gone too"}}, ["small", "large"]):
        (tmp_path / "broken" / "across.json").write_text(json.dumps(content))
        with pytest.raises(ConfigError, match="cannot be read"):
            read_across(tmp_path / "broken")


EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.mark.parametrize("folder", [path.parent.name for path in sorted(EXPERIMENTS.glob("*/across.json"))])
def test_the_evidence_along_an_axis_is_complete(folder):
    """Every level lies beside it, and says what the page says."""
    found, words = read_across(EXPERIMENTS / folder), (EXPERIMENTS / folder / "report.md").read_text(encoding="utf-8")
    assert not [f"- **{arm}** {says}." for arm, says in found.says.items() if f"- **{arm}** {says}." not in words]
