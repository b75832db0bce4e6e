"""What a multirun needs beside Hydra: cells that are finished are not even composed, and at the end a list of all.

Jobs may run in other processes, even on other machines (joblib, submitit, ray), so each writes how it ended into a file
of its own in the sweep's folder, and the launching process reads them all.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faceswap_lab import __version__
from faceswap_lab.cli.messages import say
from faceswap_lab.cli.outcome import Outcome
from faceswap_lab.runs.atomic import write_json
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.identity import RECIPE_VERSION
from faceswap_lab.runs.result import BadResult, read_result

SWEEP_DIR = "FACESWAP_LAB_SWEEP"  # inherited by jobs wherever they run: conf/config.yaml takes hydra.sweep.dir from it
_CELLS = "cells"
_END = "study.json"
Cell = tuple[list[str], Outcome]
_NOT_IDENTITY = (
    *("hydra.", "trainer.", "trainer=", "logger.", "logger=", "progress=", "experiments_dir="),
    "data.sampler=",
    "study.",  # but not +study=name, which may set anything
)


class SweepStopped(BaseException):
    """A cell was interrupted: the sweep ends here. No Exception, for Hydra keeps those until all cells are done."""


class StudyRefused(BaseException):
    """A study cannot be planned: nothing is started. No Exception, for Hydra turns those of callbacks into warnings.

    Attributes:
        error: what is wrong.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Cells:
    """The cells of a runs folder that are known to be finished, by their overrides.

    Composing a configuration takes Hydra some 0.1 s, twice per cell; a lookup here takes a file's name. What is looked
    up is a hash of the overrides and of every YAML they could mean, so an edited option is another cell.

    Args:
        runs_dir: the runs folder.
        folders: the configuration folders.
    """

    def __init__(self, runs_dir: Path, folders: Sequence[Path]) -> None:
        self.place = runs_dir / ".cells"
        digest = hashlib.sha256(f"{__version__} {RECIPE_VERSION} {_renderer()}".encode())
        for folder in folders:
            for path in sorted(folder.rglob("*.yaml")):
                digest.update(f"{path.relative_to(folder)}\0{path.read_text(encoding='utf-8')}\0".encode())
        self.conf_digest = digest.hexdigest()

    def finished(self, overrides: Sequence[str]) -> str | None:
        """Return the folder of the finished run these overrides mean, or None if that is not known."""
        try:
            folder = Path((self.place / self._key(overrides)).read_text(encoding="utf-8"))
            return str(folder) if read_result(RunFolder(folder)) else None
        except (OSError, BadResult):  # a damaged result is for the job to say
            return None

    def note(self, cells: Sequence[Cell]) -> None:
        """Remember which finished runs are meant by their overrides alone. Failing to do so costs time only."""
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            for overrides, outcome in cells:
                if outcome.code == 0 and outcome.by_overrides:
                    folder = str(Path(outcome.folder).absolute())
                    (self.place / self._key(overrides)).write_text(folder, encoding="utf-8")
        except OSError:
            return

    def _key(self, overrides: Sequence[str]) -> str:
        relevant = sorted(o for o in overrides if not o.lstrip("+").startswith(_NOT_IDENTITY))
        return hashlib.sha256(json.dumps([self.conf_digest, relevant]).encode()).hexdigest()[:32]


@contextmanager
def skipping_finished(cells: Cells, skipped: list[Cell]) -> Iterator[None]:
    """Take finished cells out of the sweep that Hydra is about to make, whichever launcher it uses.

    Hydra has no hook between expanding a sweep and composing its jobs, so its expansion is wrapped meanwhile.

    Args:
        cells: what is finished.
        skipped: filled with the cells taken out.
    """
    from hydra.core.plugins import Plugins

    Plugins.instance()  # executes the sweeper's module anew, so the class must be looked up after it
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    expand = BasicSweeper.split_arguments

    def split(overrides: Any, max_batch_size: int | None) -> list[list[list[str]]]:
        batches = []
        for batch in expand(overrides, max_batch_size):
            left = []
            for cell in batch:
                folder = cells.finished(cell)
                if folder is None:
                    left.append(cell)
                else:
                    skipped.append((cell, Outcome("reused", folder)))
            if left:
                batches.append(left)
        return batches

    BasicSweeper.split_arguments = staticmethod(split)  # type: ignore[method-assign]
    try:
        yield
    finally:
        BasicSweeper.split_arguments = staticmethod(expand)  # type: ignore[method-assign]


def record(sweep_dir: Path, number: int, overrides: Sequence[str], outcome: Outcome) -> None:
    """Write how a cell ended, for the process that launched the sweep."""
    (sweep_dir / _CELLS).mkdir(parents=True, exist_ok=True)
    write_json(sweep_dir / _CELLS / f"{number:06d}.json", {"overrides": list(overrides), **asdict(outcome)})


def recorded(sweep_dir: Path) -> list[Cell]:
    """Return the cells that have been recorded, in their order."""
    found = []
    for path in sorted((sweep_dir / _CELLS).glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        found.append((content.pop("overrides"), Outcome(**content)))
    return found


def record_end(sweep_dir: Path, said: Sequence[str], errors: Sequence[str]) -> None:
    """Write what a study has to say at its end, and what went wrong with its report, for who launched the sweep."""
    sweep_dir.mkdir(parents=True, exist_ok=True)
    write_json(sweep_dir / _END, {"said": list(said), "errors": list(errors)})


def print_end(sweep_dir: Path) -> int:
    """Say what has been recorded of a study's end, if it was a study, and return its exit code."""
    try:
        end = json.loads((sweep_dir / _END).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    for error in end["errors"]:
        say(error)
    if end["said"]:
        print("\n".join(end["said"]), flush=True)
    return int(bool(end["errors"]))


def print_sweep(cells: Sequence[Cell]) -> int:
    """List the cells of a sweep that need attention, count all, and return the sweep's exit code."""
    counts = Counter(outcome.state for _, outcome in cells)
    common = set.intersection(*(set(overrides) for overrides, _ in cells)) if len(cells) > 1 else set()
    print()
    for overrides, outcome in cells:
        if outcome.code:
            own = " ".join(override for override in overrides if override not in common)
            print(f"{outcome.state:<11} {own}: {outcome.message}")
            if outcome.folder:
                print(f"{'':<11} {outcome.folder}")
    print(f"sweep       {len(cells)} cells: {', '.join(f'{n} {state}' for state, n in sorted(counts.items()))}")
    if any(outcome.code for _, outcome in cells):
        print("            The same command again runs only what is missing.")
    interrupted = [outcome.code for _, outcome in cells if outcome.state == "interrupted"]
    return max(interrupted or [outcome.code for _, outcome in cells], default=0)


def _renderer() -> int:
    from faceswap_lab.twins import RENDERER_VERSION

    return RENDERER_VERSION
