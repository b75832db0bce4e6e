import json
from typing import Any

import pytest

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.sessions import begin_session, end_session, note_in_session, read_sessions


def _code(diff: str | None) -> dict[str, Any]:
    return {"code": {"commit": "c", "diff": diff, "diff_sha256": diff and f"digest of {diff}"}}


@pytest.fixture
def folder(tmp_path: Any) -> RunFolder:
    return RunFolder(tmp_path)


def test_the_history_of_a_killed_and_resumed_run(folder: RunFolder) -> None:
    assert read_sessions(folder) == []
    begin_session(folder, {"command": "first"}, 0)  # killed: no end
    begin_session(folder, {"command": "second"}, 40)
    end_session(folder, "finished", 60)
    first, second = read_sessions(folder)
    assert (first["command"], first["first_step"], first["last_step"], first["end"]) == ("first", 0, None, None)
    assert (second["first_step"], second["last_step"], second["end_state"]) == (40, 60, "finished")
    assert second["end"].endswith("+00:00")


def test_an_equal_diff_is_stored_once(folder: RunFolder) -> None:
    for diff in ("one", "one", None, "two", "one"):
        begin_session(folder, _code(diff), 0)
    sessions = read_sessions(folder)
    assert [entry["code"]["diff"] for entry in sessions] == ["one", None, None, "two", None]
    assert [entry["code"]["diff_sha256"] for entry in sessions][-1] == "digest of one"


def test_what_is_known_later_is_noted_in_the_last_entry(folder: RunFolder) -> None:
    note_in_session(folder, sampler="cv2")  # there is none
    assert not folder.run.exists()
    begin_session(folder, {"command": "first"}, 0)
    note_in_session(folder, sampler="cv2")
    begin_session(folder, {"command": "second"}, 40)
    note_in_session(folder, sampler="device")
    end_session(folder, "finished", 60)
    assert [entry["sampler"] for entry in read_sessions(folder)] == ["cv2", "device"]
    assert [entry["command"] for entry in read_sessions(folder)] == ["first", "second"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "sessions": 3}', "[" * 100_000]
)
def test_a_damaged_file_does_not_keep_a_run_from_going_on(folder: RunFolder, content: str) -> None:
    folder.run.write_text(content)
    assert read_sessions(folder) == []
    end_session(folder, "interrupted", 3)
    begin_session(folder, {"command": "x"}, 3)
    assert [entry["command"] for entry in read_sessions(folder)] == ["x"]
    assert json.loads(folder.run.read_text())["format"] == 1
