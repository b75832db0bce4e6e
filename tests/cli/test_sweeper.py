"""Where a sweep keeps its records, and what it does between its cells."""

import gc
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from joblib import Parallel, delayed
from omegaconf import DictConfig

from faceswap_lab.cli.compose import composing, quoted
from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.job.status import NoObjective
from faceswap_lab.cli.sweep.launchers import defaults_of
from faceswap_lab.cli.sweep.records import new_sweep_dir
from faceswap_lab.cli.sweep.sweeper import ForgetConfigurations, UntilStopped
from faceswap_lab.interruption import Interrupted


def test_sweeps_that_begin_in_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    """In two containers both may be process 1, as these two are one."""
    first, second = new_sweep_dir(tmp_path), new_sweep_dir(tmp_path)
    assert first != second
    assert first.parent == second.parent == tmp_path / "sweeps"
    assert not first.parent.exists()


def test_only_a_sweep_takes_what_is_loaded_out_of_the_search_for_garbage() -> None:
    """A single run may be one in a notebook, whose own circles are garbage some day."""
    ended, found = SimpleNamespace(cfg=1, hydra_cfg=1), []
    gc.unfreeze()
    for mode in (RunMode.RUN, RunMode.MULTIRUN):
        ForgetConfigurations().on_job_end(SimpleNamespace(hydra=SimpleNamespace(mode=mode)), ended)
        found.append(gc.get_freeze_count() > 0)
    assert found == [False, True]
    assert (ended.cfg, ended.hydra_cfg) == (None, None)


def test_joblib_takes_no_cell_after_the_signal(tmp_path: Path) -> None:
    def cell(number: int, words: list[str]) -> str:
        if number == 2:
            (tmp_path / "stop").write_text(str(int(signal.SIGTERM)))
        time.sleep(0.05)  # no cell is over before a file is written
        return words[0]

    cells = UntilStopped([[f"seed={seed}"] for seed in range(400)], tmp_path)
    begun = Parallel(n_jobs=2, backend="threading", pre_dispatch="n_jobs", batch_size=1)(
        delayed(cell)(number, words) for number, words in enumerate(cells)
    )
    assert len(cells) == 400
    assert begun[:3] == ["seed=0", "seed=1", "seed=2"]
    assert len(begun) <= 5  # what was under way beside the third


def test_optuna_launches_no_trial_after_the_signal(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="the extra [optuna] is not installed")
    begun = []

    def cell(composed: DictConfig) -> float:
        begun.append(composed.optimizer.lr)
        if len(begun) == 3:  # the first of the second batch
            (tmp_path / "stop").write_text(str(int(signal.SIGTERM)))
        if len(begun) > 2:
            raise NoObjective("stopped, or not begun")
        return 0.0

    words = ["hydra.sweeper.n_trials=20", "hydra.sweeper.n_jobs=2", f"hydra.sweep.dir={quoted(str(tmp_path))}"]
    chosen = ["hydra/sweeper=optuna", "hydra.mode=MULTIRUN", *defaults_of("sweeper", "optuna"), *words]
    with composing([conf_dir()]) as compose:
        composed = compose(chosen, return_hydra_config=True)
        context = HydraContext(config_loader=GlobalHydra.instance().config_loader(), callbacks=Mock())
        sweeper = Plugins.instance().instantiate_sweeper(config=composed, hydra_context=context, task_function=cell)
        with pytest.raises(Interrupted, match="SIGTERM"):
            sweeper.sweep(["optimizer.lr=interval(1e-4,1e-2)"])
    assert len(begun) == 4
