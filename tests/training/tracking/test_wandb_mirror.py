"""What W&B holds of a run, without an account and without a network, as its own reader tells it."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import wandb
from wandb.sdk.lib import wbauth

from faceswap_lab.interruption import Interrupted
from faceswap_lab.runs.identity import identity, plain
from faceswap_lab.runs.sessions import begin_session
from faceswap_lab.training.judge import Judge
from faceswap_lab.training.step.finite import Diverged
from faceswap_lab.training.tracking import wandb_mirror
from faceswap_lab.training.tracking.mirror import Described
from faceswap_lab.training.tracking.mirrors import show_finished
from tests.training.tracking.mirrored import STUDY, Killed, killed, run_in, table_of
from tests.training.tracking.wandb_records import recorded


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


def without_empty(config):
    """Leave settings by name out where there are none: W&B keeps no empty mapping."""
    if not isinstance(config, dict):
        return config
    return {name: without_empty(value) for name, value in config.items() if value != {}}


def test_the_configuration_is_the_resolved_one(finished):
    run, session = finished
    config = plain(run.config)
    assert session.config == without_empty(config)
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


def told():
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("end", [told, killed], ids=["told", "killed"])
@pytest.mark.parametrize("first", ["wandb", "csv"])
def test_the_record_of_a_resumed_run_is_whole(first, end, tmp_path, finished):
    with pytest.raises((Interrupted, Killed)):
        run_in(tmp_path, first, after={7: end}).train_and_judge()
    before = recorded(tmp_path / "two_encoders-s0-0000000000")
    resumed = run_in(tmp_path, "wandb")
    resumed.train_and_judge()
    (session,) = recorded(resumed.folder.path)
    assert session.exit_code == 0
    assert curves(session.history) == curves(finished[1].history)
    assert [row["_step"] for row in session.history] == [row["_step"] for row in finished[1].history]
    assert set(session.files.values()) >= {path.read_bytes() for path in resumed.folder.previews.glob("*[0-9l].png")}
    assert [old.about["run_id"] for old in before] == [session.about["run_id"]] * len(before)
    assert len(list((resumed.folder.path / "wandb").glob("replaced/offline-run-*"))) == len(before)


def test_syncing_a_resumed_run_finds_one_record(tmp_path):
    for _ in range(2):
        with pytest.raises(Killed):
            run_in(tmp_path, "wandb", after={7: killed}).train_and_judge()
    command = [sys.executable, "-m", "wandb", "sync", "--dry-run", "--verbose", str(next(tmp_path.glob("*/wandb")))]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "Would sync 1 run(s)" in said.stderr
    assert "replaced" not in said.stderr


def test_a_finished_run_that_was_not_recorded_is_recorded_whole(tmp_path, finished):
    run = run_in(tmp_path, "csv")
    result = run.train_and_judge()
    for _ in range(2):  # the second time there is nothing to do
        show_finished(Described(run_in(tmp_path, "wandb").config, run.folder, "two_encoders", [], None, 14), result)
    (session,) = recorded(run.folder.path)
    assert curves(session.history) == curves(finished[1].history)
    assert {name: session.summary[name] for name in result.metrics} == pytest.approx(result.metrics)
    assert (run.folder.previews / "final.png").read_bytes() in session.files.values()
    assert session.exit_code == 0


ENVIRONMENT = {
    "WANDB_PROJECT": "theirs",
    "WANDB_ENTITY": "them",
    "WANDB_NAME": "called",
    "WANDB_RUN_GROUP": "grouped",
    "WANDB_TAGS": "mine, smoke",
    "WANDB_NOTES": "noted",
}


@pytest.fixture
def fresh(tmp_path):
    """W&B reads the environment once per process: let it read that of this test, and forget it."""
    wandb.teardown()
    yield
    wandb.teardown()


def test_the_environment_counts_where_the_configuration_is_silent(tmp_path, monkeypatch, fresh):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    for end in ({7: killed}, {}):
        with suppress(Killed):
            run_in(tmp_path, "wandb", after=end).train_and_judge()
    (session,) = recorded(tmp_path / "elsewhere")
    about = session.about
    assert (about["project"], about["entity"], about["display_name"]) == ("theirs", "them", "called")
    assert (about["run_group"], about["notes"]) == ("grouped", "noted")
    assert about["tags"] == ["encoder_count", "smoke", "two_encoders", "encoders=two", "mine"]
    assert not list(tmp_path.glob("two_encoders*/wandb"))


def test_the_configuration_counts_where_both_speak(tmp_path, monkeypatch, fresh):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    told = ("logger.mode=offline", "logger.project=p", "logger.entity=e", "logger.group=g", "logger.notes=n")
    run = run_in(tmp_path, "wandb", *told, "logger.tags=[one,two]")
    run.train_and_judge()
    (session,) = recorded(run.folder.path)
    about = session.about
    assert [about[key] for key in ("project", "entity", "run_group", "notes")] == ["p", "e", "g", "n"]
    assert about["tags"][-3:] == ["one", "two", "mine"]


def test_a_mode_from_the_environment_counts(tmp_path, monkeypatch, fresh):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    run = run_in(tmp_path, "wandb")
    run.train_and_judge()
    assert not recorded(run.folder.path)


@pytest.mark.parametrize(("told", "meant"), [("dryrun", "offline"), ("run", "online"), ("online", "online")])
def test_the_older_words_for_a_mode_are_known(told, meant, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", told)
    run = SimpleNamespace(config=SimpleNamespace(logger=SimpleNamespace(mode=None)))
    assert wandb_mirror.mode_of(run) == meant
    monkeypatch.setenv("WANDB_MODE", "onlin")
    with pytest.raises(ValueError, match=r"WANDB_MODE=onlin: no such mode\. Choose one of: online"):
        wandb_mirror.WandbMirror(run)


@pytest.mark.parametrize(("study", "expected"), [(STUDY, "encoder_count"), (None, "2026-11-28_09-00-00-7")])
def test_the_cells_of_a_sweep_are_a_group(study, expected, tmp_path):
    run = run_in(tmp_path, "wandb", study=study, sweep="2026-11-28_09-00-00-7")
    run.train_and_judge()
    (session,) = recorded(run.folder.path)
    assert session.about["run_group"] == expected


def test_a_sweep_of_wandbs_gets_its_own_run_even_of_a_finished_one(tmp_path, monkeypatch, finished, fresh):
    run = run_in(tmp_path, "csv", study=None)
    result = run.train_and_judge()
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep1")
    config = run_in(tmp_path, "wandb", study=None).config
    about = Described(config, run.folder, "two_encoders", [], None, 14)
    monkeypatch.setenv("WANDB_RUN_ID", "agents0")
    assert wandb_mirror.mode_of(about) == "online"
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("agents1", "agents2", "agents2"):
        monkeypatch.setenv("WANDB_RUN_ID", name)
        wandb.teardown()
        show_finished(about, result)
    sessions = recorded(run.folder.path)
    assert sorted(session.about["run_id"] for session in sessions) == ["agents1", "agents2"]
    for session in sessions:
        assert session.about["run_group"] == session.about["sweep_id"] == "sweep1"
        assert curves(session.history) == curves(finished[1].history)


def test_weights_and_pictures_are_kept_as_an_artifact_on_request(tmp_path):
    run = run_in(tmp_path, "wandb", "logger.artifact=true")
    (run.folder.path / "config.yaml").write_text("seed: 0\n")
    run.train_and_judge()
    (session,) = recorded(run.folder.path)
    (artifact,) = session.artifacts
    assert (artifact["name"], artifact["type"]) == (run.folder.path.name, "model")
    kept = {Path(entry["local_path"]): entry["path"] for entry in artifact["manifest"]["contents"]}
    assert sorted(kept.values()) == ["config.yaml", "final.png", "topology.svg", "weights.safetensors"]
    assert all(path.is_relative_to(tmp_path) and path.exists() for path in kept)  # no copies
    assert json.loads(artifact["metadata"]) == identity(run.config)


def test_nothing_is_kept_unasked(finished):
    assert not finished[1].artifacts


def test_the_same_configuration_begun_anew_is_another_run(tmp_path):
    run, ids = run_in(tmp_path, "wandb"), set()
    for host in ("one", "other"):
        run.folder.run.unlink(missing_ok=True)
        begin_session(run.folder, {"start": "2026-11-24", "hardware": {"host": host}}, 0)
        ids.add(wandb_mirror.run_id(Described(run.config, run.folder, "a", [], None, 0)))
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("told", "environment", "place"),
    [
        ([], {}, "wandb, offline: /faceswap_lab/agents1"),  # as .shown.json files of earlier versions have it
        (["logger.entity=me"], {"WANDB_ENTITY": "team"}, "wandb, offline: me/faceswap_lab/agents1"),
        ([], {"WANDB_ENTITY": "team"}, "wandb, offline: team/faceswap_lab/agents1"),
        ([], {"WANDB_BASE_URL": "https://w.org"}, "wandb, offline: /faceswap_lab/agents1"),  # whoever syncs chooses it
        (["logger.mode=online"], {}, "wandb, online: /faceswap_lab/agents1"),
        (
            ["logger.mode=online"],
            {"WANDB_BASE_URL": "https://w.org", "WANDB_ENTITY": "team"},
            "wandb, online: https://w.org team/faceswap_lab/agents1",
        ),
    ],
)
def test_a_team_or_server_of_the_environment_is_a_place_of_its_own(told, environment, place, tmp_path, monkeypatch):
    for name in ("WANDB_ENTITY", "WANDB_BASE_URL", "WANDB_PROJECT", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "WANDB_SWEEP_ID": "s",
        "WANDB_RUN_ID": "agents1",
        "WANDB_MODE": "offline",
        **environment,
    }.items():
        monkeypatch.setenv(name, value)
    run = run_in(tmp_path, "wandb", *told)
    about = Described(run.config, run.folder, "a", [], None, 0)
    assert wandb_mirror.WandbMirror.place_of(about) == place


def test_scores_that_diverge_at_the_very_end_leave_a_failed_run(tmp_path, monkeypatch):
    monkeypatch.setattr(Judge, "at_the_end", lambda self, *models: {"recon_ssim_A": float("nan")})
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
