"""What the figures were made on and with."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.children import ROOT

PACKAGES = {
    "torch": "torch",
    "opencv": "opencv-python",
    "numpy": "numpy",
    "albumentations": "albumentations",
    "lightning": "pytorch-lightning",
    "hydra": "hydra-core",
}


def versions() -> str:
    """Return Python's version and those of the libraries that matter."""
    return ", ".join([f"python {platform.python_version()}", *(f"{k} {version(name)}" for k, name in PACKAGES.items())])


def cpu() -> str:
    """Return the CPU's name and how many cores this process may use."""
    return f"{_model()}, {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores"


def load() -> float:
    """Return the machine's load average of the last minute: processes that compute or wait for a core."""
    return os.getloadavg()[0]


def commit() -> str:
    """Return the commit that was measured, and whether files differ from it."""
    head = _git("rev-parse", "--short=10", "HEAD")
    return f"{head} with changes" if _git("status", "--porcelain", "--untracked-files=no") else head


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _git(*words: str) -> str:
    try:
        ended = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return ended.stdout.strip()
