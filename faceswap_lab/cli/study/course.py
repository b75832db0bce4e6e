"""A study under way: the plan before its first cell, a line after each, and the report at the end."""

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faceswap_lab.cli.messages import say
from faceswap_lab.cli.study.declaration import declare, declared_by, place_of
from faceswap_lab.cli.study.lines import plan_lines
from faceswap_lab.cli.study.plan import StudyJob, arm_name
from faceswap_lab.cli.study.report import check_folder, make_report, measure_companion
from faceswap_lab.cli.study.time import Key, Known, cells_at_once, in_words, look
from faceswap_lab.cli.sweep.cells import Cell
from faceswap_lab.cli.sweep.launchers import ONE_AFTER_ANOTHER
from faceswap_lab.cli.sweep.records import recorded

_POLL = 1.0  # seconds between two looks into the sweep's folder


@dataclass(frozen=True)
class Progress:
    """How far a study of ``total`` cells is; some were finished before, and ``at_once`` run at the same time."""

    total: int
    finished: frozenset[Key]
    at_once: int
    started: float = field(default_factory=time.time)

    def line(self, cells: Sequence[Cell], now: float) -> str:
        """Return what to say once ``cells`` have ended. An interrupted one goes on when the command is repeated."""
        cells = [cell for cell in cells if cell[1].state != "interrupted"]
        done = len(self.finished.union(key_of(overrides) for overrides, _ in cells))
        failed = sum(status.code != 0 for _, status in cells)
        worked = sum(status.state != "reused" for _, status in cells)
        line = f"study       {done} of {self.total} cells done" + (f", {failed} of them failed" if failed else "")
        left = self.total - done
        if not left:
            return line
        if not worked:
            return f"{line}, {left} left"
        # while the first cells run side by side, each of them has taken the whole time
        seconds = (now - self.started) * left / max(worked, min(self.at_once, left + worked))
        return f"{line}, {left} left: about {in_words(seconds)}"


@dataclass(frozen=True)
class Course:
    """A study under way, in the launching process."""

    job: StudyJob
    progress: Progress
    sweep_dir: Path

    @classmethod
    def begin(cls, job: StudyJob, hydra: Any, sweep_dir: Path) -> "Course":
        """Print the plan; where cells run in other processes, as Hydra's settings say, watch for their ends.

        Raises:
            ConfigError: the report would replace that of another question.
        """
        check_folder(job)
        known = look(job)
        if job.baseline.force:
            known = Known(set(), known.seconds)  # all of them again
        launcher, jobs = str(hydra.runtime.choices["hydra/launcher"]), hydra.launcher.get("n_jobs")
        print("\n".join(plan_lines(job, known, launcher, jobs)), flush=True)
        at_once = cells_at_once(launcher, jobs) or 1
        course = cls(job, Progress(len(job.plan.cells), frozenset(known.finished), at_once), sweep_dir)
        if launcher != ONE_AFTER_ANOTHER:
            threading.Thread(target=course._watch, name="study progress", daemon=True).start()
        return course

    def declare(self) -> None:
        """Write down what the study declares, before its first cell; a study that tunes has done so."""
        plan = self.job.plan
        if self.job.arms.own:
            return
        try:
            last = declare(place_of(self.job), declared_by(plan, plan.cells), plan.runs_dir)
        except (OSError, ValueError) as error:  # the runs say what they are without it
            say(f"The declaration could not be written, and the study goes on without one: {error}")
            return
        print(f"declared    {last['hash']} in commit {last['commit']}, {last['time']}", flush=True)

    def say_progress(self) -> None:
        """Print how far the study is."""
        print(self.progress.line(recorded(self.sweep_dir), time.time()), flush=True)

    def report(self) -> int:
        """Measure what else the study asks for, write the report, print it, and return the exit code."""
        failed = self._failed(measure_companion, "The measurement beside the report could not be made")
        return int(self._failed(self._make_report, "The report could not be written") or failed)

    def _make_report(self, job: StudyJob) -> None:
        print("\n".join(make_report(job)), flush=True)

    def _failed(self, make: Callable[[StudyJob], None], what: str) -> bool:
        """Make something; say what went wrong in a message, with the traceback of a defect in a file of the sweep."""
        try:
            make(self.job)
        except Exception as error:
            where = ""
            if not isinstance(error, OSError):
                path = self.sweep_dir / "traceback.txt"
                path.write_text(traceback.format_exc(), encoding="utf-8")
                where = f"\ntraceback   {path}"
            say(
                f"{what}. {type(error).__name__}: {' '.join(str(error).split())}\n"
                f"The runs are as they were. To try again from them: {self.job.command('report')}{where}"
            )
            return True
        return False

    def _watch(self) -> None:
        """Say how far the study is whenever a cell has ended elsewhere; ends with the last cell or the process."""
        seen = len(self.progress.finished)
        while seen < self.progress.total:
            ended = len(recorded(self.sweep_dir))
            if ended > seen:
                seen = ended
                self.say_progress()
            time.sleep(_POLL)


def key_of(overrides: Sequence[str]) -> Key:
    """Return the arm and seed of a cell with these overrides."""
    settings = dict(override.lstrip("+").split("=", 1) for override in overrides)
    return arm_name(settings["experiment"]), int(settings["seed"])
