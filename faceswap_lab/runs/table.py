"""The runs of a folder as rows for a table: lists of flat dicts, as ``pandas.DataFrame`` takes them."""

import warnings
from os import PathLike
from pathlib import Path
from typing import Any

from faceswap_lab.runs.flat import flat
from faceswap_lab.runs.folder import RunFolder, is_run, parsed_name
from faceswap_lab.runs.result import BadResult, read_result
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.runs.status import read_status


def find_runs(folder: str | PathLike[str] = "runs") -> list[dict[str, Any]]:
    """Return a row for every run in a folder, in the order of their names.

    Args:
        folder: a runs folder.

    Returns:
        rows with ``folder``, ``label``, ``seed``, ``state`` (created, running, interrupted, failed, diverged or
        finished), ``step``, ``time`` (UTC, of the state) and ``message``.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    rows = []
    for run in _runs(folder):
        name, status = parsed_name(run.path), read_status(run)
        label, seed = (name.label, name.seed) if name else (run.path.name, None)
        row = {"folder": str(run.path), "label": label, "seed": seed, "state": status.state}
        rows.append(row | {"step": status.step, "time": status.time, "message": status.message})
    return rows


def results(folder: str | PathLike[str] = "runs") -> list[dict[str, Any]]:
    """Return a row for every finished run in a folder: its settings by their dotted names, then its metrics.

    A result that is damaged is left out with a warning.

    Args:
        folder: a runs folder.

    Returns:
        rows with every setting (``optimizer.lr``, ``update_order.name``, …), ``folder``, ``label``, ``seed``,
        ``steps``, ``seconds`` of training, ``parameters``, and every metric of ``result.json`` (``swap_ssim_AB``, …).

    Raises:
        FileNotFoundError: there is no such folder.
    """
    rows = []
    for run in _runs(folder):
        try:
            result = read_result(run)
        except BadResult as error:
            warnings.warn(str(error), stacklevel=2)
            continue
        if result is None:
            continue
        settings = flat(next((s["config"] for s in read_sessions(run)[::-1] if "config" in s), {}))
        row = {"folder": str(run.path), "label": result.label, "seed": result.seed, "steps": result.steps}
        counts = {"seconds": result.seconds, "parameters": result.details.get("parameters", {}).get("total")}
        rows.append({**settings, **row, **counts, **result.metrics})
    return rows


def _runs(folder: str | PathLike[str]) -> list[RunFolder]:
    return [RunFolder(path) for path in sorted(Path(folder).iterdir()) if path.is_dir() and is_run(path)]
