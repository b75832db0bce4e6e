"""A run whose numbers are no numbers any more stops before they reach a weight, and says where."""

import itertools
import math
from dataclasses import dataclass

import pytest
import torch

from tests.acceptance.program import Program
from tests.acceptance.records import checkpoints, metrics, sessions, status

pytestmark = pytest.mark.acceptance


def not_finite(content: object) -> bool:
    if isinstance(content, torch.Tensor):
        return content.is_floating_point() and not bool(torch.isfinite(content).all())
    if isinstance(content, dict):
        return any(map(not_finite, content.values()))
    if isinstance(content, list | tuple):
        return any(map(not_finite, content))
    return isinstance(content, float) and not math.isfinite(content)


def assert_stopped(program: Program, message: str, step: int) -> None:
    now = status(program.folder)
    assert (now["state"], now["step"]) == ("diverged", step)
    assert now["message"].startswith(message)
    assert sessions(program.folder)[-1]["end_state"] == "diverged"
    assert not any(not_finite(torch.load(path, weights_only=True)) for path in checkpoints(program.folder))
    assert all(math.isfinite(float(cell)) for row in metrics(program.folder) for cell in row.values() if cell)
    assert not (program.folder / "result.json").exists()
    assert not (program.folder / "weights.safetensors").exists()


@dataclass(frozen=True)
class NotANumber:
    """Makes the n-th loss that is taken NaN: what a broken driver or a bad picture may do at any moment."""

    call: int

    def __call__(self) -> None:
        from faceswap_lab.training.step import objective

        loss_of, calls = objective.loss_of, itertools.count(1)
        objective.loss_of = lambda *a: loss_of(*a) * (math.nan if next(calls) == self.call else 1)


def test_one_loss_that_is_no_number(program: Program) -> None:
    often = ("checkpoint.every_seconds=null", "checkpoint.every_steps=10", "logger.every_steps=1")
    ended = program.run(*often, before=[NotANumber(2 * 34)])  # A's losses are odd calls, B's even ones
    assert ended.code == 1
    assert "diverged. training step 34: loss_B is nan" in ended.err
    assert str(program.folder) in ended.err
    assert "Traceback" not in ended.err
    assert_stopped(program, "training step 34: loss_B is nan", 33)
    assert [path.name[:14] for path in checkpoints(program.folder)] == ["step-000000020", "step-000000030"]
    again = program.run(*often)  # whatever did it is gone: the run goes on from its last good checkpoint
    assert again.code == 0, again.err
    assert [int(row["step"]) for row in metrics(program.folder)] == list(range(1, 61))


WILD = ("optimizer=sgd", "optimizer_state=shared", "optimizer.lr=10", "decoder_activation=linear", "loss=mse")


def test_a_training_that_explodes(program: Program) -> None:
    often = ("checkpoint.every_steps=1", "logger.every_steps=1")
    assert program.run(*WILD, *often).code == 1
    assert_stopped(program, "training step 2: loss_A is nan", 1)
    assert program.run(*WILD, *often, "evaluation.every_steps=1", "runs_dir=judged").code == 1
    program.runs = program.place / "judged"
    assert_stopped(program, "training step 1: recon_ssim_A is nan", 0)
    assert not checkpoints(program.folder)  # of weights too large for any picture to come out


def test_a_score_that_is_no_number_at_the_end(program: Program) -> None:
    assert program.run(*WILD, "training.max_steps=1").code == 1
    assert_stopped(program, "training step 1: recon_ssim_A is nan", 0)
