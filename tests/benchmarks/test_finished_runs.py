import json

from benchmarks.finished_runs import copy_as
from faceswap_lab.runs.folder import RunFolder, find_or_create
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.studies.collecting.collect import collect
from tests.studies.fake_runs import FakeArm, fake_study, planned, write_finished


def test_copies_of_a_run_are_finished_runs_of_their_own(tmp_path):
    template = write_finished(tmp_path / "template", planned("baseline", FakeArm(), 0), FakeArm())
    template.config.write_text("seed: 0\n")
    arms = {"baseline": FakeArm(), "tanh": FakeArm(changes={"decoder_activation.name": "tanh"})}
    missing = {(arm, seed): "missing" for arm in arms for seed in range(2)}
    plan = fake_study(tmp_path / "runs", arms, range(2), states=missing)
    for cell in plan.cells:
        copy_as(template, cell, find_or_create(plan.runs_dir, cell.arm, cell.seed, cell.digest))
    runs = collect(plan)
    assert [run.state for run in runs] == ["finished"] * 4
    names = set(json.loads(template.result.read_text())["metrics"])
    assert all(set(run.metrics) == names for run in runs)
    assert len({run.value("swap_ssim_AB") for run in runs}) == 4
    assert all(len(run.curve("loss_A")) == 80 and len(run.curve("swap_ssim_AB")) == 8 for run in runs)
    sessions = [read_sessions(RunFolder(run.folder)) for run in runs]  # type: ignore[arg-type]
    activations = [session[0]["config"]["decoder_activation"]["name"] for session in sessions]
    assert activations == ["sigmoid"] * 2 + ["tanh"] * 2
