"""What a run leaves behind, read for comparison."""

import csv
import json
from pathlib import Path
from typing import Any

import torch


def status(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "status.json").read_text())


def result(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "result.json").read_text())


def sessions(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "run.json").read_text())["sessions"]


def metrics(folder: Path) -> list[dict[str, str]]:
    """The rows of metrics.csv as text, without the speeds, which no two runs share."""
    with (folder / "metrics.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if not k.endswith("_per_second")} for row in csv.DictReader(file)]


def study(place: Path) -> tuple[str, list[dict[str, str]]]:
    """The report and the table of the one study below a folder, without the seconds, which no two runs share."""
    (folder,) = (place / "experiments").iterdir()
    with (folder / "results.csv").open(newline="") as file:
        rows = [{k: v for k, v in row.items() if k not in ("seconds", "cpu_seconds")} for row in csv.DictReader(file)]
    return (folder / "report.md").read_text(), rows


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints, newest last."""
    return sorted((folder / "checkpoints").glob("step-*.pt"))


def last_checkpoint(folder: Path) -> dict[str, Any]:
    """The newest checkpoint without its times."""
    content = torch.load(checkpoints(folder)[-1], weights_only=True)
    del content["seconds"], content["cpu_seconds"]
    return content


def same(a: Any, b: Any) -> bool:
    """Whether two nests of builtins and tensors are equal to the bit."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)
