"""Signals end a run at a step's end, saved; elsewhere at once; and always with the code that tells which signal."""

import os
import signal
from pathlib import Path
from signal import SIGINT, SIGTERM, SIGUSR1

import pytest

from tests.acceptance.program import STEP, UPDATE, Program, strike, until
from tests.acceptance.records import checkpoints, last_checkpoint, metrics, same, sessions, status

pytestmark = pytest.mark.acceptance

ONLY_WHEN_STOPPED = ("checkpoint.every_seconds=null", "checkpoint.every_steps=1000")


def stopped(program: Program, function: str, call: int, number: int, *overrides: str) -> str:
    """Run until a signal comes at a call of a function; return what was said on standard error."""
    ended = program.run(*ONLY_WHEN_STOPPED, *overrides, before=[strike(function, call, number)])
    assert ended.code == 128 + number, ended.err
    assert "Traceback" not in ended.err
    return ended.err


def test_a_signal_lets_the_step_end_and_the_same_command_goes_on(program: Program, straight: Path) -> None:
    for number, call, step in ((SIGINT, 13, 13), (SIGTERM, 10, 23), (SIGUSR1, 20, 43)):
        said = stopped(program, STEP, call, number)
        assert f"{signal.Signals(number).name}: finishing this step" in said
        assert f"interrupted at step {step} of 60" in said.lower()
        assert str(program.folder) in said
        assert status(program.folder)["state"] == "interrupted"
        assert checkpoints(program.folder)[-1].name.startswith(f"step-{step:09d}-")
    assert program.run(*ONLY_WHEN_STOPPED).code == 0
    assert (program.folder / "weights.safetensors").read_bytes() == (straight / "weights.safetensors").read_bytes()
    assert same(last_checkpoint(program.folder), last_checkpoint(straight))
    assert metrics(program.folder) == metrics(straight)
    ends = [(entry["first_step"], entry["last_step"], entry["end_state"]) for entry in sessions(program.folder)]
    assert ends == [(0, 13, "interrupted"), (13, 23, "interrupted"), (23, 43, "interrupted"), (43, 60, "finished")]


EVALUATION = "faceswap_lab.training.judge:Judge.at_the_end"


@pytest.mark.parametrize(
    ("function", "number"),
    [
        (STEP, SIGTERM),  # in the last step: whoever asks for an end does not wait for an evaluation
        (EVALUATION, SIGINT),
        ("faceswap_lab.training.run:write_result", SIGTERM),
    ],
)
def test_a_signal_after_the_training_loses_no_step(program: Program, function: str, number: int) -> None:
    stopped(program, function, 60 if function == STEP else 1, number)
    assert status(program.folder) | {"time": None} == {
        "message": f"by {signal.Signals(number).name}; repeat its command",
        "state": "interrupted",
        "step": 60,
        "time": None,
        "traceback": None,
    }
    assert not (program.folder / "result.json").exists()
    ended = program.run(before=[strike(STEP, 1)])  # no step is made again, or this would kill it
    assert ended.code == 0, ended.err
    assert status(program.folder)["state"] == "finished"


@pytest.mark.parametrize(
    ("function", "number"),
    [
        ("faceswap_lab.training.run:begin_session", SIGTERM),
        ("faceswap_lab.training.callbacks:Resume.on_train_start", SIGTERM),  # Lightning's own handlers are in place
        ("faceswap_lab.training.callbacks:Resume.on_train_start", SIGINT),
    ],
)
def test_a_signal_before_the_first_step(program: Program, function: str, number: int) -> None:
    assert "at step 0 of 60" in stopped(program, function, 1, number)
    assert (status(program.folder)["state"], status(program.folder)["step"]) == ("interrupted", 0)


def test_a_signal_while_the_configuration_is_composed(program: Program) -> None:
    assert "ended by SIGTERM" in stopped(program, "hydra._internal.hydra:Hydra.run", 1, SIGTERM)
    assert not program.runs.exists()


@pytest.mark.parametrize("number", [SIGINT, SIGTERM, SIGUSR1])
def test_a_signal_while_faces_are_rendered(program: Program, number: int) -> None:
    program.cache = program.place / "cache"
    rendering = "faceswap_lab.data.npy_writer:NpyWriter.append"
    said = stopped(program, rendering, 3, number)
    assert "the same command" in said.lower()
    assert not program.runs.exists()
    assert not list(program.cache.rglob("*.partial-*"))


def test_a_signal_to_the_whole_group_reaches_workers_and_loses_no_step(program: Program) -> None:
    """As a terminal, timeout or SLURM send it; the training process still needs the samples of its last step."""
    run = program.start(*ONLY_WHEN_STOPPED, "trainer.workers=2", "training.max_steps=100000")
    until(lambda: list(program.runs.glob("*/metrics.csv")))
    os.killpg(run.pid, SIGTERM)
    ended = run.ended()
    assert ended.code == 143, ended.err
    assert ended.err.count("finishing this step") == 1
    assert "Traceback" not in ended.err
    step = int(checkpoints(program.folder)[-1].name.split("-")[1])
    assert status(program.folder)["step"] == step >= 10


def test_a_second_ctrl_c_ends_at_once_and_keeps_what_was_saved(program: Program) -> None:
    twice = [
        strike(STEP, 25, SIGINT),
        strike(UPDATE, 50, SIGINT),
    ]
    ended = program.run("checkpoint.every_seconds=null", "checkpoint.every_steps=10", before=twice)
    assert ended.code == 130, ended.err
    assert "Traceback" not in ended.err
    assert checkpoints(program.folder)[-1].name.startswith("step-000000020-")
    assert status(program.folder)["step"] == 20


def test_a_waiting_process_can_be_stopped(program: Program) -> None:
    holder = program.start(before=[strike(STEP, 5, signal.SIGSTOP)])
    until(lambda: holder.is_stopped)
    waiting = program.start()
    until(lambda: "Waiting" in waiting.err)
    os.kill(waiting.pid, SIGTERM)
    assert waiting.ended().code == 143
    os.kill(holder.pid, signal.SIGCONT)
    assert holder.ended().code == 0


def in_slurm() -> None:
    variables = {"JOB_ID": "7", "JOB_NAME": "train", "NTASKS": "2", "PROCID": "1", "LOCALID": "1", "NODELIST": "n1"}
    os.environ.update({f"SLURM_{name}": value for name, value in variables.items()})


def test_slurm_is_not_taken_for_several_processes_of_one_run(program: Program) -> None:
    """Lightning would wait for the other tasks of the allocation, refuse it, or requeue the job by itself."""
    ended = program.run(*ONLY_WHEN_STOPPED, before=[in_slurm, strike(STEP, 25, SIGUSR1)])
    assert ended.code == 138, ended.err
    assert status(program.folder)["step"] == 25
    ended = program.run(*ONLY_WHEN_STOPPED, before=[in_slurm])
    assert ended.code == 0, ended.err
