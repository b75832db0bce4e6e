"""What makes a Hydra sweep a study: the plan before it, a line after each cell, the report when it has ended.

A study's YAML names ``WriteReport`` under ``hydra.callbacks``, so every launcher has it. Hydra turns errors of
callbacks into warnings: what must stop the sweep is wrapped in ``StudyRefused``, the report's errors are put on record.
"""

import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback

from faceswap_lab.cli.sweep import SWEEP_DIR, StudyRefused, record_end, recorded
from faceswap_lab.interruption import interruptible

_HERE = ("basic", "joblib")  # launchers whose cells print on this terminal


class WriteReport(Callback):
    """Plan, progress and report of a study. It goes along to the processes that run the cells, as plain values."""

    def __init__(self) -> None:
        self.progress: Any = None
        self.asked: Any = None

    def on_multirun_start(self, config: Any, **kwargs: Any) -> None:
        """Print the plan. Whatever is wrong with it stops the sweep before its first cell."""
        try:
            self._plan(config)
        except Exception as error:
            raise StudyRefused(error) from error

    def on_job_end(self, config: Any, job_return: Any, **kwargs: Any) -> None:
        """Print how far the study is, unless the cell was finished before."""
        from faceswap_lab.cli.study_progress import key_of

        known = self.progress is None or key_of(config.hydra.overrides.task) in self.progress.finished
        if _launcher(config) in _HERE and not known:
            print(self.progress.line(recorded(_sweep_dir()), time.time()), flush=True)

    def on_multirun_end(self, config: Any, **kwargs: Any) -> None:
        """Write the report. What there is to say is said after the sweep's own list of cells."""
        from faceswap_lab.cli.stopping import asked_to_stop
        from faceswap_lab.cli.study_report import make_report, measure_companion

        if asked_to_stop(_sweep_dir()) is not None:  # by a signal, while cells ran in other processes
            return
        said: list[str] = []

        def tell(asked: Any) -> None:
            said.extend(make_report(asked))

        with interruptible():  # no cell is left that a signal could be passed on to
            errors = [
                _error_of(measure_companion, self.asked, "The measurement beside the report could not be made"),
                _error_of(tell, self.asked, "The report could not be written"),
            ]
        record_end(_sweep_dir(), said, [error for error in errors if error])

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what only the launching process needs."""
        return {"progress": self.progress, "asked": None}

    def _plan(self, config: Any) -> None:
        from omegaconf import OmegaConf

        from faceswap_lab.cli.study_lines import plan_lines
        from faceswap_lab.cli.study_plan import ask
        from faceswap_lab.cli.study_progress import Progress, watch
        from faceswap_lab.cli.study_time import Known, cells_at_once, look

        told = config.hydra
        sources = [source for source in told.runtime.config_sources if source.schema == "file"]
        params = OmegaConf.to_container(told.sweeper.params or OmegaConf.create())
        assert isinstance(params, dict)
        asked = ask(list(told.overrides.task), params, [Path(source.path) for source in sources])  # type: ignore[arg-type]
        known = look(asked)
        if asked.baseline.force:
            known = Known(set(), known.seconds)  # all of them again
        launcher, jobs = _launcher(config), told.launcher.get("n_jobs")
        print("\n".join(plan_lines(asked, known, launcher, jobs)), flush=True)
        at_once = cells_at_once(launcher, jobs) or 1
        self.asked = asked
        self.progress = Progress(len(asked.plan.cells), frozenset(known.finished), at_once)
        if launcher not in _HERE:
            watch(self.progress, _sweep_dir())


def _launcher(config: Any) -> str:
    return str(config.hydra.runtime.choices["hydra/launcher"])


def _sweep_dir() -> Path:
    return Path(os.environ[SWEEP_DIR])


def _error_of(make: Callable[[Any], None], asked: Any, what: str) -> str | None:
    """Make something; return what went wrong in a message, the traceback of a defect in a file of the sweep."""
    try:
        make(asked)
    except Exception as error:
        where = ""
        if not isinstance(error, OSError):
            path = _sweep_dir() / "traceback.txt"
            path.write_text(traceback.format_exc(), encoding="utf-8")
            where = f"\ntraceback   {path}"
        return (
            f"{what}. {type(error).__name__}: {' '.join(str(error).split())}\n"
            f"The runs are as they were. To try again from them: {asked.command('report')}{where}"
        )
    return None
