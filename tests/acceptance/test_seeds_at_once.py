"""A sweep that trains several seeds at once leaves what a sweep leaves that trains one after another."""

import json
import signal
from pathlib import Path

import pytest

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.lock import RunLock
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.runs.status import read_status
from tests.acceptance.program import At, Program, strike
from tests.acceptance.test_sweeps import fail, folders

pytestmark = pytest.mark.acceptance

STEP = "faceswap_lab.training.stacked_training:StackedTraining.step"
SMOOTH = ("encoder_activation=gelu", "optimizer.eps=1e-3")  # rounding is not blown up to whole steps
SHORT = ("training.max_steps=6", "progress=false", *SMOOTH)
AT_ONCE = "trainer.seeds_at_once=3"


def numbers(run: RunFolder) -> dict[str, float]:
    return {k: v for k, v in json.loads(run.result.read_text())["metrics"].items() if "recall" not in k}


def test_each_seed_has_the_numbers_that_it_has_alone(program: Program, faces: Path, tmp_path: Path) -> None:
    together = program.run("-m", "seed=0,1", "+experiment=baseline,two_encoders", *SHORT, AT_ONCE)
    assert together.code == 0, together.err
    assert "4 cells: 4 finished" in together.out
    assert together.out.count("at once     seeds 0, 1, each in its own folder") == 2
    assert together.out.count("trained at once with cell 1.") == 1
    assert together.out.count("trained at once with cell 2.") == 1
    assert together.out.count("swap SSIM") == 4
    (tmp_path / "alone").mkdir()
    alone = Program(tmp_path / "alone", faces)
    assert alone.run("-m", "seed=0,1", "+experiment=baseline,two_encoders", *SHORT).code == 0
    ours, theirs = ({run.name: RunFolder(run) for run in p.runs.glob("tiny-*")} for p in (program, alone))
    assert ours.keys() == theirs.keys()
    for name, run in ours.items():
        assert numbers(run) == pytest.approx(numbers(theirs[name]), rel=1e-3, abs=1e-4)
        assert {p.name for p in run.path.iterdir()} == {p.name for p in theirs[name].path.iterdir()}
        assert f"seed: {name.split('-s')[1][0]}" in run.config.read_text()
    again = program.run("-m", "seed=0,1", "+experiment=baseline,two_encoders", *SHORT)
    assert "4 cells: 4 reused" in again.out


def test_a_signal_ends_all_and_the_same_command_goes_on(program: Program) -> None:
    sweep = ("-m", "seed=0,1,2,3", *SHORT, AT_ONCE)
    ended = program.run(*sweep, before=[strike(STEP, 3, signal.SIGTERM)])
    assert ended.code == 128 + signal.SIGTERM
    assert "3 cells: 3 interrupted" in ended.out
    states = {name: read_status(run) for name, run in folders(program).items()}
    assert {name: (status.state, status.step) for name, status in states.items()} == {
        f"s{seed}": ("interrupted", 3) for seed in range(3)
    }
    again = program.run(*sweep)
    assert again.code == 0, again.err
    assert "4 cells: 4 finished" in again.out
    assert "at once     seeds 0, 1, 2" in again.out
    rows = read_metrics(folders(program)["s1"].metrics)
    assert [row["step"] for row in rows] == sorted({int(row["step"]) for row in rows})


def test_a_seed_that_is_finished_or_held_by_another_process_is_left_out(program: Program) -> None:
    assert program.run("seed=1", *SHORT).code == 0
    program.run("seed=2", *SHORT, before=[At("faceswap_lab.training.run:Run.begin", 1, fail)])
    held = folders(program)["s2"]
    with RunLock(held.path):
        started = program.start("-m", "seed=0,1,2,3", *SHORT, AT_ONCE)
        while "Waiting: this run is being worked on" not in started.err:
            assert started.process.is_alive()
            started.process.join(0.05)
    ended = started.ended()
    assert ended.code == 0, ended.err
    assert "at once     seeds 0, 3," in ended.out
    assert "4 cells: 3 finished, 1 reused" in ended.out


def test_a_seed_whose_data_depend_on_it_is_trained_by_itself(program: Program) -> None:
    ended = program.run("-m", "seed=0,1", "data.seed=${seed}", *SHORT, AT_ONCE)
    assert ended.code == 0, ended.err
    assert "at once" not in ended.out
    assert "2 cells: 2 finished" in ended.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("hydra/launcher=joblib", AT_ONCE), ["trainer.seeds_at_once=3", "Leave out hydra/launcher=joblib"]),
        (("update_order=random", AT_ONCE), ["update_order=random", "its own coin", "trainer.seeds_at_once=1"]),
    ],
)
def test_what_cannot_be_is_refused(program: Program, words: tuple[str, ...], told: list[str]) -> None:
    ended = program.run("-m", "seed=0,1", *SHORT, *words)
    assert ended.code == 2
    assert all(word in ended.err for word in told)
    assert not list(program.runs.glob("tiny-*"))
