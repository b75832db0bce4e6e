"""The W&B workspace as it would be saved, and what is said where it cannot be."""

import json
import sys

import pytest

from faceswap_lab.__main__ import main
from faceswap_lab.cli.subcommands.workspace import workspace
from faceswap_lab.config import load
from faceswap_lab.config.schema import Study
from faceswap_lab.training.tracking import wandb_mirror
from tests.config.shipped import OPTIONS, composed

STUDY = Study(
    name="encoder_count",
    title="t",
    question="q",
    baseline="baseline",
    metric="swap_recall5_AB",
    smallest_difference=0.02,
    secondary=("swap_ssim_AB", "swap_yaw_AB"),
    notes=(),
    group_seeds=None,
    companion=None,
    tuning={},
    tuning_seeds=(),
)


def spec_of(made):
    """What is sent to W&B when the workspace is saved."""
    return json.loads(made._to_model().spec.model_dump_json(by_alias=True, exclude_none=True))["section"]


def sections(spec):
    return {section["name"]: section for section in spec["panelBankConfig"]["sections"]}


def drawn(section):
    """The metrics of a section's panels."""
    return [metric for panel in section["panels"] for metric in panel["config"]["metrics"]]


@pytest.fixture(scope="module")
def spec():
    return spec_of(workspace("faces", "lab", STUDY, STUDY.name))


def test_both_losses_have_a_panel_grouped_by_arm_against_training_steps(spec):
    losses = sections(spec)["Losses"]
    assert drawn(losses) == ["loss_A", "loss_B"]
    assert losses["isOpen"]
    for panel in losses["panels"]:
        assert panel["viewType"] == "Run History Line Plot"
        assert panel["config"]["xAxis"] == wandb_mirror.STEP
        assert (panel["config"]["groupBy"], panel["config"]["groupAgg"]) == ("jobType", "mean")


def test_the_swap_error_begins_with_what_decides(spec):
    curves = drawn(sections(spec)["Swap error on held-out faces"])
    assert curves[0] == "swap_recall5_AB"
    assert {
        "swap_score_AB",
        "swap_score_BA",
        "swap_ssim_AB",
        "swap_ssim_BA",
        "swap_fitted_mae_AB",
        "swap_fitted_mae_BA",
    } == set(curves[1:])
    assert drawn(sections(spec)["At the end"]) == ["swap_recall5_AB", "swap_ssim_AB", "swap_yaw_AB"]


def test_the_previews_have_a_gallery(spec):
    (panel,) = sections(spec)["Previews"]["panels"]
    assert panel["viewType"] == "Media Browser"
    assert panel["config"]["mediaKeys"] == ["preview"]


def test_only_the_runs_of_the_study_are_shown_and_each_arm_is_a_group(spec):
    (runs,) = spec["runSets"]
    (condition,) = runs["filters"]["filters"]
    assert (condition["key"], condition["op"], condition["value"]) == (
        {"section": "run", "name": "group"},
        "=",
        "encoder_count",
    )
    assert runs["grouping"] == [{"section": "run", "name": "jobType"}]


def test_without_a_study_the_whole_project_is_shown():
    made = workspace("faces", "lab", None)
    (runs,) = spec_of(made)["runSets"]
    assert not runs["filters"]["filters"]
    assert (made.project, made.entity) == ("faces", "lab")


def test_save_false_prints_what_would_be_saved(capsys):
    assert main(["dashboard", "+study=encoder_count", "save=false"]) == 0
    printed = json.loads(capsys.readouterr().out)["section"]
    assert drawn(sections(printed)["Losses"]) == ["loss_A", "loss_B"]
    assert printed["runSets"][0]["filters"]["filters"][0]["value"] == "encoder_count"


def test_what_is_not_installed_is_said_with_its_command(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    monkeypatch.delitem(sys.modules, "wandb_workspaces.workspaces", raising=False)
    assert main(["dashboard", "+study=encoder_count", "save=false"]) == 2
    assert 'pip install -e ".[dashboard]"' in capsys.readouterr().err


def test_without_an_account_one_message_says_what_to_do(monkeypatch, capsys, tmp_path):
    import wandb

    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    wandb.teardown()
    assert main(["dashboard", "+study=encoder_count"]) == 1
    wandb.teardown()  # it was told to be silent
    said = capsys.readouterr()
    assert "wandb login" in said.err
    assert "save=false" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["+study=encoder_cuont"], "Did you mean 'encoder_count'?"),
        (["encoder_count"], "expected key=value"),
        (["save=no"], "no setting 'save'"),
    ],
)
def test_words_that_mean_nothing_are_refused(words, told, capsys):
    assert main(["dashboard", *words]) == 2
    assert told in capsys.readouterr().err


def test_the_dashboard_looks_where_runs_go(monkeypatch):
    config = load(composed("logger.group=mine"), OPTIONS)
    assert wandb_mirror.group_of(config) == "mine"
    for name, value in (("WANDB_ENTITY", "team"), ("WANDB_RUN_GROUP", "ours")):
        monkeypatch.setenv(name, value)
    plain = load(composed(), OPTIONS)
    assert (wandb_mirror.entity_of(plain.logger), wandb_mirror.group_of(plain)) == ("team", "ours")
    (runs,) = spec_of(workspace("faces", "lab", STUDY, "ours"))["runSets"]
    (condition,) = runs["filters"]["filters"]
    assert condition["value"] == "ours"
