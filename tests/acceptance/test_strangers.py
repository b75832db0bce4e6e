"""Files from strangers run no code and take no machine down; what is wrong with them is said."""

import hashlib
import io
import os
import pickle
import resource
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.acceptance.program import STEP, Program, strike
from tests.acceptance.records import checkpoints
from tests.acceptance.test_disk import write_pictures

pytestmark = pytest.mark.acceptance

OFTEN = ("checkpoint.every_seconds=null", "checkpoint.every_steps=10")


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.command = f"touch {trace}"

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def as_torch_file(content: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.mark.parametrize("written", [pickle.dumps, as_torch_file], ids=["a bare pickle", "a pickle in torch's zip"])
def test_a_malicious_checkpoint(program: Program, written: Callable[[Any], bytes]) -> None:
    trace = program.place / "executed"
    assert program.run(*OFTEN, before=[strike(STEP, 25)]).code == -9
    honest = torch.load(checkpoints(program.folder)[-1], weights_only=True)
    for path in checkpoints(program.folder):
        path.unlink()
    data = written(honest | {"seconds": Evil(trace)})
    name = f"step-000000020-{hashlib.sha256(data).hexdigest()[:16]}.pt"  # its checksum is right
    (program.folder / "checkpoints" / name).write_bytes(data)
    ended = program.run(*OFTEN)
    assert ended.code == 1
    assert name in ended.err
    assert "no usable checkpoint is left" in ended.err
    assert not trace.exists()
    pickle.loads(data) if written is pickle.dumps else torch.load(io.BytesIO(data), weights_only=False)
    assert trace.exists()  # it would have been, by a careless reader


CHANGES: list[dict[str, Any]] = [
    {"weights": {"encoder.0.weight": torch.zeros(2)}},
    {"optimizers": []},
    {"step": 10**9},
    {"pending": {"A": "x"}},
    {"recent": {"A": [0.5], "B": "x"}},
    {"seconds": None},
]


def test_checkpoints_that_are_none_of_this_run(program: Program) -> None:
    assert program.run(*OFTEN, before=[strike(STEP, 15)]).code == -9
    (path,) = checkpoints(program.folder)
    honest = torch.load(path, weights_only=True)
    for change in CHANGES:
        for old in path.parent.iterdir():
            old.unlink()
        data = as_torch_file(honest | change)
        name = f"step-000000010-{hashlib.sha256(data).hexdigest()[:16]}.pt"
        (path.parent / name).write_bytes(data)
        ended = program.run(*OFTEN)
        assert ended.code == 1, change
        assert "Traceback" not in ended.err
        assert name in ended.err or "the checkpoint of step 10 is not of this run's model" in ended.err


@pytest.mark.parametrize(
    "text",
    [
        "# @package _global_\noptimizer:\n  _target_: os.system\n  command: touch {trace}\n",
        "# @package _global_\nhydra:\n  callbacks:\n    x:\n      _target_: os.system\n      command: touch {trace}\n",
        "# @package _global_\nhydra:\n  job_logging:\n    handlers: {{x: {{(): os.system, command: touch {trace}}}}}\n",
        "# @package hydra.callbacks.x\n_target_: os.system\ncommand: touch {trace}\n",
        "!!python/object/apply:os.system ['touch {trace}']\n",
    ],
)
@pytest.mark.parametrize("multirun", [(), ("-m",)])
def test_a_configuration_that_wants_to_run_code(program: Program, text: str, multirun: tuple[str, ...]) -> None:
    trace = program.place / "executed"
    (program.place / "conf" / "experiment").mkdir(parents=True)
    (program.place / "conf" / "experiment" / "evil.yaml").write_text(text.format(trace=trace))
    own = ("--config-dir", str(program.place / "conf"), *multirun, f"runs_dir={program.runs}", "+experiment=evil")
    ended = program.start_with(*own).ended()
    assert ended.code == 2, ended.err
    assert "Traceback" not in ended.err
    assert "evil.yaml" in ended.err
    assert not trace.exists()
    assert not program.runs.exists()


@pytest.mark.parametrize(
    "hydra",
    [
        "{{mode: MULTIRUN, callbacks: {{report: {{_target_: os.system, command: touch {trace}}}}}}}",
        "{{sweeper: {{_target_: os.system, command: touch {trace}}}}}",
        "{{sweeper: {{params: {{seed: 0, 'hydra.callbacks.x': '{{_target_: os.system, command: touch {trace}}}'}}}}}}",
    ],
)
def test_a_study_that_wants_to_run_code(program: Program, hydra: str) -> None:
    trace = program.place / "executed"
    (program.place / "conf" / "study").mkdir(parents=True)
    text = hydra.format(trace=trace)
    (program.place / "conf" / "study" / "evil.yaml").write_text(f"# @package _global_\nhydra: {text}\n")
    for command in ((), ("report",)):
        own = (*command, "--config-dir", str(program.place / "conf"), f"runs_dir={program.runs}", "+study=evil")
        ended = program.start_with(*own).ended()
        assert ended.code == 2, ended.err
        assert "evil.yaml" in ended.err
        assert "never Hydra's own" in ended.err
        assert not trace.exists()
        assert not program.runs.exists()


def bomb(side: int) -> bytes:
    """A PNG of some hundred bytes that claims ``side`` x ``side`` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(50_000))) + chunk(b"IEND", b"")


def allow_no_gigabytes() -> None:
    already = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (already + 2 * 2**30, already + 2 * 2**30))


def test_a_picture_bomb_is_skipped_by_name(program: Program) -> None:
    folders = {side: write_pictures(program.place / side, 12) for side in "ab"}
    (folders["a"] / "bomb.png").write_bytes(bomb(60_000))
    program.data = ("data=folders", "loss=mae", *(f"data.{side}={folder}" for side, folder in folders.items()))
    ended = program.run("training.max_steps=2", before=[allow_no_gigabytes])
    assert ended.code == 0, ended.err
    assert "bomb.png" in ended.err
    assert "too large" in ended.err


def test_only_picture_bombs(program: Program) -> None:
    folders = {side: write_pictures(program.place / side, 12 if side == "a" else 0) for side in "ab"}
    (folders["b"] / "bomb.png").write_bytes(bomb(60_000))
    program.data = ("data=folders", "loss=mae", *(f"data.{side}={folder}" for side, folder in folders.items()))
    ended = program.run(before=[allow_no_gigabytes])
    assert ended.code == 2, ended.err
    assert "too large" in ended.err
    assert "Traceback" not in ended.err
    assert not program.runs.exists()
