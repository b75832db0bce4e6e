"""How the cells of a sweep ended, on file in the sweep's folder.

Cells may run in other processes, even on other machines (joblib, submitit, ray), so each writes a file of its own, and
the launching process reads them all.
"""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from faceswap_lab.cli.job.status import JobStatus
from faceswap_lab.cli.sweep.cells import Cell
from faceswap_lab.runs.atomic import make_folder, write_json

SWEEPS = "sweeps"  # in a runs folder: a folder for each sweep
_CELLS, _CLOSED = "cells", "closed.json"


def new_sweep_dir(runs_dir: Path) -> Path:
    """Return the absolute path of a folder for a sweep that begins now. It is not made: a single run needs none.

    Sweeps that begin in one second in two containers are both process 1 there: a random word tells them apart.
    """
    name = f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{os.getpid()}-{secrets.token_hex(2)}"
    return (runs_dir / SWEEPS / name).absolute()


def record_closed(sweep_dir: Path, cells: Sequence[Cell]) -> None:
    """Write down the cells that need not be launched."""
    make_folder(sweep_dir)
    write_json(sweep_dir / _CLOSED, [_plain(*cell) for cell in cells])


def record(sweep_dir: Path, number: int, overrides: Sequence[str], status: JobStatus) -> None:
    """Write down how a cell ended."""
    (sweep_dir / _CELLS).mkdir(parents=True, exist_ok=True)
    write_json(sweep_dir / _CELLS / f"{number:06d}.json", _plain(overrides, status))


def recorded(sweep_dir: Path) -> list[Cell]:
    """Return the cells on record: those that were not launched, then the others in their order."""
    closed = sweep_dir / _CLOSED
    found = json.loads(closed.read_text(encoding="utf-8")) if closed.is_file() else []
    written = sorted((sweep_dir / _CELLS).glob("[0-9]*.json"))  # not what is being written at this moment
    found += [json.loads(path.read_text(encoding="utf-8")) for path in written]
    return [(cell.pop("overrides"), JobStatus(**cell)) for cell in found]


def _plain(overrides: Sequence[str], status: JobStatus) -> dict[str, Any]:
    return {"overrides": list(overrides), **asdict(status)}
