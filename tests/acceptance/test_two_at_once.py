"""Two processes given the same run: one trains, the other waits for it, and takes over if it dies."""

import os
import signal

import pytest

from tests.acceptance.program import STEP, Program, strike, until
from tests.acceptance.records import metrics, sessions

pytestmark = pytest.mark.acceptance


def test_who_waits_takes_over_from_who_is_killed(program: Program) -> None:
    holder = program.start("checkpoint.every_steps=10", before=[strike(STEP, 25, signal.SIGSTOP)])
    until(lambda: holder.is_stopped)
    waiting = program.start("checkpoint.every_steps=10")
    until(lambda: "Waiting" in waiting.err)
    assert f"process {holder.pid} on " in waiting.err
    assert len(sessions(program.folder)) == 1
    os.kill(holder.pid, signal.SIGKILL)
    ended = waiting.ended()
    assert ended.code == 0, ended.err
    assert [entry["first_step"] for entry in sessions(program.folder)] == [0, 20]
    assert [int(row["step"]) for row in metrics(program.folder)] == list(range(10, 61, 10))


def test_who_waits_returns_what_the_other_found(program: Program) -> None:
    holder = program.start(before=[strike(STEP, 25, signal.SIGSTOP)])
    until(lambda: holder.is_stopped)
    waiting = program.start(before=[strike(STEP, 1)])  # it makes no step of its own, or this would kill it
    until(lambda: "Waiting" in waiting.err)
    os.kill(holder.pid, signal.SIGCONT)
    assert holder.ended().code == 0
    ended = waiting.ended()
    assert ended.code == 0, ended.err
    assert "by the score" in ended.out
    assert len(sessions(program.folder)) == 1
