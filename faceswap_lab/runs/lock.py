"""Two processes, one run: one works on it, the other is told who does, and waits.

The lock is the operating system's (``flock`` through filelock): it ends with its process, however that ends, so there
is never a stale one to remove by hand. Who holds it stands in a file beside it, for people only: it decides nothing.
"""

import errno
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.runs.atomic import explaining, write_json

if TYPE_CHECKING:
    from filelock import BaseFileLock

_PROBE_SECONDS = 0.2  # ``holder`` takes the lock for a moment to see whether it is free; it is no wait until then
_PROBE_POLL = 0.005  # seconds between two tries: often enough to get in between many who look
_WAIT_POLL = 0.05  # of who waits, maybe for hours


@dataclass(frozen=True)
class Holder:
    """Who works on a run.

    Attributes:
        pid: the process.
        host: the machine's name.
        since: when it took the lock, UTC in ISO 8601.
    """

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


@contextmanager
def run_lock(folder: Path, on_wait: Callable[[Holder | None], object] = lambda holder: None) -> Iterator[None]:
    """Hold the right to work on an existing run folder while the body runs; wait for it as long as it takes.

    Args:
        folder: the run folder.
        on_wait: called once with the holder before a wait begins, to tell the person in front of it.

    Raises:
        StorageError: the folder is read-only or gone.
    """
    lock = _os_lock(folder)
    if not _taken_within(lock, folder, _PROBE_SECONDS, _PROBE_POLL):
        on_wait(_read_holder(folder))
        _taken_within(lock, folder, -1, _WAIT_POLL)
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(_holder_file(folder), asdict(Holder(os.getpid(), socket.gethostname(), now)))
        yield
    finally:
        with suppress(OSError):  # the name is for people only: failing to remove it must not keep the lock
            _holder_file(folder).unlink()
        lock.release()


def _taken_within(lock: "BaseFileLock", folder: Path, seconds: float, poll: float) -> bool:
    from filelock import Timeout

    with explaining(Path(lock.lock_file)):
        if not folder.is_dir():  # filelock would make one
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
        try:
            lock.acquire(timeout=seconds, poll_interval=poll)
        except Timeout:
            return False
        return True


def holder(folder: Path) -> Holder | None:
    """Return who works on the run in ``folder`` at this moment, or None if nobody does.

    What the file beside the lock says counts only while the lock is held: a killed process leaves its name behind.
    """
    from filelock import Timeout

    lock = _os_lock(folder)
    if not Path(lock.lock_file).exists():
        return None
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _read_holder(folder) or Holder(0, "unknown", "unknown")
    except OSError:  # another person's folder: what they wrote is the best that can be had
        return _read_holder(folder)
    lock.release()
    return None


def _os_lock(folder: Path) -> "BaseFileLock":
    from filelock import FileLock  # here and not above: it costs as much to import as all the rest of this room

    return FileLock(folder / ".lock", is_singleton=False)


def _holder_file(folder: Path) -> Path:
    return folder / ".holder.json"


def _read_holder(folder: Path) -> Holder | None:
    try:
        return Holder(**json.loads(_holder_file(folder).read_text()))
    except (OSError, ValueError, TypeError):
        return None
