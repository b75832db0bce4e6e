"""Two processes, one run: one works on it, the other waits or is told who does.

The lock is the operating system's (``flock`` through filelock): it ends with its process, however that ends, so there
is never a stale one to remove by hand. Who holds it stands in a file beside it, for people only: it decides nothing.
"""

import errno
import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from faceswap_lab.runs.atomic import explaining, write_json

if TYPE_CHECKING:
    from filelock import BaseFileLock

_PROBE_SECONDS = 0.2  # ``holder`` takes the lock for a moment to see whether it is free; who is refused tries this long
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


class RunHeld(RuntimeError):
    """Another process works on the run.

    Attributes:
        holder: who, or None where that could not be read.
    """

    def __init__(self, folder: Path, holder: Holder | None) -> None:
        self.folder, self.holder = folder, holder
        super().__init__(
            f"{folder} is being worked on by {holder or 'another process'}; wait until it ends, or end it: "
            "the same command then goes on where it stopped"
        )

    def __reduce__(self) -> tuple[type["RunHeld"], tuple[Path, Holder | None]]:
        return type(self), (self.folder, self.holder)


class RunLock:
    """The right to work on a run folder; a context manager.

    Example:
        with RunLock(folder.path, wait=0):
            train()

    Args:
        folder: an existing run folder.
        wait: seconds to wait for another process to end; None: as long as it takes; 0: not at all.
        on_wait: called once with the holder before a wait begins, to tell the person in front of it.
    """

    def __init__(
        self, folder: Path, wait: float | None = 0.0, on_wait: Callable[[Holder | None], object] | None = None
    ) -> None:
        self._folder = Path(folder)
        self._wait = wait
        self._on_wait = on_wait
        self._lock = _os_lock(self._folder)

    def acquire(self) -> None:
        """Take the lock, or raise RunHeld when the time to wait is over.

        Raises:
            RunHeld: another process holds it.
            StorageError: the folder is read-only or gone.
        """
        if not self._taken_within(_PROBE_SECONDS, _PROBE_POLL) and not self._taken_after_waiting():
            raise RunHeld(self._folder, _read_holder(self._folder))
        self._sign()

    def release(self) -> None:
        """Give the lock back; nothing happens if it is not held."""
        if self._lock.is_locked:
            with suppress(OSError):  # the name is for people only: failing to remove it must not keep the lock
                _holder_file(self._folder).unlink()
            self._lock.release()

    def __enter__(self) -> "RunLock":
        self.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def _taken_after_waiting(self) -> bool:
        if self._wait is not None and self._wait <= _PROBE_SECONDS:
            return False
        if self._on_wait is not None:
            self._on_wait(_read_holder(self._folder))
        return self._taken_within(-1 if self._wait is None else self._wait - _PROBE_SECONDS, _WAIT_POLL)

    def _sign(self) -> None:
        try:
            write_json(_holder_file(self._folder), asdict(Holder(os.getpid(), socket.gethostname(), _now())))
        except OSError:
            self._lock.release()
            raise

    def _taken_within(self, seconds: float, poll: float) -> bool:
        from filelock import Timeout

        with explaining(Path(self._lock.lock_file)):
            if not self._folder.is_dir():  # filelock would make one
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._folder))
            try:
                self._lock.acquire(timeout=seconds, poll_interval=poll)
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

    return FileLock(Path(folder) / ".lock", is_singleton=False)


def _holder_file(folder: Path) -> Path:
    return Path(folder) / ".holder.json"


def _read_holder(folder: Path) -> Holder | None:
    try:
        return Holder(**json.loads(_holder_file(folder).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
