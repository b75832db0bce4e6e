"""A longer run goes on from a finished, shorter one with the bits of a straight run, though it is killed on its way."""

from pathlib import Path

import pytest

from tests.acceptance.program import STEP, Program, strike
from tests.acceptance.records import last_checkpoint, metrics, result, same, sessions

pytestmark = pytest.mark.acceptance

EVERY_SEVEN = ("checkpoint.every_seconds=null", "checkpoint.every_steps=7")


def test_a_sweep_over_lengths_and_a_kill(program: Program, straight: Path) -> None:
    swept = ("-m", "training.max_steps=20,60", *EVERY_SEVEN)
    assert program.run(*swept, before=[strike(STEP, 20 + 26)]).code == -9  # 26 steps after the end of the shorter one
    (shorter,), (longer,) = (list(program.runs.glob(f"tiny-s0-{digest}")) for digest in digests(program))
    ended = program.run(*swept)
    assert ended.code == 0, ended.err
    assert "goes on" not in ended.out  # it has its own checkpoint by now
    assert longer.name == straight.name
    assert (longer / "weights.safetensors").read_bytes() == (straight / "weights.safetensors").read_bytes()
    assert same(last_checkpoint(longer), last_checkpoint(straight))
    assert metrics(longer) == metrics(straight)
    assert result(longer)["metrics"] == result(straight)["metrics"]
    assert [(session.get("run"), session["first_step"]) for session in sessions(longer)] == [
        (shorter.name, 0), (None, 20), (None, 42),
    ]  # fmt: skip
    shown = program.start_with("show", str(longer)).ended()
    assert f"went on from the end of {shorter.name}\n" in shown.out


def digests(program: Program) -> list[str]:
    """Of the shorter and the longer run."""
    folders = [path for path in program.runs.iterdir() if (path / "run.json").exists()]
    return [path.name.split("-")[-1] for path in sorted(folders, key=lambda path: len(sessions(path)))]
