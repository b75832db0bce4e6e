"""Studies on real people: what is said of other moments of them, from run folders and from kept evidence alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.pictures import write_pictures
from faceswap_lab.studies.analysis import analyse, evidence_of
from faceswap_lab.studies.evidence import read_evidence, write_evidence
from faceswap_lab.studies.report import write_report
from faceswap_lab.studies.report.pictures_table import picture_sentences
from tests.studies.fake_runs import FOLDERS, FakeArm, fake_study
from tests.studies.statistics.test_crossed import slowly

KEY, SEEDS = "identity_sface_AB", range(7)
BLOCKS = np.repeat([5, 2, 9, 4], [4, 4, 6, 4])


def study(root: Path, blocks: np.ndarray = BLOCKS, kept: bool = True):
    """Return a study on folders whose pictures are known: the arm is worse by 0.2, otherwise in every block."""
    arms = {"baseline": FakeArm(changes={"data": FOLDERS}), "other": FakeArm(changes={"data": FOLDERS})}
    plan = fake_study(root, arms, SEEDS, metric=KEY, smallest_difference=0.05, secondary=[], tiles=False)
    rng = np.random.default_rng(0)
    for result in sorted(root.glob("*/result.json")):
        told = json.loads(result.read_text())
        worse = 0.2 + 0.1 * np.sin(blocks) if told["label"].startswith("other") else 0.0
        values = 0.8 - worse + 0.02 * rng.normal() + 0.05 * rng.normal(size=len(blocks))
        told["metrics"][KEY] = float(values.mean())
        result.write_text(json.dumps(told))
        if kept:
            write_pictures(RunFolder(result.parent), {KEY: values.astype(np.float32)}, {"A": blocks, "B": blocks[:1]})
    return plan


def differences(root: Path) -> np.ndarray:
    """Return every picture's value, arm minus baseline, seed by seed, read the slow way."""
    rows = {}
    for file in root.glob("*/pictures.npz"):
        arm, seed = file.parent.name.rsplit("-", 2)[:2]
        rows[arm, seed] = np.load(file)[KEY].astype(float)
    return np.array([np.subtract(rows["other", f"s{seed}"], rows["baseline", f"s{seed}"]) for seed in SEEDS])


def test_both_intervals_are_reported_and_remade_from_evidence_alone(tmp_path):
    found = evidence_of(study(tmp_path / "runs"))
    write_evidence(found, tmp_path / "evidence")
    direct, remade = analyse(found), analyse(read_evidence(tmp_path / "evidence"))
    over = direct.over_pictures
    assert (over.blocks, over.pictures) == (4, 18)
    expected = slowly(differences(tmp_path / "runs"), BLOCKS)
    assert over.intervals["other"] == pytest.approx(expected, abs=1e-6)
    assert remade.over_pictures.intervals["other"] == pytest.approx(expected, abs=1e-6)
    seeds_only = direct.primary.judgements["other"].comparison.interval
    assert np.ptp(over.intervals["other"]) > 2 * np.ptp(seeds_only)
    assert "For other moments of these people as well as other seeds: other −0.2" in remade.answer
    page = write_report(remade, tmp_path / "page")
    for text in (page.with_name("report.md").read_text(), page.read_text()):
        assert "Every run was judged on the same 18 held-out pictures, in 4 blocks of time" in text
        assert "verdicts are by this one" in text
        assert text.count("over seeds and pictures") >= 1


def test_where_it_is_not_known_the_report_says_why(tmp_path):
    one_block = study(tmp_path / "one", np.zeros(9, int)), "What other moments of these people would give is therefore"
    for plan, says in (one_block, (study(tmp_path / "none", kept=False), "these runs kept nothing of single pictures")):
        findings = analyse(evidence_of(plan))
        assert not np.isfinite(findings.over_pictures.intervals["other"]).any()
        assert "other moments" not in findings.answer
        assert any(says in sentence for sentence in picture_sentences(findings.over_pictures))


def test_pictures_that_are_not_the_same_are_not_compared(tmp_path):
    plan = study(tmp_path / "runs")
    file = next((tmp_path / "runs").glob("other-s3-*/pictures.npz"))
    write_pictures(RunFolder(file.parent), {KEY: np.ones(6, np.float32)}, {"A": np.arange(6)})
    assert not np.isfinite(analyse(evidence_of(plan)).over_pictures.intervals["other"]).any()


def test_rendered_people_have_no_such_section(tmp_path):
    plan = fake_study(tmp_path, {"baseline": FakeArm(), "other": FakeArm(shift=-0.3)}, range(6), tiles=False)
    findings = analyse(evidence_of(plan))
    assert findings.over_pictures is None
    write_evidence(evidence_of(plan), tmp_path / "evidence")
    assert not (tmp_path / "evidence" / "blocks.npz").exists()
