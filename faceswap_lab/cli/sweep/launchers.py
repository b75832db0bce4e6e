"""Hydra's launchers and sweepers that the lab knows: the extra that brings each, and what is done around a launcher."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from faceswap_lab.cli.sweep.stopping import signals_stop_the_cells
from faceswap_lab.config import ConfigError
from faceswap_lab.refusal import no_such_option

ONE_AFTER_ANOTHER = "basic"  # Hydra's default launcher: in the launching process itself
EXTRAS = {
    "launcher": {"joblib": "parallel", "submitit_local": "slurm", "submitit_slurm": "slurm", "ray": "ray"},
    "sweeper": {"optuna": "optuna"},
}
EVERY_COMBINATION = "every_combination"  # the lab's own sweeper
_USUAL = {"launcher": ONE_AFTER_ANOTHER, "sweeper": EVERY_COMBINATION}
_PACKAGES = {"parallel": "joblib", "slurm": "submitit", "ray": "ray", "optuna": "optuna"}
_SUBMITIT = ("name=faceswap_lab", "cpus_per_task=${trainer.threads}")
_DEFAULTS = {
    "joblib": (
        "n_jobs=${processes_at_once:}",
        "batch_size=1",  # a cell takes seconds or hours, never the milliseconds for which joblib makes batches
        "pre_dispatch=n_jobs",  # a cell that waits can still be told to stop
    ),
    "submitit_local": (*_SUBMITIT, "timeout_min=1440"),
    "submitit_slurm": (*_SUBMITIT, "timeout_min=240", "max_num_timeout=20"),  # saved and queued again, so often
    "ray": (
        "ray.remote.num_cpus=${trainer.threads}",
        "ray.remote.num_gpus=null",
        "ray.remote.max_retries=0",  # a cell whose process was killed goes on when the command is repeated
        "ray.init.num_cpus=null",  # named here and below so that they can be set without a plus sign
        "ray.init.include_dashboard=null",
        "ray.init.object_store_memory=null",  # the plugin's own default keeps Ray from joining a cluster
    ),
    "optuna": (
        "max_failure_rate=1.0",  # a learning rate at which a run diverges is an answer too
        "custom_search_space=faceswap_lab.cli.sweep.stopping.end_a_stopped_search",  # called before every trial
    ),
}


def chosen(kind: str, overrides: Sequence[str]) -> str:
    """Return the launcher or sweeper (``kind``) that the command line names, or the usual one.

    Raises:
        ConfigError: there is no such launcher, or what it needs is not installed.
    """
    named = [word.partition("=")[2] for word in overrides if word.lstrip("+").startswith(f"hydra/{kind}=")]
    name, extras = named[-1] if named else _USUAL[kind], EXTRAS[kind]
    if kind == "launcher" and name not in (ONE_AFTER_ANOTHER, *extras):
        raise no_such_option("hydra/launcher", name, (ONE_AFTER_ANOTHER, *extras))
    if name in extras and not _is_installed(_PACKAGES[extras[name]], kind):
        extra = extras[name]
        raise ConfigError(
            f"hydra/{kind}={name}: hydra-{_PACKAGES[extra]}-{kind} is not installed. It is the extra [{extra}]; in a "
            f'clone: pip install -e ".[{extra}]"'
        )
    return name


def defaults_of(kind: str, name: str) -> list[str]:
    """Return overrides that suit our cells better than a plugin's own defaults; those of a person come after them."""
    return [f"++hydra.{kind}.{setting}" for setting in _DEFAULTS.get(name, ())]


def _is_installed(package: str, kind: str) -> bool:
    """Tell whether a plugin and the package that it drives are there."""
    plugins = find_spec("hydra_plugins")
    return bool(plugins and find_spec(f"hydra_plugins.hydra_{package}_{kind}") and find_spec(package))


@contextmanager
def launching(name: str, sweep_dir: Path) -> Iterator[None]:
    """Surround Hydra's main: signals stop the cells wherever they are. Under Hydra's default launcher: nothing."""
    _let_hydra_count_processes()
    if name == ONE_AFTER_ANOTHER:
        yield
        return
    with _environment(), signals_stop_the_cells(sweep_dir, [signal.SIGTERM] if name == "ray" else []):
        if name == "submitit_slurm":
            from faceswap_lab.cli.sweep.slurm_states import ask_the_queue_where_nobody_keeps_accounts

            ask_the_queue_where_nobody_keeps_accounts()  # not earlier: submitit reads the environment when imported
        try:
            yield
        except Exception:  # not for a second signal, which waits for nobody
            _let_workers_go(name)
            raise
        _let_workers_go(name)


def _let_workers_go(name: str) -> None:
    if name == "joblib":  # which keeps its workers, and their memory, for a next time
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor(reuse=True).shutdown(wait=True)


@contextmanager
def _environment() -> Iterator[None]:
    """Set what launchers read: submitit announces the end of a job's time by SIGUSR1, and Ray reports to nobody.

    Of submitit's own choice, SIGUSR2, a cell would die unsaved.
    """
    before = dict(os.environ)
    os.environ["SUBMITIT_PREEMPT_SIGNAL"] = "USR1"
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        yield
    finally:
        for name in ("SUBMITIT_PREEMPT_SIGNAL", "RAY_USAGE_STATS_ENABLED"):
            os.environ.pop(name)
            if name in before:
                os.environ[name] = before[name]


def _let_hydra_count_processes() -> None:
    """Let joblib's default ask how many cells this machine can run at once."""
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("processes_at_once", _processes_at_once, replace=True)


def _processes_at_once(*, _root_: Any) -> int:
    from faceswap_lab.cli.job.devices import processes_at_once

    return processes_at_once(_root_.trainer.threads, _root_.trainer.accelerator)
