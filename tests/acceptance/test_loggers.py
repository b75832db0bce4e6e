"""TensorBoard and Weights & Biases mirror metrics.csv, each cell of a sweep into a run of its own."""

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from faceswap_lab.cli.subcommands.workspace import workspace
from faceswap_lab.runs.metrics import read_metrics
from tests.acceptance.program import Program
from tests.acceptance.test_divergence import NotANumber
from tests.training.wandb_records import recorded

pytestmark = pytest.mark.acceptance

SHORT = ("training.max_steps=20", "evaluation.every_steps=10", "progress=false")


def test_each_cell_has_its_own_mirrors_and_a_failed_one_is_closed_as_failed(program: Program) -> None:
    broken = NotANumber(2 * 34)  # 40 losses a cell: the second cell's 14th step
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
