"""A run that was killed goes on bit for bit when its command is repeated, and loses no more than it was told it may."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.acceptance.program import STEP, UPDATE, Program, strike, until
from tests.acceptance.records import checkpoints, last_checkpoint, metrics, same, sessions

pytestmark = pytest.mark.acceptance

ORDERS = {
    "a_then_b": ["update_order=a_then_b"],
    "joint": ["update_order=joint", "optimizer_state=shared"],
    "worse_first": ["update_order=worse_first"],
}
Unharmed = Callable[[str], Path]
OFTEN = ("logger.every_steps=10", "evaluation.every_steps=20", "evaluation.preview_every_steps=20")


def assert_equal(run: Path, straight: Path) -> None:
    assert (run / "weights.safetensors").read_bytes() == (straight / "weights.safetensors").read_bytes()
    assert same(last_checkpoint(run), last_checkpoint(straight))
    assert metrics(run) == metrics(straight)
    assert len(metrics(run)) == 9  # 6 of losses, 3 of scores: none is missing, none is there twice
    names = [path.name for path in sorted((straight / "previews").iterdir())]
    stems = ["final", "step-000000020", "step-000000040", "step-000000060"]
    assert names == sorted(f"{stem}{kind}.png" for stem in stems for kind in ("", "-tiles"))
    for name in names:
        assert (run / "previews" / name).read_bytes() == (straight / "previews" / name).read_bytes()


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory: pytest.TempPathFactory, faces: Path) -> Unharmed:
    """Gives the folder of a run under an update order that nothing has happened to."""

    @cache
    def made(order: str) -> Path:
        program = Program(tmp_path_factory.mktemp(order), faces)
        assert program.run(*ORDERS[order], *OFTEN).code == 0
        return program.folder

    return made


@pytest.mark.parametrize(
    ("order", "workers"), [("a_then_b", (0, 0, 0)), ("joint", (2, 2, 2)), ("worse_first", (0, 2, 1))]
)
def test_kills_between_rows_and_inside_a_step(
    program: Program, unharmed: Unharmed, order: str, workers: tuple[int, ...]
) -> None:
    """Between two rows of metrics and two checkpoints; then between the two updates of a step, where it has two."""
    often = (*ORDERS[order], *OFTEN, "checkpoint.every_steps=7", "checkpoint.every_seconds=null")
    runs = [(*often, f"trainer.workers={count}") for count in workers]
    assert program.run(*runs[0], before=[strike(STEP, 24)]).code == -9
    assert checkpoints(program.folder)[-1].name.startswith("step-000000021-")
    assert program.run(*runs[1], before=[strike(UPDATE, 20)]).code == -9
    assert program.run(*runs[2]).code == 0
    assert_equal(program.folder, unharmed(order))
    assert [entry["first_step"] for entry in sessions(program.folder)] == [0, 21, 35 if order == "joint" else 28]


@pytest.mark.parametrize(("order", "workers"), [("a_then_b", 2), ("joint", 0), ("worse_first", 2)])
def test_kills_at_a_boundary(program: Program, unharmed: Unharmed, order: str, workers: int) -> None:
    """As soon as a row, a preview, scores and a checkpoint of the same step are written."""
    often = (*ORDERS[order], *OFTEN, "checkpoint.every_steps=20", "checkpoint.every_seconds=null")
    for _ in range(2):
        assert program.run(*often, f"trainer.workers={workers}", before=[strike(STEP, 21)]).code == -9
    assert program.run(*often, f"trainer.workers={workers}").code == 0
    assert_equal(program.folder, unharmed(order))
    assert [entry["first_step"] for entry in sessions(program.folder)] == [0, 20, 40]


def test_a_kill_loses_no_more_than_the_interval(program: Program) -> None:
    """From one checkpoint to the next it takes the second it was told, one step, and the time that writing takes."""
    program.start("training.max_steps=1000000", "checkpoint.every_seconds=1")
    until(lambda: list(program.runs.glob("*/checkpoints/step-*.pt")))
    for _ in range(2):
        newest, since = checkpoints(program.folder)[-1], time.monotonic()
        until(lambda before=newest: checkpoints(program.folder)[-1] != before)
        assert time.monotonic() - since < 5  # on a busy machine
