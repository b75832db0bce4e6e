"""Handing the command line to Hydra, and each job that it composes to the lab."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faceswap_lab.cli.compose import quoted, refusing, runs_dir_of_sweep
from faceswap_lab.cli.job.status import JobStatus, NoObjective
from faceswap_lab.cli.messages import say
from faceswap_lab.cli.plugins import runs_dir_of
from faceswap_lab.cli.sweep.launchers import EVERY_COMBINATION, ONE_AFTER_ANOTHER, chosen, defaults_of, launching
from faceswap_lab.cli.sweep.records import new_sweep_dir, record, recorded
from faceswap_lab.cli.sweep.stopping import asked_to_stop
from faceswap_lab.cli.sweep.worker import LaunchedFrom, run_cell
from faceswap_lab.config import ConfigError
from faceswap_lab.interruption import Interrupted


def launch(
    args: Sequence[str],
    overrides: Sequence[str],
    flags: Sequence[str],
    folders: Sequence[Path],
    own: Mapping[str, list[str]] | None = None,
) -> int:
    """Run Hydra's main and return the exit code: that of the one job, or the worst of a sweep's cells.

    Args:
        args: the command line as typed, for the record of each run.
        overrides: as Hydra reads them.
        flags: the rest of the command line.
        folders: where groups lie, ours first.
        own: of a study, arm → overrides that it alone has.

    Raises:
        ConfigError: for what cannot be composed; nothing was started.
    """
    import hydra

    from faceswap_lab.cli.sweep.objective import check_directions

    launcher, sweeper = chosen("launcher", overrides), chosen("sweeper", overrides)
    check_directions(sweeper, overrides, folders)
    is_sweep = {"-m", "--multirun"} & {*flags} or any(word.startswith("hydra.mode=") for word in overrides)
    sweep_dir = new_sweep_dir(runs_dir_of_sweep(overrides, folders) if is_sweep else runs_dir_of(overrides))
    task = Task(folders, LaunchedFrom.here(sweep_dir, args), own or {})
    ours = [
        f"hydra.sweep.dir={quoted(str(sweep_dir))}",
        *defaults_of("launcher", launcher),
        *defaults_of("sweeper", sweeper),
    ]
    if any(word.startswith("hydra.verbose=") for word in overrides):
        ours += ["hydra/job_logging=stdout", "hydra/hydra_logging=default"]
    code, stop = 0, None
    try:
        with launching(launcher, sweep_dir), _command_line([*ours, *overrides, *flags]), refusing():
            hydra.main(version_base="1.3", config_path=str(folders[0]), config_name="config")(task)()
    except NoObjective:
        pass  # a sweeper that gives up for it; the cell is on record
    except Interrupted as interrupted:
        stop = interrupted
    except Exception as error:
        if isinstance(error, ConfigError) and os.environ.get("HYDRA_FULL_ERROR") and error.__cause__:
            raise error.__cause__ from None
        foreign = (launcher, sweeper) != (ONE_AFTER_ANOTHER, EVERY_COMBINATION)
        if not recorded(sweep_dir) and (isinstance(error, ConfigError) or not foreign):
            raise
        code = 1
        if asked_to_stop(sweep_dir) is None:
            _say_why_it_gave_up(error, launcher, sweeper)
    if task.single is not None:
        return task.single.code
    cells = recorded(sweep_dir)
    if stop and not cells:
        raise stop
    if not cells:
        return code  # --cfg and --info make no job
    from faceswap_lab.cli.sweep.table import print_sweep

    number = stop.signal if stop else asked_to_stop(sweep_dir)
    code = max(code, print_sweep(cells, sweep_dir, task.planned), 0 if number is None else 128 + number)
    return max(code, task.study.report()) if task.study and code < 128 else code


class Task:
    """What Hydra calls with each composed configuration. In other processes it knows no more than it was made with.

    Attributes:
        single: how the job ended, where there is only one.
        study: the study under way, in the launching process; the sweeper begins it.
        planned: cells that the lab's own sweeper has planned, in the launching process.
    """

    def __init__(
        self, folders: Sequence[Path], origin: LaunchedFrom, own: Mapping[str, list[str]] | None = None
    ) -> None:
        self.folders, self.origin, self.own = folders, origin, own or {}
        self.single: JobStatus | None = None
        self.study: Any = None
        self.planned = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return Task, (self.folders, self.origin)

    def __call__(self, composed: Any) -> float | list[float] | None:
        """Run one job: the single one, or a cell of a sweep, whose end is recorded for the launching process.

        Return the metrics to be optimised, for sweepers that do.
        """
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode
        from omegaconf import OmegaConf

        from faceswap_lab.cli.job.run import run_job
        from faceswap_lab.cli.sweep.objective import objective

        sys.argv = list(self.origin.command)
        hydra_config = HydraConfig.get()
        overrides: Any = OmegaConf.to_container(hydra_config.overrides.task, resolve=False)  # as typed
        if hydra_config.mode != RunMode.MULTIRUN:
            self.single = run_job(composed, self.folders, overrides)
            return None
        number = int(hydra_config.job.num)
        if not self.origin.is_here:
            return objective(composed, run_cell(self.origin, number, composed, self.folders, overrides))
        print(f"\ncell {number + 1}: {' '.join(overrides)}", flush=True)
        status = run_job(composed, self.folders, overrides, self.origin.sweep_dir.name)
        record(self.origin.sweep_dir, number, overrides, status)
        if status.signal is not None:
            raise Interrupted(status.signal)
        if self.study:
            self.study.say_progress()
        return objective(composed, status)


def _say_why_it_gave_up(error: Exception, launcher: str, sweeper: str) -> None:
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason is given")
    say(
        f"hydra/launcher={launcher} hydra/sweeper={sweeper} gave up ({type(error).__name__}): {said[:400]}\n"
        "Finished cells are kept; the others go on from their last checkpoint when the command is repeated."
    )


@contextmanager
def _command_line(args: Sequence[str]) -> Iterator[None]:
    """Give Hydra the command line, and have it raise its errors: it prints and exits by itself otherwise."""
    argv, sys.argv = sys.argv, [sys.argv[0], *args]
    former = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = argv
        os.environ.pop("HYDRA_FULL_ERROR")
        if former is not None:
            os.environ["HYDRA_FULL_ERROR"] = former
