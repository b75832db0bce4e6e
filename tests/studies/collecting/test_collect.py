import dataclasses

import pytest

from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.lock import run_lock
from faceswap_lab.runs.status import write_status
from faceswap_lab.studies.collecting.collect import collect, look_up, of_arm
from tests.studies.fake_runs import FakeArm, fake_study

STATES = {
    ("baseline", 1): "missing",
    ("baseline", 2): "running",
    ("baseline", 3): "interrupted",
    ("baseline", 4): "failed",
    ("baseline", 5): "diverged",
    ("baseline", 6): "damaged",
}


@pytest.fixture
def plan(tmp_path):
    return fake_study(tmp_path / "runs", {"baseline": FakeArm()}, range(7), states=STATES, tiles=False)


def test_every_planned_cell_is_there_with_its_state_and_a_line_on_why(plan):
    cells = collect(plan)
    assert [cell.seed for cell in cells] == list(range(7))
    assert [cell.state for cell in cells] == [
        *("finished", "missing", "interrupted", "interrupted", "failed", "diverged", "damaged")
    ]
    assert [bool(cell.message) for cell in cells] == [False] + 6 * [True]
    assert all(len(cell.message.splitlines()) <= 1 for cell in cells)
    assert "its process ended without a word" in cells[2].message
    assert "an error of the test's making" in cells[4].message
    assert "result.json cannot be used" in cells[6].message
    assert str(plan.runs_dir) not in cells[6].message  # reports are published
    assert [bool(cell.metrics) for cell in cells] == [True] + 6 * [False]
    assert [cell.folder is None for cell in cells] == [seed == 1 for seed in range(7)]


def test_a_finished_cell_brings_all_its_run_left(plan):
    run = collect(plan)[0]
    assert run.finished
    assert run.steps == 800
    assert run.parameters == 2000
    assert 30 <= run.seconds <= 31
    assert run.value("swap_ssim_AB") == run.metrics["swap_ssim_AB"]
    assert run.value("no_such_metric") is None
    assert len(run.curve("loss_A")) == 80
    assert list(run.curve("swap_ssim_AB")) == list(range(100, 801, 100))
    assert run.facts["cpu"] == "Some CPU @ 2 GHz"


def test_a_run_that_is_being_worked_on_is_running(plan):
    folder = collect(plan)[2].folder
    with run_lock(folder):
        assert collect(plan)[2].state == "running"


def test_a_folder_in_which_nothing_happened_yet(plan):
    missing = plan.cells[1]
    folder = find_or_create(plan.runs_dir, "baseline", missing.seed, missing.digest, again=True)
    assert look_up(missing, folder).state == "interrupted"
    with run_lock(folder.path):
        assert look_up(missing, folder).state == "running"


def test_the_label_of_a_run_does_not_matter_and_the_newest_counts(plan):
    finished = collect(plan)[0].folder
    finished.rename(finished.with_name(finished.name.replace("baseline", "some-other-label")))
    assert collect(plan)[0].state == "finished"
    # force=true, and not far yet
    again = find_or_create(plan.runs_dir, "baseline", 0, plan.cells[0].digest, again=True)
    write_status(again, "failed", 3)
    assert collect(plan)[0].state == "failed"


def test_a_runs_folder_that_does_not_exist_makes_all_cells_missing(plan, tmp_path):
    elsewhere = dataclasses.replace(plan, runs_dir=tmp_path / "nowhere")
    assert {run.state for run in collect(elsewhere)} == {"missing"}


def test_one_encoder_has_one_number_for_both_paths_and_two_have_two(tmp_path):
    arms = {"one": FakeArm(), "two": FakeArm(shift=-0.4, two_paths=True)}
    runs = collect(fake_study(tmp_path, arms, [0], tiles=False))
    one, two = (of_arm(runs, arm)[0] for arm in arms)
    assert one.value("swap_ssim_AB_target_path") == one.value("swap_ssim_AB")
    assert one.curve("swap_ssim_AB_target_path") == one.curve("swap_ssim_AB")
    assert two.value("swap_ssim_AB_target_path") == two.metrics["swap_ssim_AB_target_path"]
    assert two.value("swap_ssim_AB_target_path") != two.value("swap_ssim_AB")
