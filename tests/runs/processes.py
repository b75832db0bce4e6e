"""Child processes for tests that kill: forked, so that one costs a millisecond and not an interpreter's start."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def child(work: Callable[[], object]) -> Iterator[int]:
    """Yield the id of a process that runs ``work`` and ends; it is killed on the way out if it has not ended."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    try:
        yield pid
    finally:
        kill(pid)


def kill(pid: int) -> None:
    """Kill a child with SIGKILL and wait for its end; nothing happens if it has ended before."""
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def exit_code(pid: int) -> int:
    """Wait for a child's end and return its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for a condition to hold, or fail."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)
