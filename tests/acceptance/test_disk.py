"""Full, read-only and vanished: one clear error, and what was saved is there when the disk is well again."""

import ctypes
import errno
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.acceptance.program import STEP, At, Ended, Program, strike
from tests.acceptance.records import checkpoints, last_checkpoint, metrics, same, sessions, status

pytestmark = pytest.mark.acceptance

OFTEN = ("checkpoint.every_seconds=null", "checkpoint.every_steps=10")
_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS of sched.h: mounts made from here on are this process's own


def may_mount() -> bool:
    return os.geteuid() == 0 and not subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode


needs_mounts = pytest.mark.skipif(not may_mount(), reason="needs the right to mount; the simulated errors stand in")


@dataclass(frozen=True)
class OwnDisk:
    """Gives the program a disk of its own below ``place``; what lies there when it ends is copied to ``kept``."""

    place: Path
    kept: Path
    size: str

    def __call__(self) -> None:
        self.place.mkdir(exist_ok=True)
        assert ctypes.CDLL(None, use_errno=True).unshare(_NEW_MOUNTS) == 0
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", str(self.place)], check=True)
        Finalize(None, shutil.copytree, (self.place, self.kept), exitpriority=1)


def fill(place: Path) -> None:
    """Leave room for a status, but for no checkpoint."""
    with (place / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(place).free - 32_000)


def make_read_only(place: Path) -> None:
    """Lay a read-only view over the folder: what is open stays open, as when a disk's errors make it read-only."""
    for how in (["--bind", str(place)], ["-o", "remount,bind,ro"]):
        subprocess.run(["mount", *how, str(place)], check=True)


def fail(number: int) -> None:
    raise OSError(number, os.strerror(number))


def assert_one_clear_error(ended: Ended, *words: str) -> None:
    assert ended.code == 1, ended.err
    assert "Traceback" not in ended.err
    (line,) = [line for line in ended.err.splitlines() if line.startswith("faceswap_lab: ")]
    assert all(word in line for word in words), line


def assert_goes_on(program: Program, step: int, straight: Path) -> None:
    """The same command goes on from the last good checkpoint and ends as if nothing had been."""
    assert checkpoints(program.folder)[-1].name.startswith(f"step-{step:09d}-")
    ended = program.run(*OFTEN)
    assert ended.code == 0, ended.err
    assert sessions(program.folder)[-1]["first_step"] == step
    assert same(last_checkpoint(program.folder), last_checkpoint(straight))
    assert metrics(program.folder) == metrics(straight)


@needs_mounts
def test_a_disk_that_fills_up(program: Program, straight: Path) -> None:
    kept = program.place / "kept"
    full = At(STEP, 25, partial(fill, program.runs))
    ended = program.run(*OFTEN, before=[OwnDisk(program.runs, kept, "8m"), full])
    assert_one_clear_error(ended, "step-000000030-", "the disk is full", "free some space")
    program.runs = kept
    assert status(program.folder)["state"] == "failed"
    assert_goes_on(program, 20, straight)


@needs_mounts
def test_a_disk_that_becomes_read_only(program: Program, straight: Path) -> None:
    kept = program.place / "kept"
    remount = At(STEP, 25, partial(make_read_only, program.runs))
    ended = program.run(*OFTEN, before=[OwnDisk(program.runs, kept, "8m"), remount])
    assert_one_clear_error(
        ended, "the file system is read-only", "make it writable or choose another folder (of runs: runs_dir)"
    )
    program.runs = kept
    assert_goes_on(program, 20, straight)


@needs_mounts
@pytest.mark.parametrize("full", ["runs", "cache"])
def test_a_disk_without_any_room(program: Program, full: str) -> None:
    disk = program.place / full
    program.runs, program.cache = program.place / "runs", program.cache if full == "runs" else disk
    ended = program.run(before=[OwnDisk(disk, program.place / "kept", "4k")])
    assert_one_clear_error(ended, str(disk))
    assert not list(program.place.glob("kept/**/*.tmp-*"))


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only"), (errno.EDQUOT, "quota"), (errno.EIO, "device")],
)
def test_any_storage_error_while_saving(program: Program, straight: Path, number: int, words: str) -> None:
    refused = At("os:replace", 1, partial(fail, number), about="step-000000030")
    assert_one_clear_error(program.run(*OFTEN, before=[refused]), words, "step-000000030-")
    assert status(program.folder)["state"] == "failed"
    assert checkpoints(program.folder)[-1].name.startswith("step-000000020-")
    assert not list(program.folder.rglob(".tmp-*"))
    if number == errno.ENOSPC:
        assert_goes_on(program, 20, straight)


def test_a_run_folder_that_vanishes(program: Program) -> None:
    vanishing = At(STEP, 25, partial(shutil.rmtree, program.runs))
    assert_one_clear_error(program.run(before=[vanishing]), "the folder is gone")


def test_a_cache_that_vanishes_does_no_harm(program: Program) -> None:
    program.cache = program.place / "cache"
    vanishing = At(STEP, 25, partial(shutil.rmtree, program.cache))
    ended = program.run(before=[vanishing])
    assert ended.code == 0, ended.err


def cut_the_cache(cache: Path) -> None:
    for path in cache.rglob("faces.npy"):
        os.truncate(path, 1000)


def test_a_cache_that_is_cut_under_the_training_is_made_again(program: Program) -> None:
    """The system ends a process that reads what is no longer there; the same command mends both cache and run."""
    program.cache = program.place / "cache"
    cut = At(STEP, 25, partial(cut_the_cache, program.cache))
    assert program.run(*OFTEN, before=[cut]).code == -signal.SIGBUS
    ended = program.run(*OFTEN)
    assert ended.code == 0, ended.err
    assert "damaged" in ended.err
    assert sessions(program.folder)[-1]["first_step"] == 20


def write_pictures(folder: Path, count: int) -> Path:
    rng = np.random.default_rng(ord(folder.name))
    folder.mkdir()
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (128, 128, 3), np.uint8)).save(folder / f"{i}.png")
    return folder


def test_pictures_that_vanish_before_a_run_goes_on(program: Program) -> None:
    folders = {side: write_pictures(program.place / side, 12) for side in "ab"}
    program.data = ("data=folders", "loss=mae", *(f"data.{side}={folder}" for side, folder in folders.items()))
    assert program.run(*OFTEN, before=[strike(STEP, 25)]).code == -9
    before = {path: path.read_bytes() for path in program.folder.rglob("*") if path.is_file()}
    folders["b"].rename(program.place / "elsewhere")
    ended = program.run(*OFTEN)
    assert ended.code == 2, ended.err  # the command means nothing any more; nothing has failed
    assert "Traceback" not in ended.err
    assert f"{folders['b']}" in ended.err
    assert {path: path.read_bytes() for path in program.folder.rglob("*") if path.is_file()} == before
    (program.place / "elsewhere").rename(folders["b"])
    assert program.run(*OFTEN).code == 0
    assert sessions(program.folder)[-1]["first_step"] == 20
