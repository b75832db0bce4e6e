"""The last lines of a run: what only newer results hold is said, and an older result is still shown."""

import io

import pytest
from rich.console import Console

from faceswap_lab.cli.job.summary import print_summary
from faceswap_lab.runs import Result, RunFolder


def told(tmp_path, details):
    console = Console(file=io.StringIO(), width=200)
    result = Result("0" * 10, "x", 0, 240, 61.5, {"loss_A": 0.1, "recon_ssim_A": 0.5}, details)
    print_summary(RunFolder(tmp_path), result, console)
    return console.file.getvalue()


def test_peak_memory_is_said(tmp_path):
    peak = {"resident": 700 * 2**20, "mapped": 90 * 2**20, "since": "run"}
    assert "\npeak memory 700 MiB\n" in told(tmp_path, {"peak_memory": peak})


def test_the_gpus_too(tmp_path):
    peak = {"resident": 3000 * 2**20, "gpu": 2500 * 2**20}
    assert "\npeak memory 3,000 MiB, 2,500 MiB on the GPU\n" in told(tmp_path, {"peak_memory": peak})


@pytest.mark.parametrize("details", [{}, {"peak_memory": None}, {"peak_memory": {}}, {"peak_memory": {"resident": ""}}])
def test_a_result_from_before_it_was_recorded_is_shown_as_ever(tmp_path, details):
    text = told(tmp_path, details)
    assert "62 s of training; one seed" in text
    assert "MiB" not in text
