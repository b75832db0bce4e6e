import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.lock import run_lock
from faceswap_lab.runs.result import Result, write_result
from faceswap_lab.runs.status import State, Status, read_status, write_status
from tests.runs.processes import child, exit_code


def _finish(folder: RunFolder) -> None:
    write_result(folder, Result(digest="0" * 10, label="x", seed=0, steps=240, seconds=1.0, metrics={"m": 0.5}))


def test_nothing_written_is_created(tmp_path: Path) -> None:
    assert read_status(RunFolder(tmp_path)) == Status("created")


@pytest.mark.parametrize("state", [state for state in get_args(State) if state not in ("finished", "running")])
def test_what_is_written_is_read(tmp_path: Path, state: State) -> None:
    written = write_status(RunFolder(tmp_path), state, 17, "why")
    assert read_status(RunFolder(tmp_path)) == written
    assert (written.state, written.step, written.message) == (state, 17, "why")


def test_finished_is_what_has_a_result_and_nothing_else(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_status(folder, "finished", 240)
    assert read_status(folder).state == "interrupted"
    _finish(folder)
    for state in get_args(State):
        write_status(folder, state, 3)
        status = read_status(folder)
        assert (status.state, status.step) == ("finished", 240)
    folder.status.unlink()
    assert read_status(folder).state == "finished"


def test_a_damaged_result_is_not_finished_and_says_so(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    _finish(folder)
    folder.result.write_text("{")
    status = read_status(folder)
    assert status.state == "interrupted"
    assert "result.json cannot be used" in status.message


def test_running_holds_only_while_a_process_holds_the_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with run_lock(folder.path):
        write_status(folder, "running", 5)
        assert read_status(folder).state == "running"
    assert read_status(folder).state == "interrupted"
    assert read_status(folder).step == 5


def test_killed_while_running_is_interrupted(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)

    def run_and_die() -> None:
        import os

        with run_lock(folder.path):
            write_status(folder, "running", 5)
            os.kill(os.getpid(), 9)

    with child(run_and_die) as pid:
        assert exit_code(pid) == -9
    assert read_status(folder).state == "interrupted"


def test_an_error_leaves_its_traceback_until_the_run_has_overcome_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    try:
        _ = 1 // int("0")
    except ZeroDivisionError as error:
        write_status(folder, "failed", 3, error=error)
    status = read_status(folder)
    assert status.traceback == "traceback.txt"
    assert status.message == "ZeroDivisionError: integer division or modulo by zero"
    assert 'int("0")' in folder.traceback.read_text()
    write_status(folder, "running", 3)
    assert not folder.traceback.exists()


_damaged = st.binary(max_size=40) | st.sampled_from([b"[" * 100_000, b"{}", b'{"state": "finished"}', b"null"])
_wrong = st.sampled_from(["state", "step", "time", "message", "traceback"])


@given(content=_damaged, name=_wrong)
def test_no_bytes_make_it_raise(content: bytes, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = RunFolder(tmp_path_factory.getbasetemp() / "status")
    folder.path.mkdir(exist_ok=True)
    folder.status.write_bytes(content)
    assert read_status(folder).state == "interrupted"
    good = {"state": "failed", "step": 1, "time": "", "message": "", "traceback": None}
    folder.status.write_text(json.dumps(good | {name: ["wrong"]}))
    assert read_status(folder).state == "interrupted"
