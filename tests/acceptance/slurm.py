"""A real SLURM of two nodes on this machine, for as long as a test needs it; see scripts/slurm.sh."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "slurm.sh"
SLURM = ("hydra/launcher=submitit_slurm", "hydra.launcher.partition=main", "hydra.launcher.cpus_per_task=1")


@contextmanager
def cluster(folder: Path, seconds: int) -> Iterator[None]:
    """Let ``sbatch`` and the rest reach a cluster while the body runs; skip the test where none can be started."""
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{path}{os.pathsep}/usr/sbin"
    try:
        missing = [tool for tool in ("slurmctld", "slurmd", "munged", "sbatch") if shutil.which(tool) is None]
        if missing:
            pytest.skip(f"NOT RUN with a real SLURM: {', '.join(missing)} missing here (bash scripts/slurm.sh install)")
        if os.geteuid() != 0:
            pytest.skip("NOT RUN with a real SLURM: only root can start one")
        started = subprocess.run(
            ["bash", str(SCRIPT), "start", str(folder), str(seconds)], capture_output=True, text=True
        )
        assert started.returncode == 0, started.stderr
        os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
        try:
            yield
        finally:
            subprocess.run(["bash", str(SCRIPT), "stop", str(folder)], check=True)
            del os.environ["SLURM_CONF"]
    finally:
        os.environ["PATH"] = path


def jobs() -> dict[str, tuple[str, str]]:
    """The jobs that SLURM knows of, by number: their states and nodes."""
    told = slurm("squeue", "--states=all", "--array", "--noheader", "--format=%i|%T|%N")
    return {number: (state, node) for number, state, node in (line.split("|") for line in told.splitlines())}


def slurm(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
