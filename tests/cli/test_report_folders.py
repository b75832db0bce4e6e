"""What ``report`` compares where it is given a folder: runs, and nothing of what lies beside them."""

from pathlib import Path

import pytest

from faceswap_lab.cli.subcommands.report import _runs_in, report
from faceswap_lab.config import ConfigError


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
