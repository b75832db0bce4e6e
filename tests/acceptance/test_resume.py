"""A run that was killed goes on bit for bit when its command is repeated, and loses no more than it was told it may."""

from pathlib import Path

import pytest

from tests.acceptance.program import STEP, UPDATE, Program, strike
from tests.acceptance.records import checkpoints, last_checkpoint, metrics, same, sessions

pytestmark = pytest.mark.acceptance

ORDERS = {
    "a_then_b": ["update_order=a_then_b"],
    "joint": ["update_order=joint", "optimizer_state=shared"],
    "worse_first": ["update_order=worse_first"],
}
OFTEN = ("logger.every_steps=10", "evaluation.every_steps=20", "evaluation.preview_every_steps=20")


def assert_equal(run: Path, straight: Path) -> None:
    assert (run / "weights.safetensors").read_bytes() == (straight / "weights.safetensors").read_bytes()
    assert same(last_checkpoint(run), last_checkpoint(straight))
    assert metrics(run) == metrics(straight)
    assert len(metrics(run)) == 9  # 6 of losses, 3 of scores: none is missing, none is there twice
    names = [path.name for path in sorted((straight / "previews").iterdir())]
    assert names == ["final.png", "step-000000020.png", "step-000000040.png", "step-000000060.png"]
    for name in names:
        assert (run / "previews" / name).read_bytes() == (straight / "previews" / name).read_bytes()


@pytest.mark.parametrize("order", ORDERS)
def test_two_kills_change_no_bit(program: Program, order: str) -> None:
    assert program.run(*ORDERS[order], *OFTEN).code == 0
    straight, program.runs = program.folder, program.place / "killed"
    # Between two rows of metrics and two checkpoints; inside a step, after one of its two updates where it has two.
    often = (*ORDERS[order], *OFTEN, "checkpoint.every_steps=7", "checkpoint.every_seconds=null", "trainer.workers=0")
    assert program.run(*often, before=[strike(STEP, 24)]).code == -9
    assert checkpoints(program.folder)[-1].name.startswith("step-000000021-")
    assert program.run(*often, before=[strike(UPDATE, 20)]).code == -9
    assert program.run(*often).code == 0
    assert_equal(program.folder, straight)
    begun = [session["first_step"] for session in sessions(program.folder)]
    assert begun[:2] == [0, 21]
    assert begun[2] in (28, 35)
    # At the boundary of both; with workers, which may even change in between.
    program.runs = program.place / "killed-at-a-boundary"
    seldom = (*ORDERS[order], *OFTEN, "checkpoint.every_steps=20", "checkpoint.every_seconds=null")
    assert program.run(*seldom, "trainer.workers=2", before=[strike(STEP, 21)]).code == -9
    assert program.run(*seldom, "trainer.workers=1", before=[strike(STEP, 21)]).code == -9
    assert program.run(*seldom, "trainer.workers=2").code == 0
    assert_equal(program.folder, straight)
    assert [session["first_step"] for session in sessions(program.folder)] == [0, 20, 40]
