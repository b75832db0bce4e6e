"""What W&B holds of a run, without an account and without a network, as its own reader tells it."""

import json
import os
import re
import signal

import pytest
import wandb
from wandb.sdk.lib import wbauth

from faceswap_lab.interruption import Interrupted
from faceswap_lab.runs.identity import plain
from faceswap_lab.training import wandb_mirror
from faceswap_lab.training.finite import Diverged
from faceswap_lab.training.judge import Judge
from tests.training.mirrored import Killed, killed, run_in, table_of
from tests.training.wandb_records import recorded


def curves(rows):
    """The rows by their step, without W&B's own entries, the pictures' and the speeds, which no two runs share."""
    own = re.compile(r"_.*|.*_per_second|preview\..*")
    return {row["step"]: {k: v for k, v in row.items() if not own.fullmatch(k)} for row in rows}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = run_in(tmp_path_factory.mktemp("finished"), "wandb")
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
    table = table_of(run)
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
    run_in(tmp_path, "wandb").train_and_judge()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("end", "first_again"), [(lambda: os.kill(os.getpid(), signal.SIGTERM), 9), (killed, 6)], ids=["told", "killed"]
)
def test_a_resumed_run_goes_on_under_the_same_id(end, first_again, tmp_path, finished):
    with pytest.raises((Interrupted, Killed)):
        run_in(tmp_path, "wandb", after={7: end}).train_and_judge()
    resumed = run_in(tmp_path, "wandb")
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
    run = run_in(tmp_path, "wandb")
    with pytest.raises(Diverged):
        run.train_and_judge()
    (session,) = recorded(run.folder.path)
    assert session.exit_code == 1


def test_without_a_study_there_is_no_group_and_long_tags_are_cut(tmp_path):
    run = run_in(tmp_path, "wandb", study=None, options=["x" * 100])
    run.train_and_judge()
    (session,) = recorded(run.folder.path)
    assert "run_group" not in session.about
    assert session.about["tags"] == ["smoke", "two_encoders", "x" * 64]


@pytest.fixture
def no_server(tmp_path, monkeypatch):
    """W&B in a process that has not used it yet, without an account, its server out of reach."""

    def forget():
        wandb.teardown()
        wbauth.unauthenticate_session(update_settings=False)

    monkeypatch.setattr(wandb_mirror, "_INIT_SECONDS", 1.0)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    forget()
    yield
    forget()


@pytest.mark.parametrize(("key", "told"), [("0" * 40, "connection refused"), (None, "No API key")])
def test_what_cannot_be_uploaded_is_recorded_offline(key, told, no_server, tmp_path, monkeypatch, capfd):
    if key:
        monkeypatch.setenv("WANDB_API_KEY", key)
    run = run_in(tmp_path, "wandb", "logger.mode=online")
    run.train_and_judge()
    (session,) = recorded(run.folder.path)
    assert session.exit_code == 0
    assert set(curves(session.history)) == {3, 4, 6, 8, 9, 12, 14}
    said = capfd.readouterr().err
    assert said.count("W&B cannot be used") == 1
    assert told in said
    assert f"wandb sync {run.folder.path / 'wandb'}" in said
