"""What ``report`` compares where it is given a folder: runs, and nothing of what lies beside them."""

from pathlib import Path

import pytest

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.job.status import JobStatus
from faceswap_lab.cli.subcommands.report import _runs_in, report
from faceswap_lab.cli.sweep.records import record
from faceswap_lab.config import ConfigError
from faceswap_lab.runs.atomic import StorageError, make_folder


def test_a_word_may_be_longer_than_any_files_name():
    with pytest.raises(ConfigError, match="is no setting of a comparison"):
        report([f"+experiment={'x' * 300}"], [])


def test_a_folder_of_runs_stands_for_them_without_what_lies_beside(tmp_path: Path):
    runs = [tmp_path / name for name in ("a-s0-1", "b-s0-2")]
    for file in ("a-s0-1/run.json", "b-s0-2/status.json", "killed-s0-3/config.yaml", "sweeps/one/hydra.yaml"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    assert _runs_in(tmp_path) == runs
    assert [run for path in sorted(tmp_path.iterdir()) for run in _runs_in(path)] == runs  # as the shell has runs/*
    with pytest.raises(ConfigError, match=r"hydra\.yaml is no run folder"):
        _runs_in(tmp_path / "sweeps" / "one" / "hydra.yaml")
    with pytest.raises(ConfigError, match="empty is no run folder"):
        _runs_in(tmp_path / "empty")


def test_a_sweeps_runs_are_found_beside_it_or_where_they_were_made(tmp_path: Path):
    sweep, made = tmp_path / "runs" / "sweeps" / "one", tmp_path / "elsewhere" / "a-s0-1"
    made.mkdir(parents=True)
    record(sweep, 0, ["seed=0"], JobStatus("finished", str(made)))
    assert _runs_in(sweep) == [made]
    moved = tmp_path / "runs" / "a-s0-1"
    moved.mkdir()
    assert _runs_in(sweep) == [moved]


def test_a_study_is_read_as_where_it_runs(tmp_path: Path):
    axis = ["+study=smoke", "optimizer.lr=0.001,0.002", "seed=0", f"runs_dir={tmp_path}"]
    with pytest.raises(ConfigError, match="none is finished"):  # it is an axis, whatever else the words hold
        report([*axis, f"experiments_dir={tmp_path}/jürgen=1"], [conf_dir()])
    (tmp_path / "own" / "study").mkdir(parents=True)
    (tmp_path / "own" / "study" / "mine.yaml").write_text("# @package _global_\nstudy: {name: [\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        report(["+study=mine"], [conf_dir(), tmp_path / "own"])


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "study"):
        with pytest.raises(StorageError, match=f"Cannot write {folder}: "):
            make_folder(folder)
