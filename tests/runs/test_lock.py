import os
import time
from pathlib import Path

import pytest

from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.runs.lock import Holder, holder, run_lock
from tests.runs.processes import child, exit_code, kill, until


def _hold_for_ever(folder: Path) -> None:
    with run_lock(folder):
        time.sleep(60)


class _Held(Exception):
    """Instead of waiting."""


def _refuse(who: Holder | None) -> None:
    raise _Held(who)


def test_free_then_held_then_free(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with run_lock(tmp_path):
        me = holder(tmp_path)
        assert me is not None
        assert me.pid == os.getpid()
    assert holder(tmp_path) is None
    assert not (tmp_path / ".holder.json").exists()


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    with child(lambda: _hold_for_ever(tmp_path)) as pid:
        until((tmp_path / ".holder.json").exists)
        with pytest.raises(_Held, match=f"process {pid} on ") as caught, run_lock(tmp_path, _refuse):
            pass
        assert caught.value.args == (holder(tmp_path),)


def test_a_killed_holder_frees_it_and_leaves_no_stale_lock(tmp_path: Path) -> None:
    with child(lambda: _hold_for_ever(tmp_path)) as pid:
        until((tmp_path / ".holder.json").exists)
        kill(pid)
    assert (tmp_path / ".holder.json").exists()  # its name stays behind …
    assert holder(tmp_path) is None  # … and is not believed
    with run_lock(tmp_path):
        assert holder(tmp_path) == Holder(os.getpid(), os.uname().nodename, _since(tmp_path))


def _since(folder: Path) -> str:
    found = holder(folder)
    assert found is not None
    return found.since


def test_the_second_waits_and_takes_over_when_the_holder_dies(tmp_path: Path) -> None:
    told = tmp_path / "told"

    def wait_for_it() -> None:
        with run_lock(tmp_path, lambda who: told.write_text(str(who))):
            (tmp_path / "took over").touch()

    with child(lambda: _hold_for_ever(tmp_path)) as first:
        until((tmp_path / ".holder.json").exists)
        with child(wait_for_it) as second:
            until(lambda: told.exists() and told.read_text())  # it exists a moment before it is written
            assert told.read_text().startswith(f"process {first} on ")
            assert not (tmp_path / "took over").exists()
            kill(first)
            assert exit_code(second) == 0
    assert (tmp_path / "took over").exists()


def test_forked_workers_do_not_keep_the_lock_of_a_killed_parent(tmp_path: Path) -> None:
    """DataLoader workers are forks: a lock they inherited would outlive the trainer that was killed."""
    worker_pid = tmp_path / "worker"

    def train_with_a_worker() -> None:
        with run_lock(tmp_path):
            pid = os.fork()
            if pid == 0:
                worker_pid.write_text(str(os.getpid()))
                time.sleep(60)
                os._exit(0)
            time.sleep(60)

    with child(train_with_a_worker) as trainer:
        until(lambda: worker_pid.exists() and worker_pid.read_text())
        worker = int(worker_pid.read_text())
        try:
            kill(trainer)
            os.kill(worker, 0)  # it is still there
            with run_lock(tmp_path, _refuse):
                pass
        finally:
            os.kill(worker, 9)


def test_looking_does_not_take_it_from_a_newcomer(tmp_path: Path) -> None:
    def look_for_ever() -> None:
        while True:
            holder(tmp_path)

    (tmp_path / ".lock").touch()
    with child(look_for_ever):
        for _ in range(20):
            with run_lock(tmp_path):
                pass


def test_one_process_at_a_time(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")

    def count() -> None:
        for _ in range(10):
            with run_lock(tmp_path):
                seen = int(counter.read_text())
                time.sleep(0.001)
                counter.write_text(str(seen + 1))

    with child(count) as a, child(count) as b:
        assert exit_code(a) == exit_code(b) == 0
    assert counter.read_text() == "20"


def test_a_folder_that_is_gone_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="the folder is gone"), run_lock(tmp_path / "gone"):
        pass


def test_a_damaged_note_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".holder.json").write_text("{")
    assert holder(tmp_path) is None
    with run_lock(tmp_path):
        (tmp_path / ".holder.json").write_text("[]")
        with pytest.raises(_Held, match="None"), run_lock(tmp_path, _refuse):
            pass
