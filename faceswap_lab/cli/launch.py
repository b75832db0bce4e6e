"""Composing with Hydra and handing each job to the lab. Hydra's errors are said in one message, without a traceback."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from faceswap_lab.cli.elsewhere import LaunchedFrom, run_cell
from faceswap_lab.cli.launchers import defaults_of, launcher_of, launching
from faceswap_lab.cli.messages import without_jargon
from faceswap_lab.cli.outcome import Outcome
from faceswap_lab.cli.sweep import (
    SWEEP_DIR,
    Cell,
    Cells,
    StudyRefused,
    SweepStopped,
    print_end,
    print_sweep,
    record,
    recorded,
    skipping_finished,
)
from faceswap_lab.config import ConfigError


def launch(args: Sequence[str], words: Sequence[str], folders: Sequence[Path], groups: Mapping[str, object]) -> int:
    """Run Hydra's main on ``args`` and return the exit code: that of the one job, or the worst of a sweep's cells.

    Args:
        args: the command line.
        words: the overrides in it.
        folders: where groups lie, ours first.
        groups: the groups by name.

    Raises:
        ConfigError: for what cannot be composed; nothing was started.
    """
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError  # type: ignore[import-untyped]

    from faceswap_lab.cli.values import check_values

    runs_dir = _runs_dir(words)
    sweep_dir = (runs_dir / "sweeps" / f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{os.getpid()}").absolute()
    known, single, skipped = Cells(runs_dir, folders), _Single(), list[Cell]()
    wanted_traceback = os.environ.get("HYDRA_FULL_ERROR")
    launcher = launcher_of(words)
    try:
        check_values(words, groups)
        with (
            launching(launcher, sweep_dir) as launched,
            _hydra_sees([*defaults_of(launcher), *_words_first(args, words)], sweep_dir),
            skipping_finished(known, skipped),
            _refusals(),
        ):
            origin = LaunchedFrom.here(sweep_dir, args)
            task = partial(_task, folders=folders, single=single, origin=origin)
            hydra.main(version_base="1.3", config_path=str(folders[0]), config_name="config")(task)()
    except SweepStopped:
        pass  # the cell that was interrupted is on record
    except ConfigError:
        raise  # a ValueError too, and said as it should be
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:  # Hydra raises all of them
        if wanted_traceback:
            raise
        raise ConfigError(without_jargon(error)) from error
    if single.outcome is not None:
        return single.outcome.code
    cells = [*skipped, *recorded(sweep_dir)]
    known.note(cells)
    code = print_sweep(cells) if cells else 0  # none: --cfg and --info make no job
    return max(code, print_end(sweep_dir), launched.code)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn a refused study, which had to get past Hydra, into the error that it is."""
    try:
        yield
    except StudyRefused as refused:
        raise refused.error from None


@dataclass
class _Single:
    """How the job ended, where there is only one."""

    outcome: Outcome | None = None


def _task(composed: Any, folders: Sequence[Path], single: _Single, origin: LaunchedFrom) -> int:
    """Run one job: the single one, or a cell of a sweep, whose end is recorded for the process that launched it."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from faceswap_lab.cli.job import run_job

    told = HydraConfig.get()
    overrides = OmegaConf.to_container(told.overrides.task, resolve=False)  # as typed
    assert isinstance(overrides, list)
    alone = told.mode != RunMode.MULTIRUN
    if not origin.is_here:
        return run_cell(origin, int(told.job.num), composed, folders, overrides)
    if not alone:
        print(f"\ncell {int(told.job.num) + 1}: {' '.join(overrides)}", flush=True)
    if alone:
        single.outcome = run_job(composed, folders, overrides)
        return single.outcome.code
    outcome = run_job(composed, folders, overrides, brief=True)
    record(Path(os.environ[SWEEP_DIR]), int(told.job.num), overrides, outcome)
    if outcome.state == "interrupted":
        raise SweepStopped
    return outcome.code


def _runs_dir(words: Sequence[str]) -> Path:
    """Return the runs folder that the command line names, or the usual one."""
    named = [word.split("=", 1)[1] for word in words if word.startswith("runs_dir=")]
    return Path(named[-1] if named else "runs")


def _words_first(args: Sequence[str], words: Sequence[str]) -> list[str]:
    """Put the overrides before the flags: Hydra's own parser gives up where flags stand between overrides."""
    flags = list(args)
    for word in words:
        flags.remove(word)
    return [*words, *flags]


@contextmanager
def _hydra_sees(args: Sequence[str], sweep_dir: Path) -> Iterator[None]:
    """Give Hydra the command line, and have it raise its errors: it prints and exits by itself otherwise."""
    argv, told = sys.argv, dict(os.environ)
    sys.argv = [argv[0], *args]
    os.environ |= {"HYDRA_FULL_ERROR": "1", SWEEP_DIR: str(sweep_dir)}
    try:
        yield
    finally:
        sys.argv = argv
        for name in ("HYDRA_FULL_ERROR", SWEEP_DIR):
            del os.environ[name]
            if name in told:
                os.environ[name] = told[name]
