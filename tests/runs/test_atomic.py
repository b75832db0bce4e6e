import errno
import json
import os
import pickle
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faceswap_lab.runs.atomic import (
    StorageError,
    explaining,
    remove_leftovers,
    write_bytes,
    write_json,
    write_text,
)
from tests.runs.processes import child, kill

_SIZE = 1 << 20


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_content_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert _names(tmp_path) == ["a.bin"]


def test_the_order_of_calls_is_the_one_that_survives_a_loss_of_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: calls.append(f"sync {Path(os.readlink(f'/proc/self/fd/{fd}')).name}"))
    monkeypatch.setattr(os, "replace", lambda *paths: (calls.append("rename"), replace(*paths)))
    write_bytes(tmp_path / "a.bin", b"x")
    assert calls[0].startswith("sync .tmp-")
    assert calls[1:] == ["rename", f"sync {tmp_path.name}"]


def test_text_is_utf8_and_json_is_sorted(tmp_path: Path) -> None:
    write_text(tmp_path / "t", "ä→b\n")
    assert (tmp_path / "t").read_bytes() == "ä→b\n".encode()
    write_json(tmp_path / "j", {"b": 1, "a": [0.1, None]})
    assert (tmp_path / "j").read_text() == '{\n  "a": [\n    0.1,\n    null\n  ],\n  "b": 1\n}\n'


def test_new_files_have_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_bytes(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_json_refuses_nan_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write_json(path, {"loss": 1.0})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": float("nan")})
    assert json.loads(path.read_text()) == {"loss": 1.0}


def test_killed_at_random_moments_a_reader_finds_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "state.bin"
    write_bytes(path, b"\0" * _SIZE)
    last, kills, torn_writes = 0, 0, 0

    def write_for_ever() -> None:
        number = last
        while True:
            number += 1
            write_bytes(path, bytes([number % 256]) * _SIZE)

    rng = random.Random(0)
    while kills < 20 or (not torn_writes and kills < 1000):  # on a busy machine a child may not get to its first write
        kills += 1
        with child(write_for_ever) as pid:
            time.sleep(rng.uniform(0.001, 0.02))
            kill(pid)
        content = path.read_bytes()
        assert content == content[:1] * _SIZE
        torn_writes += len([name for name in _names(tmp_path) if name.startswith(".tmp-")])
        remove_leftovers(tmp_path)
        assert _names(tmp_path) == ["state.bin"]
        last = content[0]
    assert torn_writes > 0, "no kill fell into a write: the test has shown nothing"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "permission was denied"),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_refusing_disk_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int, words: str, call: str
) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(StorageError, match=words) as caught:
            write_json(path, {})
    assert caught.value.errno == reason
    assert str(path) in str(caught.value)
    assert "MB free" in str(caught.value)
    assert path.read_text() == "old"
    assert _names(tmp_path) == ["result.json"]


def test_other_os_errors_pass_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ELOOP, "loop")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="loop") as caught:
        write_bytes(tmp_path / "a", b"")
    assert not isinstance(caught.value, StorageError)


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="the folder is gone"):
        write_bytes(tmp_path / "gone" / "a", b"")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that takes no files")
def test_a_folder_that_takes_no_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="none can be made there"):
        write_bytes(Path("/proc/a"), b"")
    with pytest.raises(FileNotFoundError), explaining(tmp_path / "a"):
        (tmp_path / "b").read_bytes()


def test_storage_errors_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(StorageError("full")))
    assert (type(error), str(error)) == (StorageError, "full")


_ON_A_FULL_DISK = """
import sys
from pathlib import Path
from faceswap_lab.runs.atomic import StorageError, write_bytes
from faceswap_lab.runs.metrics import MetricsCsv, read_metrics
root = Path(sys.argv[1])
write_bytes(root / "a", b"good")
metrics = MetricsCsv(root / "metrics.csv")
written = 0
try:
    while True:
        metrics.append({"step": written, "text": "x" * 997})
        written += 1
except StorageError as error:
    print(error)
assert written > 50, written
assert [row["step"] for row in read_metrics(root / "metrics.csv")] == list(range(written))
(root / "filler").write_bytes(b"")
try:
    write_bytes(root / "a", bytes(1 << 20))
    raise SystemExit("a full disk took a megabyte")
except StorageError as error:
    print(error)
assert (root / "a").read_bytes() == b"good"
assert not list(root.glob(".tmp-*"))
(root / "filler").unlink()
(root / "metrics.csv").unlink()
write_bytes(root / "a", b"better")
assert (root / "a").read_bytes() == b"better"
"""


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    def in_small_tmpfs(*command: str) -> list[str]:
        script = 'mount -t tmpfs -o size=128k none "$0" && exec "$@"'
        return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(tmp_path), *command]

    if shutil.which("unshare") is None or subprocess.run(in_small_tmpfs("true"), capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small tmpfs")
    command = in_small_tmpfs(sys.executable, "-c", _ON_A_FULL_DISK, str(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the disk is full") == 2
