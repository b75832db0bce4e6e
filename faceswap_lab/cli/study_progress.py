"""A line after each cell: how many are done, how many failed, how much time is left."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from faceswap_lab.cli.study_cells import arm_name
from faceswap_lab.cli.study_time import Key, in_words
from faceswap_lab.cli.sweep import Cell, recorded

_POLL = 1.0  # seconds between two looks into the sweep's folder


@dataclass(frozen=True)
class Progress:
    """How far a study is. Plain values: it goes along to other processes.

    Attributes:
        total: cells in all.
        finished: cells that were finished before.
        at_once: cells that run at the same time, at least 1.
        started: when, by ``time.time()``.
    """

    total: int
    finished: frozenset[Key]
    at_once: int
    started: float = field(default_factory=time.time)

    def line(self, cells: Sequence[Cell], now: float) -> str:
        """Return the line. An interrupted cell is not done: it goes on when the command is repeated.

        Args:
            cells: those that have ended so far.
            now: the time, by ``time.time()``.
        """
        cells = [cell for cell in cells if cell[1].state != "interrupted"]
        done = len(self.finished.union(key_of(overrides) for overrides, _ in cells))
        failed = sum(outcome.code != 0 for _, outcome in cells)
        worked = sum(outcome.state != "reused" for _, outcome in cells)
        line = f"study       {done} of {self.total} cells done" + (f", {failed} of them failed" if failed else "")
        left = self.total - done
        if not left:
            return line
        if not worked:
            return f"{line}, {left} left"
        # while the first cells run side by side, each of them has taken the whole time
        seconds = (now - self.started) * left / max(worked, min(self.at_once, left + worked))
        return f"{line}, {left} left: about {in_words(seconds)}"


def watch(progress: Progress, sweep_dir: Path) -> threading.Thread:
    """Print the line whenever a cell has ended that runs on another machine. Ends with the last cell or the process."""

    def look() -> None:
        seen = 0
        while seen < progress.total - len(progress.finished):
            cells = recorded(sweep_dir)
            if len(cells) > seen:
                seen = len(cells)
                print(progress.line(cells, time.time()), flush=True)
            time.sleep(_POLL)

    thread = threading.Thread(target=look, name="study progress", daemon=True)
    thread.start()
    return thread


def key_of(overrides: Sequence[str]) -> Key:
    """Return the arm and seed of a cell with these overrides."""
    told = dict(override.lstrip("+").split("=", 1) for override in overrides)
    return arm_name(told["experiment"]), int(told["seed"])
