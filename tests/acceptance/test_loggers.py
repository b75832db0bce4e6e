"""TensorBoard and Weights & Biases mirror metrics.csv, each cell of a sweep into a run of its own."""

import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

from faceswap_lab.cli.subcommands.workspace import workspace
from faceswap_lab.runs.metrics import read_metrics
from tests.acceptance.program import STEP, TINY, Program, strike
from tests.acceptance.test_divergence import NotANumber
from tests.training.tracking.wandb_records import recorded

pytestmark = pytest.mark.acceptance

SHORT = ("training.max_steps=20", "evaluation.every_steps=10", "progress=false")


def test_each_cell_has_its_own_mirrors_and_a_failed_one_is_closed_as_failed(program: Program) -> None:
    judged = 2  # losses that the judge takes, of each side, whenever it looks: at steps 10 and 20 and at the end
    broken = NotANumber(40 + 3 * judged + judged + 2 * 14)  # the second cell's 14th step
    sweep = ("-m", "name=null", "update_order=a_then_b,b_then_a", "logger=tensorboard_and_wandb")
    ended = program.run(*sweep, *SHORT, before=[broken], seconds=120)
    assert ended.code == 1, ended.err
    first, second = sorted((path for path in program.runs.glob("*-s0-*")), key=lambda path: "b_then_a" in path.name)
    assert_mirrored(first)
    (good,), (bad,) = recorded(first), recorded(second)
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert [row["step"] for row in bad.history] == [10]
    for session, run, order in ((good, first, []), (bad, second, ["update_order=b_then_a"])):
        about = session.about
        assert about["run_id"].startswith(run.name)
        assert ("b_then_a" in about["job_type"]) == bool(order)
        assert [tag for tag in about["tags"] if "=" in tag] == order
        assert "smoke" in about["tags"]


def assert_mirrored(run: Path) -> None:
    (session,) = recorded(run)
    rows = read_metrics(run / "metrics.csv")
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    for name in ("loss_A", "loss_B", "swap_ssim_AB"):
        table = [(row["step"], pytest.approx(row[name], rel=1e-6)) for row in rows if name in row]
        assert [step for step, _ in table] == [10, 20]
        assert [(event.step, event.value) for event in events.Scalars(name)] == table
        assert [(row["step"], row[name]) for row in session.history] == table
    metrics = json.loads((run / "result.json").read_text())["metrics"]
    assert {name: session.summary[name] for name in metrics} == pytest.approx(metrics)
    assert (run / "previews" / "final.png").read_bytes() in session.files.values()
    assert curves_of_the_dashboard() <= {name for row in session.history for name in row}


def curves_of_the_dashboard() -> set[str]:
    """The metrics that a dashboard draws over time."""
    spec = workspace("p", "e", None)._to_model().spec.section.panel_bank_config
    panels = [panel for section in spec.sections for panel in section.panels]
    return {y for panel in panels if panel.view_type == "Run History Line Plot" for y in panel.config.metrics}


def test_a_run_that_was_killed_has_one_whole_record(program: Program) -> None:
    kill = strike(STEP, 35)
    every = ("evaluation.every_steps=10", "checkpoint.every_steps=20", "progress=false", "logger=wandb")
    assert program.run(*every, before=[kill]).code == -signal.SIGKILL
    assert program.run(*every).code == 0
    (session,) = recorded(program.folder)
    rows = {int(row["step"]): row["loss_A"] for row in read_metrics(program.folder / "metrics.csv") if "loss_A" in row}
    assert {row["step"]: row["loss_A"] for row in session.history if "loss_A" in row} == rows
    assert list(rows) == [10, 20, 30, 40, 50, 60]
    assert session.exit_code == 0


def test_the_cells_of_a_sweep_that_are_finished_are_shown_to_wandb(program: Program) -> None:
    sweep = ("-m", "seed=0,1", "training.max_steps=10", "progress=false")
    assert program.run(*sweep).code == 0
    ended = program.run(*sweep, "logger=wandb")
    assert "2 cells: 2 reused" in ended.out, ended.err
    sessions = [recorded(run.parent) for run in program.runs.glob("*/result.json")]
    (group,) = {session.about["run_group"] for (session,) in sessions}
    assert (program.runs / "sweeps" / group).is_dir()


def set_in_environment(values: dict[str, str]) -> None:
    os.environ.update(values)


def sweep_words(parameters: dict[str, Any]) -> list[str]:
    """The words of the sweep that the docs offer, as W&B's agent makes them of the settings that the server chooses."""
    told = yaml.safe_load((Path(__file__).parents[2] / "docs" / "wandb_sweep.yaml").read_text())
    assert parameters.keys() == told["parameters"].keys()
    parts = create_sweep_command_args({"args": {name: {"value": value} for name, value in parameters.items()}})
    assert told["command"][:4] == ["${env}", "${interpreter}", "-m", "faceswap_lab"]
    return [word for part in told["command"][4:] for word in parts.get(part[2:-1], [part])]


def test_the_sweep_of_the_docs_runs_under_wandbs_agent(program: Program) -> None:
    asked = {"+experiment": "shared_state", "optimizer.lr": 0.002, "training.gradient_clip": None}
    words = sweep_words(asked)
    assert "training.gradient_clip=None" in words
    for agents in ("agents1", "agents2"):  # the second time the run is finished
        environment = {"WANDB_SWEEP_ID": "sweep1", "WANDB_RUN_ID": agents, "WANDB_MODE": "offline"}
        ended = program.run(*words, *TINY, "training.max_steps=10", before=[partial(set_in_environment, environment)])
        assert ended.code == 0, ended.err
    sessions = recorded(program.folder)
    assert sorted(session.about["run_id"] for session in sessions) == ["agents1", "agents2"]
    for session in sessions:
        assert session.about["sweep_id"] == "sweep1"
        assert (session.config["optimizer"]["lr"], session.config["training"]["gradient_clip"]) == (0.002, None)
        assert "swap_ssim_AB" in session.summary
