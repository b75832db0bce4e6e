"""Whatever a kill or a disk leaves of a checkpoint, a run goes on from a whole one, or says that there is none."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faceswap_lab.training.saved.checkpoint import Checkpoint, load, save
from tests.acceptance.program import FORKED, STEP, Program, strike, until
from tests.acceptance.records import checkpoints, last_checkpoint, same, sessions

pytestmark = pytest.mark.acceptance

EVERY_TEN = ("checkpoint.every_seconds=null", "checkpoint.every_steps=10")


def save_for_ever(folder: Path, first: int) -> None:
    weights = {"w": torch.zeros(100_000)}
    for step in range(first, first + 1_000_000):
        save(folder, Checkpoint("digest", step, 0.0, weights, [], *[{"loss_A": [], "loss_B": []}] * 2))
        (folder / "saved").write_text(str(step))


def test_fifty_kills_while_checkpoints_are_written(tmp_path: Path) -> None:
    moment, first, torn = random.Random(0), 1, 0
    for _ in range(50):
        saver = FORKED.Process(target=save_for_ever, args=(tmp_path, first))
        saver.start()
        until(lambda at=first: checkpoints_from(tmp_path, at))
        time.sleep(moment.uniform(0, 0.01))
        saver.kill()
        saver.join()
        assert saver.exitcode == -9
        loaded = load(tmp_path, "digest")
        assert loaded is not None
        said = (tmp_path / "saved").read_text()
        assert loaded.step >= int(said or first)  # what was said to be saved is
        assert not list(tmp_path.glob("*.damaged"))
        torn += bool(list(tmp_path.glob(".tmp-*")))
        for leftover in tmp_path.glob(".tmp-*"):
            leftover.unlink()
        first = loaded.step + 1
    assert torn >= 3  # kills did come in the middle of a write


def checkpoints_from(folder: Path, step: int) -> bool:
    return any(int(path.name.split("-")[1]) >= step for path in folder.glob("step-*.pt"))


def test_a_kill_in_the_middle_of_a_checkpoint_of_the_program(program: Program, straight: Path) -> None:
    assert program.run(*EVERY_TEN, before=[strike("os:replace", 1, about="step-000000030")]).code == -9
    assert checkpoints(program.folder)[-1].name.startswith("step-000000020-")
    assert list((program.folder / "checkpoints").glob(".tmp-*"))
    assert program.run(*EVERY_TEN).code == 0
    assert [session["first_step"] for session in sessions(program.folder)] == [0, 20]
    assert same(last_checkpoint(program.folder), last_checkpoint(straight))
    assert not list(program.folder.rglob(".tmp-*"))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.fixture
def interrupted(program: Program) -> Program:
    """A run killed in step 46, with checkpoints of steps 30 and 40."""
    assert program.run(*EVERY_TEN, before=[strike(STEP, 46)]).code == -9
    return program


@pytest.mark.parametrize("damage", [truncated, zeroed, flipped])
def test_a_damaged_checkpoint_is_named_and_set_aside(
    interrupted: Program, straight: Path, damage: Callable[[Path], None]
) -> None:
    program = interrupted
    newest = checkpoints(program.folder)[-1]
    damage(newest)
    ended = program.run(*EVERY_TEN)
    assert ended.code == 0, ended.err
    assert f"{newest} is damaged" in ended.err
    assert newest.with_name(newest.name + ".damaged").exists()
    assert [session["first_step"] for session in sessions(program.folder)] == [0, 30]
    assert same(last_checkpoint(program.folder), last_checkpoint(straight))


def test_with_every_checkpoint_damaged_only_a_person_starts_from_zero(interrupted: Program) -> None:
    program = interrupted
    damaged = checkpoints(program.folder)
    for path in damaged:
        zeroed(path)
    for _ in range(2):  # the second time they are set aside already
        ended = program.run(*EVERY_TEN)
        assert ended.code == 1
        assert "no usable checkpoint is left" in ended.err
        assert all(path.name in ended.err for path in damaged)
        assert "force=true" in ended.err
        assert "Traceback" not in ended.err
    folder = program.folder
    assert program.run(*EVERY_TEN, "force=true").code == 0
    beside = folder.with_name(folder.name + ".2")
    assert [session["first_step"] for session in sessions(beside)] == [0]
    assert len(list((folder / "checkpoints").glob("*.damaged"))) == 2  # nothing of the old run was touched


def test_a_damaged_result_stops_no_new_start(program: Program) -> None:
    assert program.run("training.max_steps=2").code == 0
    folder, content = program.folder, (program.folder / "result.json").read_text()
    for damage in (content[:50], "[]", ""):
        (folder / "result.json").write_text(damage)
        ended = program.run("training.max_steps=2")
        assert ended.code == 1
        assert f"{folder / 'result.json'} cannot be used" in ended.err
    assert program.run("training.max_steps=2", "force=true").code == 0
    assert folder.with_name(folder.name + ".2").is_dir()
