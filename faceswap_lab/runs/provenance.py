"""What is needed to make a run again: code, versions, hardware, data, configuration, command.

The machine's name goes in as a short hash: run folders are published as evidence, and what a reader needs is whether
two runs come from the same machine, not what it is called. (``lock.py`` names it in full, in a file that goes away.)
"""

import hashlib
import os
import platform
import shlex
import socket
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceswap_lab.plugins.used import records_of
from faceswap_lab.runs.identity import RECIPE_VERSION, plain

DEPENDENCIES = (
    "albumentations", "filelock", "hydra-core", "jinja2", "numpy", "omegaconf", "opencv-python",
    "opencv-python-headless", "pillow", "pytorch-lightning", "rich", "safetensors", "scipy", "tensorboard", "torch",
    "torchmetrics", "vl-convert-python", "wandb",
)  # fmt: skip
"""The lab's direct dependencies, as in pyproject.toml (a test compares them)."""

DIFF_LIMIT = 1 << 20  # bytes of a dirty working tree's diff that are kept
_UNTRACKED_LIMIT = 100
_GIT_SECONDS = 10.0
_PACKAGE = Path(__file__).resolve().parents[1]


def collect(command: Sequence[str], config: Any, data_fingerprint: str | None, seed: int) -> dict[str, Any]:
    """Return everything needed to repeat a run that begins now, as nested dicts of JSON's types.

    Args:
        command: the command line, one item per argument (``sys.argv`` with the interpreter's part as typed).
        config: the resolved configuration, a nested dataclass.
        data_fingerprint: digest of the data's content or recipe.
        seed: the run's seed.

    Returns:
        Keys: start (UTC, ISO 8601), command, seed, data_fingerprint, recipe_version, config, versions, code, hardware;
        and plugins, if the configuration uses any (see ``plugins.used.records_of``).
    """
    described = plain(config)
    plugins = records_of(described)
    return {
        "start": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(command),
        "seed": seed,
        "data_fingerprint": data_fingerprint,
        "recipe_version": RECIPE_VERSION,
        "config": described,
        "versions": versions(),
        "code": code(_PACKAGE),
        "hardware": hardware(),
        **({"plugins": plugins} if plugins else {}),
    }


def versions() -> dict[str, str | None]:
    """Return the versions of Python, of the lab and of its direct dependencies; None for what is not installed."""
    names = ("faceswap-lab", *DEPENDENCIES)
    return {"python": platform.python_version(), **{name: _installed(name) for name in names}}


def code(package: Path) -> dict[str, Any] | None:
    """Return which code runs, if it runs from a git working tree that tracks it; else None (a wheel has its version).

    A package installed below somebody's repository (its ``.venv``) is not that repository's code, so the package has
    to be tracked there.

    Returns:
        commit, dirty, diff (None if clean; at most 1 MB, with a note where it was cut), diff_sha256 (of the diff that
        is kept), untracked (names of at most 100 files that git neither tracks nor ignores), untracked_count.
    """
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    commit, top = _git(package, "rev-parse", "HEAD"), _git(package, "rev-parse", "--show-toplevel")
    if commit is None or top is None:
        return None
    tree = Path(top.strip())
    diff = _git(tree, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD") or ""
    untracked = (_git(tree, "ls-files", "--others", "--exclude-standard") or "").splitlines()
    return {
        "commit": commit.strip(),
        "dirty": bool(diff or untracked),
        "diff": diff or None,
        "diff_sha256": hashlib.sha256(diff.encode()).hexdigest() if diff else None,
        "untracked": untracked[:_UNTRACKED_LIMIT],
        "untracked_count": len(untracked),
    }


def hardware() -> dict[str, Any]:
    """Return the machine: host (hashed), system, cpu model, cores that may be used, memory in bytes, GPU names.

    GPUs and torch's thread count are known only where torch is loaded already: this room does not load it.
    """
    torch = sys.modules.get("torch")
    cuda = torch is not None and torch.cuda.is_available()
    return {
        "host": hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8],
        "system": platform.platform(),
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory": _memory(),
        "threads": torch.get_num_threads() if torch is not None else None,
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch and cuda else [],
    }


def _installed(name: str) -> str | None:
    from importlib import metadata  # here and not above: costs more to import than all the rest of this room

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints, cut at DIFF_LIMIT with a note, or None if it fails, is missing or takes too long."""
    # Reading only: no lock on the index, no file-system monitor, and no program that the repository's settings name.
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    try:
        process = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if process.returncode != 0:
        return None
    text = process.stdout[:DIFF_LIMIT].decode(errors="replace")
    cut = len(process.stdout) - DIFF_LIMIT
    return f"{text}\n[cut here: {cut} bytes more]\n" if cut > 0 else text


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        models = []
    return models[0] if models else platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
