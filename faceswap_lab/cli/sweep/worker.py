"""A cell of a sweep in another process than the one that launched it, perhaps on another machine."""

import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceswap_lab.cli.job.status import JobStatus
from faceswap_lab.cli.messages import tolerate_any_encoding
from faceswap_lab.cli.plugins import PLUGGED
from faceswap_lab.cli.sweep.records import record
from faceswap_lab.cli.sweep.stopping import asked_to_stop, stopping_when_asked
from faceswap_lab.interruption import interruptible
from faceswap_lab.plugins.finding import look_in


@dataclass(frozen=True)
class LaunchedFrom:
    """What a cell's process must know of the one that launched it; sent there by pickle.

    Attributes:
        sweep_dir: the sweep's folder, absolute.
        process: the launching process: its machine and number.
        command: its command line, for the record of each run.
        folder: its working folder: runs_dir and cache_dir may be relative to it.
        plugins: the modules of the plugins that its command names.
    """

    sweep_dir: Path
    process: tuple[str, int]
    command: tuple[str, ...]
    folder: Path
    plugins: tuple[str, ...] = ()

    @classmethod
    def here(cls, sweep_dir: Path, overrides: Sequence[str]) -> "LaunchedFrom":
        """Describe this process, which was given these words."""
        return cls(sweep_dir, _this_process(), (sys.argv[0], *overrides), Path.cwd(), PLUGGED.typed)

    @property
    def is_here(self) -> bool:
        """Whether this is the launching process."""
        return self.process == _this_process()


def run_cell(
    origin: LaunchedFrom, number: int, composed: Any, folders: Sequence[Path], overrides: list[str]
) -> JobStatus:
    """Run a cell and record how it ended. Once the sweep has been stopped it is not begun, and not recorded."""
    from faceswap_lab.cli.job.run import run_job

    tolerate_any_encoding()
    if asked_to_stop(origin.sweep_dir) is not None:
        return JobStatus("interrupted", signal=signal.SIGTERM)
    parent = os.getppid()
    os.chdir(origin.folder)
    composed.progress = False  # several bars on one terminal cannot be read
    print(f"\ncell {number + 1}: {' '.join(overrides)}", flush=True)
    sweep_dir = origin.sweep_dir
    forced = sweep_dir / "forced" / f"{number:06d}"  # submitit queues a cell again with the same words
    with interruptible(), stopping_when_asked(sweep_dir):
        look_in(origin.folder)
        status = run_job(composed, folders, overrides, sweep_dir.name, sweep_dir, origin.plugins, forced)
    record(sweep_dir, number, overrides, status)
    if os.getppid() != parent:
        os._exit(status.code)  # whoever started this process has vanished, and nobody waits for it
    if status.signal == signal.SIGUSR1 and asked_to_stop(origin.sweep_dir) is None:
        _let_the_scheduler_know()
    return status


def _let_the_scheduler_know() -> None:
    """Hand on the signal that a job's time is up, now that the run is saved: submitit queues the job again."""
    if callable(signal.getsignal(signal.SIGUSR1)):
        signal.raise_signal(signal.SIGUSR1)


def _this_process() -> tuple[str, int]:
    return socket.gethostname(), os.getpid()
