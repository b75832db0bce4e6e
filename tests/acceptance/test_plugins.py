"""Code of a person's own, as a user has it run: here, in workers, in DDP's ranks, installed, and missing elsewhere."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import read_result
from tests.acceptance.program import Program
from tests.acceptance.records import sessions
from tests.plugins.in_docs import install, write_plugin

pytestmark = pytest.mark.acceptance

SHORT = ("training.max_steps=6", "progress=false", "trainer=cpu")
SINE = "encoder_activation=sine"
TYPED = "plugins=[my_sine]"


def runs(program: Program) -> dict[str, Path]:
    """Return the run folders by the activation."""
    found = [path.parent for path in program.runs.glob("*/result.json")]
    return {sessions(path)[-1]["config"]["encoder_activation"]["name"]: path for path in found}


def find_packages_in(place: Path) -> None:
    sys.path.append(str(place))


def record_of(folder: Path) -> Any:
    return sessions(folder)[-1].get("plugins")


def test_workers_have_it_and_only_the_run_that_uses_it_is_another_one(program: Program) -> None:
    usual = ("encoder_activation=leaky_relu", *SHORT)
    assert program.run(*usual).code == 0
    before = program.folder
    write_plugin("my_sine", program.place)
    sweep = ("-m", "encoder_activation=leaky_relu,sine", *SHORT, TYPED, "hydra/launcher=joblib")
    ended = program.run(*sweep, seconds=150)
    assert ended.code == 0, ended.err
    assert "2 cells: 1 finished, 1 reused" in ended.out
    found = runs(program)
    assert found["leaky_relu"] == before
    assert record_of(before) is None
    (record,) = record_of(found["sine"])
    assert (record["module"], record["distribution"], record["adds"]) == ("my_sine", None, [SINE])

    (program.place / "my_sine").rename(program.place / "my_gone")
    lost = program.run(SINE, *SHORT)
    assert lost.code == 2
    assert (
        f"{found['sine']} was made with the plugin my_sine (sha256 {record['sha256'][:10]}), which is not" in lost.err
    )
    assert "with plugins=[my_sine]." in lost.err


def test_the_ranks_of_ddp_have_it(program: Program) -> None:
    """A rank that did not would fail; and with it two ranks are one process."""
    write_plugin("my_sine", program.place)
    steady = (SINE, TYPED, "training.max_steps=6", "progress=false", "optimizer.eps=1e-2", "loss=mse")
    assert program.run(*steady, "trainer=cpu").code == 0
    ddp = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "force=true")
    ended = program.run(*steady, *ddp, seconds=150)
    assert ended.code == 0, ended.err
    one, two = sorted(path.parent for path in program.runs.glob("*/result.json"))
    expected, got = (read_result(RunFolder(folder)) for folder in (one, two))
    assert expected is not None
    assert got is not None
    assert got.metrics["loss_A"] == pytest.approx(expected.metrics["loss_A"], abs=1e-5)


def test_an_installed_one_is_found_by_itself_and_no_run_folder_has_one_imported(program: Program) -> None:
    write_plugin("my_sine", program.place)
    install("my_sine", program.place)
    ended = program.run(SINE, *SHORT, before=[partial(find_packages_in, program.place)])
    assert ended.code == 0, ended.err
    assert record_of(program.folder)[0]["distribution"] == "my_sine 1.0"

    imported = program.place / "imported"
    source = program.place / "my_sine" / "__init__.py"
    source.write_text(f"open({str(imported)!r}, 'w').close()\n{source.read_text()}")
    for word in ("show", "swap"):  # it lies in the folder of the command, and neither is installed nor typed
        named = program.start_with(word, str(program.folder), *(["x.png"] if word == "swap" else [])).ended()
        said = " ".join((named.out + named.err).replace("│", " ").split())
        assert "plugin my_sine (my_sine 1.0" in said
        assert "which is not here. Install my_sine 1.0, or give the command where its file lies" in said
        assert not imported.exists()
    typed = program.start_with("swap", str(program.folder), "x.png", TYPED).ended()
    assert "x.png: there is no such file" in typed.err
    assert imported.exists()


def test_one_of_each_sort_is_trained_and_judged(program: Program) -> None:
    write_plugin("my_choices", program.place)
    chosen = ("loss=charbonnier", "update_order=b_again", "topology=gained", "evaluation.metrics=[edges]")
    ended = program.run(*chosen, "plugins=[my_choices]", *SHORT)
    assert ended.code == 0, ended.err
    result = read_result(RunFolder(program.folder))
    assert result is not None
    assert {f"{kind}_edges_AB" for kind in ("swap", "copy", "mean")} | {"recon_edges_A"} <= result.metrics.keys()
    adds = ["kind=gain", "loss=charbonnier", "metric=edges", "part=gain", "update_order=b_again"]
    assert record_of(program.folder)[0]["adds"] == adds
    assert json.loads((program.folder / "status.json").read_text())["state"] == "finished"
