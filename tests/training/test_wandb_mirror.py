"""What W&B holds of a run, without an account and without a network, as its own reader tells it."""

import json
import os
import re
import signal
from dataclasses import replace

import pytest

from faceswap_lab.config.schema import Study
from faceswap_lab.interruption import Interrupted
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.identity import plain
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.training import wandb_mirror
from faceswap_lab.training.callbacks import Every
from faceswap_lab.training.judge import Judge
from faceswap_lab.training.run import Run
from faceswap_lab.training.stepper import Diverged
from tests.training.configs import config_for, noise_data
from tests.training.wandb_records import recorded

STUDY = Study(
    name="encoder_count",
    title="t",
    question="q",
    baseline="baseline",
    metric="swap_ssim_AB",
    smallest_difference=0.02,
    secondary=(),
    notes=(),
    group_seeds=None,
    companion=None,
)


def run_in(root, *overrides, after=None, study=STUDY, options=("encoders=two",)):
    """Make the run; ``after``: {step: what happens after that step}."""
    config = replace(config_for("logger=wandb", "evaluation.every_steps=6", *overrides), study=study)
    folder = find_or_create(root, "two_encoders", 0, "0" * 10)
    run = Run(config, noise_data(), folder, "0" * 10, "two_encoders", ["test"], options)
    if after:
        callbacks, last = run._callbacks, Every(1, None, lambda module: after.get(module.steps_done, int)())
        run._callbacks = lambda: [*callbacks(), last]
    return run


def curves(rows):
    """The rows by their step, without W&B's own entries, the pictures' and the speeds, which no two runs share."""
    own = re.compile(r"_.*|.*_per_second|preview\..*")
    return {row["step"]: {k: v for k, v in row.items() if not own.fullmatch(k)} for row in rows}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = run_in(tmp_path_factory.mktemp("finished"))
    run.train_and_judge()
    (session,) = recorded(run.folder.path)
    return run, session


def test_it_says_which_run_it_is(finished):
    run, session = finished
    about = session.about
    assert about["project"] == "faceswap_lab"
    assert about["run_group"] == "encoder_count"
    assert about["job_type"] == "two_encoders"
    assert about["display_name"] == run.folder.path.name
    assert about["tags"] == ["encoder_count", "smoke", "two_encoders", "encoders=two"]
    assert session.exit_code == 0


def test_the_configuration_is_the_resolved_one(finished):
    run, session = finished
    config = plain(run.config)
    assert session.config == config
    assert session.config["study"]["name"] == "encoder_count"


def test_every_row_of_the_table_is_there_against_training_steps(finished):
    run, session = finished
    table = {}
    for row in read_metrics(run.folder.metrics):
        table.setdefault(row["step"], {}).update(row)
    assert list(table) == [3, 6, 9, 12, 14]
    assert {"loss_A", "loss_B", "recon_ssim_A"} <= table[6].keys()
    mirrored = curves(session.history)
    assert [row["_step"] for row in session.history] == list(mirrored)  # W&B's own step is the training step too
    assert {step: row for step, row in mirrored.items() if step in table} == curves(table.values())
    assert set(mirrored) - set(table) == {4, 8}  # previews between two rows
    assert mirrored[4] == {"step": 4}


def test_the_pictures_are_those_of_the_run_and_say_that_they_are_synthetic(finished):
    run, session = finished
    shown = {row["step"]: row for row in session.history if "preview.path" in row}
    assert list(shown) == [4, 8, 12, 14]
    for step, row in shown.items():
        name = "final.png" if step == 14 else f"step-{step:09d}.png"
        assert session.files[row["preview.path"]] == (run.folder.previews / name).read_bytes()
        assert row["preview.caption"].startswith(f"two_encoders, seed 0, step {step}. Synthetic: ")


def test_the_summary_is_the_result(finished):
    run, session = finished
    metrics = json.loads(run.folder.result.read_text())["metrics"]
    assert {"loss_A", "recon_ssim_B"} <= metrics.keys()
    assert {name: session.summary[name] for name in metrics} == pytest.approx(metrics)


def test_it_says_nothing_on_the_terminal(tmp_path, capfd):
    run_in(tmp_path).train_and_judge()
    assert capfd.readouterr() == ("", "")


class Killed(BaseException):
    """Ends a run between two checkpoints."""


def killed():
    raise Killed


@pytest.mark.parametrize(
    ("end", "first_again"), [(lambda: os.kill(os.getpid(), signal.SIGTERM), 9), (killed, 6)], ids=["told", "killed"]
)
def test_a_resumed_run_goes_on_under_the_same_id(end, first_again, tmp_path, finished):
    with pytest.raises((Interrupted, Killed)):
        run_in(tmp_path, after={7: end}).train_and_judge()
    resumed = run_in(tmp_path)
    resumed.train_and_judge()
    first, second = recorded(resumed.folder.path)
    assert first.about["run_id"] == second.about["run_id"]
    assert first.about["run_id"].startswith(resumed.folder.path.name)
    assert (first.exit_code, second.exit_code) == (1, 0)
    assert min(row["_step"] for row in second.history) == first_again
    assert curves(first.history) | curves(second.history) == curves(finished[1].history)
    assert curves(second.history) | curves(first.history) == curves(finished[1].history)  # what is made twice is equal


def test_the_same_configuration_begun_anew_is_another_run(tmp_path):
    ids = set()
    for host in ("one", "other"):
        described = wandb_mirror.Described(
            tmp_path / "baseline-s0-0000000000", 0, f"2026-11-24 {host}", "a", None, (), {}, "p", None, "offline"
        )
        ids.add(wandb_mirror.run_id(described))
    assert len(ids) == 2


def test_scores_that_diverge_at_the_very_end_leave_a_failed_run(tmp_path, monkeypatch):
    monkeypatch.setattr(Judge, "at_the_end", lambda self, autoencoder: {"recon_ssim_A": float("nan")})
    run = run_in(tmp_path)
    with pytest.raises(Diverged):
        run.train_and_judge()
    (session,) = recorded(run.folder.path)
    assert session.exit_code == 1


def test_without_a_study_there_is_no_group_and_long_tags_are_cut(tmp_path):
    run = run_in(tmp_path, study=None, options=["x" * 100])
    run.train_and_judge()
    (session,) = recorded(run.folder.path)
    assert "run_group" not in session.about
    assert session.about["tags"] == ["smoke", "two_encoders", "x" * 64]


def test_a_server_that_cannot_be_reached_costs_no_run(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(wandb_mirror, "_INIT_SECONDS", 1.0)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    run = run_in(tmp_path, "logger.mode=online")
    run.train_and_judge()
    (session,) = recorded(run.folder.path)
    assert session.exit_code == 0
    assert set(curves(session.history)) == {3, 4, 6, 8, 9, 12, 14}
    said = capfd.readouterr().err
    assert said.count("W&B cannot be used") == 1
    assert f"wandb sync {run.folder.path / 'wandb'}" in said


def test_online_without_an_account_is_recorded_offline(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    run = run_in(tmp_path, "logger.mode=online")
    run.train_and_judge()
    (session,) = recorded(run.folder.path)
    assert session.exit_code == 0
    assert "wandb login" in capfd.readouterr().err
