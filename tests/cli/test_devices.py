"""Which GPU a cell gets, with GPUs that are only pretended: none was at hand."""

import multiprocessing
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import pytest

from faceswap_lab.cli.job import devices
from faceswap_lab.cli.job.devices import check_devices, gpu_of_its_own, lowest_free_place, processes_at_once
from faceswap_lab.cli.sweep.launchers import EXTRAS, chosen
from faceswap_lab.config import Config, ConfigError, load
from faceswap_lab.runs.identity import run_hash
from tests.config.shipped import OPTIONS, composed


def config_of(*overrides: str) -> Config:
    return load(composed(*overrides), OPTIONS)


@pytest.fixture
def three_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpus_here", lambda: 3)


@pytest.mark.usefixtures("three_gpus")
def test_cells_at_once_share_a_gpu_only_when_there_are_more_than_gpus(tmp_path: Path) -> None:
    config = config_of()
    with ExitStack() as running:
        cells = [ExitStack() for _ in range(4)]
        given = [running.enter_context(cell).enter_context(gpu_of_its_own(config, tmp_path)) for cell in cells]
        assert [cell.trainer.gpu for cell in given] == [0, 1, 2, 0]
        cells[1].close()  # whichever ends first: the next cell gets its GPU, and not the one whose turn it would be
        with gpu_of_its_own(config, tmp_path) as following:
            assert following.trainer.gpu == 1
        assert {run_hash(cell, "") for cell in given} == {run_hash(config, "")}


@pytest.mark.usefixtures("three_gpus")
@pytest.mark.parametrize(
    ("overrides", "gpu"),
    [(["trainer=cpu"], None), (["trainer.gpu=2"], 2), (["trainer=ddp", "trainer.devices=2"], None)],
)
def test_what_a_person_chose_stays(tmp_path: Path, overrides: Sequence[str], gpu: int | None) -> None:
    with lowest_free_place(tmp_path), gpu_of_its_own(config_of(*overrides), tmp_path) as placed:
        assert placed.trainer.gpu == gpu


@pytest.mark.usefixtures("three_gpus")
def test_a_run_by_itself_and_the_only_visible_gpu_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gpu_of_its_own(config_of(), None) as placed:
        assert placed.trainer.gpu is None
    monkeypatch.setattr(devices, "gpus_here", lambda: 1)  # as SLURM and Ray leave it
    with gpu_of_its_own(config_of(), tmp_path) as placed:
        assert placed.trainer.gpu is None


def hold(places: Path, held: Any) -> None:
    with lowest_free_place(places):
        held.set()
        multiprocessing.Event().wait()


def test_a_killed_process_gives_its_place_back(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    held = fork.Event()
    other = fork.Process(target=hold, args=(tmp_path, held))
    other.start()
    assert held.wait(20)
    with lowest_free_place(tmp_path) as place:
        assert place == 1
    other.kill()
    other.join()
    with lowest_free_place(tmp_path) as place:
        assert place == 0


def test_joblib_runs_one_cell_per_gpu_or_per_threads_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    monkeypatch.setattr(devices, "gpus_here", lambda: 0)
    assert [processes_at_once(threads, "auto") for threads in (1, 2, 3, 16, None)] == [8, 4, 2, 1, 1]
    monkeypatch.setattr(devices, "gpus_here", lambda: 3)
    assert (processes_at_once(1, "auto"), processes_at_once(1, "cpu")) == (3, 8)


def test_the_trainer_is_given_that_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    from faceswap_lab.training import fit

    asked = []

    def trainer(**settings: Any) -> None:
        asked.append(settings["devices"])
        raise RuntimeError

    monkeypatch.setattr(fit.pl, "Trainer", trainer)
    module = SimpleNamespace(plan=SimpleNamespace(reaches_all=False))
    for config in (config_of(), config_of("trainer.gpu=2")):
        with pytest.raises(RuntimeError):
            fit.fit(config, None, module, None, lambda: None, (), lambda row, step: None)  # type: ignore[arg-type]
    assert asked == [1, [2]]


@pytest.mark.parametrize("overrides", [["trainer=cpu"], ["trainer=ddp"]])
def test_one_gpu_by_number_needs_one_device_that_is_a_gpu(overrides: Sequence[str]) -> None:
    with pytest.raises(ConfigError, match=r"trainer\.gpu=1.*Leave it at null"):
        config_of(*overrides, "trainer.gpu=1")


def test_cuda_graphs_need_a_cuda_device(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    for there in (False, True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        monkeypatch.setattr(torch.cuda, "device_count", lambda there=there: int(there))
        with nullcontext() if there else pytest.raises(ConfigError, match=r"cudagraphs.*Use trainer\.compile=default"):
            check_devices(config_of("trainer.compile=cudagraphs"))


@pytest.mark.parametrize(("launcher", "extra"), EXTRAS["launcher"].items())
def test_a_launcher_that_is_not_installed_is_named_with_its_extra(
    launcher: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["seed=0,1", f"hydra/launcher={launcher}"]
    assert chosen("launcher", words) == launcher
    monkeypatch.setattr("faceswap_lab.cli.sweep.launchers.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=rf"hydra/launcher={launcher}.*pip install -e \"\.\[{extra}\]\""):
        chosen("launcher", words)


def test_a_misspelt_launcher_is_answered_with_the_right_one() -> None:
    assert chosen("launcher", ["seed=0"]) == "basic"
    with pytest.raises(ConfigError, match="joblib"):
        chosen("launcher", ["hydra/launcher=joblab"])
