"""Rows of runs, as pandas takes them."""

import math

import pandas as pd
import pytest

from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.result import Result, write_result
from faceswap_lab.runs.sessions import begin_session
from faceswap_lab.runs.status import write_status
from faceswap_lab.runs.table import find_runs, results


@pytest.fixture
def root(tmp_path):
    """Two finished runs, one that was interrupted, one that is damaged, and what is no run."""
    for seed, state in enumerate(("finished", "finished", "interrupted", "damaged")):
        folder = find_or_create(tmp_path, "baseline", seed, "0123456789")
        begin_session(folder, {"config": {"seed": seed, "name": None, "optimizer": {"lr": 0.1 * (seed + 1)}}}, 0)
        write_status(folder, "finished" if state == "damaged" else state, 7)
        if state == "finished":
            details = {"parameters": {"total": 100}}
            about = {"digest": "0123456789", "label": "baseline", "seed": seed, "steps": 7, "seconds": 1.5}
            write_result(folder, Result(**about, metrics={"swap_ssim_AB": seed / 2}, details=details))
        if state == "damaged":
            folder.result.write_text("{")
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "notes.txt").touch()
    return tmp_path


def test_every_run_is_a_row(root):
    table = pd.DataFrame(find_runs(root))
    assert list(table.columns) == ["folder", "label", "seed", "state", "step", "time", "message"]
    assert list(table.state) == ["finished", "finished", "interrupted", "interrupted"]
    assert list(table.seed) == [0, 1, 2, 3]
    assert set(table.label) == {"baseline"}
    assert "cannot be used" in table.message[3]


def test_every_finished_run_is_a_row_of_its_settings_and_metrics(root):
    with pytest.warns(UserWarning, match=r"baseline-s3.*cannot be used"):
        table = pd.DataFrame(results(root))
    assert list(table.seed) == [0, 1]
    assert list(table["optimizer.lr"]) == [0.1, 0.2]
    assert list(table.swap_ssim_AB) == [0, 0.5]
    assert set(table.parameters) == {100}
    assert math.isclose(table.groupby("label").swap_ssim_AB.mean()["baseline"], 0.25)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        find_runs(tmp_path / "no")
