"""``trainer=ddp`` as a user runs it, on two CPU processes: in a sweep, told to stop, and killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from faceswap_lab.runs.metrics import read_metrics
from tests.acceptance.program import TINY

pytestmark = pytest.mark.acceptance

# A large epsilon keeps updates proportional to gradients, and a squared error has no kink where a rounding turns a
# pixel's gradient round: so two ways of rounding stay close. (Every order, step by step: training/test_ddp.py.)
STEADY = ("loss=mse", "optimizer.eps=1e-2", "optimizer.lr=0.05", "logger.every_steps=5")
DDP = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.threads=1")


def started(faces: Path, runs: Path, *words: str) -> "subprocess.Popen[str]":
    overrides = [word for word in TINY if word.split("=")[0] not in {w.split("=")[0] for w in words}]
    command = [sys.executable, "-m", "faceswap_lab", *words, *overrides, f"cache_dir={faces}", f"runs_dir={runs}"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, **pipes)  # type: ignore[call-overload]


def finished(faces: Path, runs: Path, *overrides: str) -> str:
    process = started(faces, runs, *overrides)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    return said


def folder_of(runs: Path, seed: int) -> Path:
    (folder,) = runs.glob(f"tiny-s{seed}-*")
    return folder


def test_a_sweep_over_two_processes_gives_what_one_process_gives(faces: Path, tmp_path: Path) -> None:
    """Both jobs of the sweep train on two devices; Lightning's own launcher would start the sweep within the sweep."""
    short = ("training.max_steps=20", *STEADY)
    finished(faces, tmp_path / "one", "seed=1", "trainer=cpu", *short)
    said = finished(faces, tmp_path / "two", "-m", "seed=0,1", *DDP, *short)
    assert said.count("run folder  ") == 2, said  # each named once, by one process
    assert "2 cells: 2 finished" in said
    one, two = folder_of(tmp_path / "one", 1), folder_of(tmp_path / "two", 1)
    assert folder_of(tmp_path / "two", 0).joinpath("result.json").exists()
    assert one.name == two.name  # devices do not make another run
    got, expected = load_file(two / "weights.safetensors"), load_file(one / "weights.safetensors")
    assert max((got[name] - expected[name]).abs().max().item() for name in expected) < 1e-5
    for row, due in zip(read_metrics(two / "metrics.csv"), read_metrics(one / "metrics.csv"), strict=True):
        assert row["step"] == due["step"]
        assert [row[n] for n in ("loss_A", "loss_B")] == pytest.approx([due[n] for n in ("loss_A", "loss_B")], abs=1e-5)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for(condition, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def training(faces: Path, runs: Path) -> "tuple[subprocess.Popen[str], list[int]]":
    """Return a run on two processes that has written a checkpoint, and its further processes."""
    process = started(faces, runs, *DDP, "training.max_steps=100000", "checkpoint.every_steps=5", *STEADY)
    wait_for(lambda: list(runs.glob("tiny-*/checkpoints/step-*.pt")))
    return process, children_of(process.pid)


def test_a_signal_to_the_first_process_stops_both_at_the_same_step(faces: Path, tmp_path: Path) -> None:
    process, others = training(faces, tmp_path)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, said
    assert said.count("finishing this step and saving") == 1
    wait_for(lambda: not any(map(is_alive, others)), 20)


def test_others_do_not_outlive_a_first_process_that_is_killed(faces: Path, tmp_path: Path) -> None:
    process, others = training(faces, tmp_path)
    assert others
    process.kill()
    process.communicate(timeout=60)
    wait_for(lambda: not any(map(is_alive, others)), 20)
