import json

import numpy as np
import pytest

from faceswap_lab.config import ConfigError
from faceswap_lab.runs.folder import RunFolder, find_or_create
from faceswap_lab.studies.analysis import analyse, compared
from faceswap_lab.studies.collecting.side_by_side import cells_of
from tests.studies.fake_runs import FakeArm, fake_study, write_finished

TWO = FakeArm(shift=-0.4, two_paths=True, changes={"encoders.count": 2})


@pytest.fixture
def plan(tmp_path):
    return fake_study(tmp_path / "runs", {"baseline": FakeArm(), "two": TWO}, range(3), states={("two", 2): "failed"})


def folders(plan, *arms):
    found = sorted(path for path in plan.runs_dir.iterdir() if path.is_dir())
    return [path for arm in arms for path in found if path.name.startswith(arm)]


def analyse_any(paths):
    return analyse(compared(paths))


def test_labels_are_arms_and_the_first_is_the_baseline(plan):
    findings = analyse_any(folders(plan, "two", "baseline"))
    assert findings.baseline == "two"
    assert [arm.name for arm in findings.arms] == ["two", "baseline"]
    assert [(cell.arm, cell.seed) for cell in findings.cells] == [(a, s) for a in ("two", "baseline") for s in range(3)]
    assert [cell.state for cell in findings.cells] == [
        "finished",
        "finished",
        "failed",
        "finished",
        "finished",
        "finished",
    ]
    assert findings.arms[1].changes == {"encoders.count": (2, 1)}
    assert findings.arms[0].changes == {}
    assert findings.command.startswith("python -m faceswap_lab report ")
    assert any(warning.startswith("Failed (1 of 6 runs): two/2") for warning in findings.provenance.warnings)


def test_few_seeds_are_paired_and_decide_nothing(plan):
    findings = analyse_any(folders(plan, "baseline", "two"))
    judgement = findings.primary.judgements["two"]
    values = {
        arm: [cell.metrics["swap_ssim_AB"] for cell in findings.cells if cell.arm == arm and cell.metrics]
        for arm in ("baseline", "two")
    }
    assert judgement.comparison.difference == pytest.approx(np.mean(np.subtract(values["two"], values["baseline"][:2])))
    assert judgement.verdict == "undecided"
    assert "2 seeds are too few to decide anything" in findings.answer
    assert any("nothing was declared before" in note for note in findings.notes)


def test_curves_of_a_run_that_has_not_finished_are_shown(tmp_path):
    plan = fake_study(tmp_path, {"baseline": FakeArm()}, [0, 1], tiles=False)
    first, second = folders(plan, "baseline")
    (second / "result.json").unlink()
    findings = analyse_any([first, second])
    assert [cell.state for cell in findings.cells] == ["finished", "interrupted"]
    assert {curves.metric.key: curves.arms["baseline"].seeds for curves in findings.curves}["loss_A"] == 2


def test_one_label_with_two_configurations_is_two_arms_under_their_runs_names(tmp_path):
    plan = fake_study(tmp_path, {"same": FakeArm()}, [0, 1], tiles=False)
    other = fake_study(tmp_path, {"same": FakeArm(changes={"loss.weight_a": 0})}, [0, 1], tiles=False)
    paths = [tmp_path / f"same-s{cell.seed}-{cell.digest}" for cell in (*plan.cells, *other.cells)]
    findings = analyse_any(paths)
    assert [arm.name for arm in findings.arms] == [paths[0].name, paths[2].name]
    assert findings.arms[1].changes == {"loss.weight_a": (1, 0)}
    assert findings.primary.judgements[paths[2].name].comparison.seeds == 2


def test_a_seed_that_an_arm_has_already_is_an_arm_of_its_own(plan):
    again = find_or_create(plan.runs_dir, "baseline", 0, plan.cells[0].digest, again=True)
    write_finished(plan.runs_dir, plan.cells[0], FakeArm(), tiles=False)  # into the newest folder of the cell
    findings = analyse_any([*folders(plan, "baseline")])
    assert [arm.name for arm in findings.arms] == ["baseline", again.path.name]
    assert sorted(findings.primary.values["baseline"]) == [0, 1, 2]


def test_settings_that_cannot_change_a_result_are_no_difference(plan):
    first, second, *_ = folders(plan, "baseline")
    content = json.loads((second / "run.json").read_text())
    content["sessions"][-1]["config"] |= {"runs_dir": "elsewhere", "trainer": {"workers": 7}, "study": {"name": "x"}}
    content["sessions"][-1]["config"]["encoders"] |= {"name": "an option's name"}
    (second / "run.json").write_text(json.dumps(content))
    assert [arm.name for arm in analyse_any([first, second]).arms] == ["baseline"]


def test_a_folder_named_twice_counts_once(plan):
    first, *_ = folders(plan, "baseline")
    assert len(cells_of([first, first.parent / "." / first.name])) == 1


def test_a_run_alone_is_shown_and_not_compared(plan):
    findings = analyse_any(folders(plan, "baseline")[:1])
    assert findings.answer.endswith("There is no other arm to compare it with.")
    assert findings.primary.judgements == {}


def test_runs_that_have_no_swap_are_compared_by_what_they_have(tmp_path):
    from tests.studies.fake_runs import final_metrics

    every = final_metrics(FakeArm(), np.random.default_rng(0), 0.0)
    bare = FakeArm(without=tuple(name for name in every if name.startswith(("swap", "copy"))))
    plan = fake_study(tmp_path, {"a": bare, "b": bare}, [0], tiles=False)
    findings = analyse_any(folders(plan, "a", "b"))
    assert findings.primary.metric.key == "recon_ssim_A"
    assert "This judges a side's own faces, not the swap" in findings.answer
    assert findings.predictions == []


def test_what_is_no_run_is_named(plan, tmp_path):
    with pytest.raises(ConfigError, match="nowhere is no run folder"):
        analyse_any([tmp_path / "nowhere"])
    with pytest.raises(ConfigError, match="name the run folders"):
        analyse_any([])
    renamed = folders(plan, "baseline")[0].rename(tmp_path / "my run")
    assert cells_of([renamed])[0][0].seed == 0  # run.json knows
    assert cells_of([renamed])[0][0].arm == "my run"
    RunFolder(renamed).run.unlink()
    with pytest.raises(ConfigError, match="its seed is not known"):
        analyse_any([renamed])
