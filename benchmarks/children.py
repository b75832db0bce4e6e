"""The program as a person starts it: a process of its own, whose CPU time and memory are what counts."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
LAB = (sys.executable, "-m", "faceswap_lab")


def run(command: Sequence[str | Path], code: int = 0) -> None:
    """Run a command in the repository and wait for its end.

    Raises:
        RuntimeError: it ended with another exit code; the message holds the end of what it said.
    """
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    _check(command, ended.returncode, code, ended.stdout.decode(errors="replace"))


def peak_memory(command: Sequence[str | Path]) -> int:
    """Run a command and return the largest resident set of its first process, in bytes.

    A child begins its life with its parent's peak, so whoever calls this must be smaller than the command.

    Raises:
        RuntimeError: it failed.
    """
    with TemporaryDirectory() as place, open(Path(place) / "said", "w+b") as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        _check(command, process.returncode, 0, said.read().decode(errors="replace"))
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@contextmanager
def emptied_places() -> Iterator[Sequence[str]]:
    """Yield the overrides that send runs and reports into an empty folder, which is removed afterwards."""
    with TemporaryDirectory(prefix="faceswap-bench-") as place:
        yield f"runs_dir={place}/runs", f"experiments_dir={place}/experiments", "progress=false"


def _check(command: Sequence[str | Path], code: int, expected: int, said: str) -> None:
    if code != expected:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {code}, not {expected}:\n{said[-2000:]}")
