"""Cells per hour on one device, with one process and with several."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gpu.found import Found
from benchmarks.gpu.scale import Scale


def cells(scale: Scale, place: Path) -> Iterator[Found]:
    """So many cells at once, as many as there are processes (four of one process): the start of each counts."""
    first = _sweep(scale, place / "faces", 1, 1)  # renders
    if first is None:
        yield Found("cells", "a first cell", "failed", "finishes", False)
        return
    for processes in scale.processes:
        count = max(processes, 2)
        seconds = _sweep(scale, place / str(processes), processes, count)
        value = "failed" if seconds is None else f"{3600 * count / seconds:,.0f} cells per hour"
        predicted = "predicted for an H100: 600" if scale.device == "cuda" and processes == 1 else ""
        told = f"{count} cells in {seconds:.0f} s" if seconds else ""
        beside = "; ".join(part for part in (told, predicted) if part)
        yield Found("cells", f"{processes} process{'es' * (processes > 1)}", value, beside, None if seconds else False)


def _sweep(scale: Scale, place: Path, processes: int, count: int) -> float | None:
    """Return the seconds of a sweep of so many cells, or None if it failed."""
    beside = ("hydra/launcher=joblib", f"hydra.launcher.n_jobs={processes}") if processes > 1 else ()
    words = (*scale.cell, f"trainer={scale.trainer}", f"seed=range(0,{count})", f"runs_dir={place}", "progress=false")
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "faceswap_lab", "-m", *words, *beside],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - began if ended.returncode == 0 else None
