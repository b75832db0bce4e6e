"""What W&B recorded of a run, read back by W&B's own reader of its files."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Recorded:
    """One session of a W&B run.

    Attributes:
        about: project, run_group, job_type, display_name, run_id, tags.
        config: the configuration.
        history: the rows; the keys of a picture are joined by dots.
        summary: the summary as it stands at the end.
        exit_code: how the session ended; None: it was not closed.
        files: the pictures by the path that a row gives.
        artifacts: what is kept, as W&B was asked to.
    """

    about: dict[str, Any]
    config: dict[str, Any]
    history: list[dict[str, Any]]
    summary: dict[str, Any]
    exit_code: int | None
    files: dict[str, bytes]
    artifacts: list[dict[str, Any]]


def recorded(run_folder: Path) -> list[Recorded]:
    """Return the sessions that lie in a run folder of ours, oldest first."""
    return [_session(folder) for folder in sorted((run_folder / "wandb").glob("offline-run-*"))]


def _session(folder: Path) -> Recorded:
    records = [json.loads(line) for line in _inspect(folder, "--json").splitlines()]
    told = json.loads(_inspect(folder, "--json", "--summary"))
    (about,) = [record["run"] for record in records if record["type"] == "run"]
    rows = [record["history"]["item"] for record in records if record["type"] == "history"]
    files = folder / "files"
    paths = [path for path in (files / "media").rglob("*") if path.is_file()]
    pictures = {path.relative_to(files).as_posix(): path.read_bytes() for path in paths}
    kept = [record["artifact"] for record in records if record["type"] == "artifact"]
    return Recorded(about, told["config"], rows, told["summary"], told["exit_code"], pictures, kept)


def _inspect(folder: Path, *flags: str) -> str:
    command = [sys.executable, "-m", "wandb", "leet", "inspect", *flags, str(folder)]
    environment = os.environ | {"WANDB_MODE": "offline"}  # it tells its makers of errors otherwise
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, env=environment).stdout
