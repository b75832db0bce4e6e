"""One question along an axis: what holds, what turns, and the difference of the differences."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from faceswap_lab.config import ConfigError
from faceswap_lab.studies.across import across, is_across, read_across, write_across
from faceswap_lab.studies.analysis import evidence_of
from faceswap_lab.studies.evidence import write_evidence
from faceswap_lab.studies.report.across_page import across_lines, write_across_report
from tests.studies.fake_runs import FakeArm, fake_study

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


def test_each_arm_has_its_line(kept):
    found = read_across(kept)
    assert found.says["holds"] == "is worse at every scale: it holds"
    assert found.says["turns"].startswith("turns with scale: better at small, ")
    assert found.says["turns"].endswith(", worse at large")
    assert found.says["grows"].startswith("is worse at every scale: it holds, though its size changes (from small to")
    assert found.says["fades"].startswith("changes with scale (from small to ")
    assert found.says["nothing"] == "is equivalent at every scale: it holds"


def test_interactions_are_differences_of_differences_paired_by_seed(kept):
    found = read_across(kept)
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


def test_the_pages_say_so_without_the_runs(kept):
    assert is_across(kept)
    found = read_across(kept)
    page = write_across_report(found, kept).read_text()
    words = (kept / "report.md").read_text()
    for arm, says in found.says.items():
        assert says in words.replace("\\", "")
        assert f"<b>{arm}</b>" in page
    assert 'href="../small/report.html"' in page
    assert "small → large" in words
    assert across_lines(found, kept / "report.html")[-1] == f"report      {kept / 'report.html'}"


def test_arms_that_only_some_levels_have_are_named(tmp_path):
    for level, names in {"one": ["a", "b"], "two": ["a", "c"]}.items():
        arms = {"baseline": FakeArm()} | {name: FakeArm() for name in names}
        write_evidence(evidence_of(fake_study(tmp_path / level, arms, range(3), tiles=False)), tmp_path / f"e-{level}")
    found = across("data", {level: tmp_path / f"e-{level}" for level in ("one", "two")})
    assert (found.arms, found.left_out) == (["a"], ["b", "c"])
    assert found.says["a"] == "is undecided at every data: too small to see with 3 seeds"


def test_what_is_not_one_question_is_refused(kept, tmp_path):
    other = fake_study(tmp_path / "runs", {"baseline": FakeArm()}, range(3), tiles=False, metric="swap_yaw_AB")
    write_evidence(evidence_of(other), tmp_path / "other")
    with pytest.raises(ConfigError, match="not one question"):
        across("scale", {"small": kept.parent / "small", "other": tmp_path / "other"})
    with pytest.raises(ConfigError, match="at least two"):
        across("scale", {"small": kept.parent / "small"})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "across.json").write_text(json.dumps({"levels": {"small": "gone", "large": "gone too"}}))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_across(tmp_path / "broken")


EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.mark.parametrize("folder", [path.parent.name for path in sorted(EXPERIMENTS.glob("*/across.json"))])
def test_the_evidence_along_an_axis_is_complete(folder):
    """Every level lies beside it, and says what the page says."""
    found, words = read_across(EXPERIMENTS / folder), (EXPERIMENTS / folder / "report.md").read_text(encoding="utf-8")
    assert not [f"- **{arm}** {says}." for arm, says in found.says.items() if f"- **{arm}** {says}." not in words]
