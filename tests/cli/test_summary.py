"""The last lines of a run: what only newer results hold is said, and an older result is still shown."""

import io
import re

import pytest
from rich.console import Console

from faceswap_lab.cli.job.summary import print_summary
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import Result


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


def swap(way, path="", kinds=("copy", "mean", "nearest", "nearest_lit"), **values):
    metrics = {f"swap_{name}_{way}{path}": value for name, value in values.items()}
    return metrics | {f"{kind}_{name}_{way}": value / 2 for kind in kinds for name, value in values.items()}


ALL = ("identity", "colour", "pose", "expression", "lighting", "sharpness")


def shown(tmp_path, metrics):
    console = Console(file=io.StringIO(), width=80)
    print_summary(RunFolder(tmp_path), Result("0" * 10, "x", 0, 240, 61.5, metrics, {}), console)
    return console.file.getvalue()


def test_a_swap_works_that_beats_whatever_needs_no_network_by_the_score(tmp_path):
    parts = dict.fromkeys(ALL, 0.8)
    metrics = swap("AB", score=0.7, ssim=0.6, **parts) | swap("BA", score=0.3, ssim=0.9, **parts)
    metrics |= {"nearest_lit_score_BA": 0.31, "copy_ssim_AB": 0.99}
    metrics |= swap("AB", "_target_path", kinds=(), score=0.55, ssim=0.5, **parts)
    text = shown(tmp_path, metrics)
    words = " ".join(text.split())
    assert "A→B works (the best without a network, B's faces nearest in pose and light: 0.35)" in words
    assert "B→A does not work (the best without a network, A's faces nearest in pose and light: 0.31)" in words
    assert re.search("encoder B +│ +0.550", text)
    assert max(map(len, text.splitlines()[:-2])) <= 80


def test_a_result_from_before_the_score_is_judged_by_ssim(tmp_path):
    text = " ".join(shown(tmp_path, swap("AB", kinds=("copy", "mean"), ssim=0.4)).split())
    assert "by the SSIM: A→B works (the best without a network, B's mean face: 0.20)" in text
    assert "score" not in text


@pytest.mark.parametrize("rendered", [True, False])
def test_what_networks_see_is_told_from_the_truth(tmp_path, rendered):
    real = {f"{name}_AB": 0.4 for name in ("face_found", "identity_sface", "follow_yaw", "follow_mouth_open")}
    text = shown(tmp_path, real | (swap("AB", ssim=0.5) if rendered else {}))
    assert "A→B: a face in 40% of the swaps; follows yaw 0.40" in text
    assert ("for there is no truth" in text) is not rendered
    assert ("How far each of them follows the truth above: docs/judging.md" in text) is rendered
    assert max(map(len, text.splitlines()[:-2])) <= 80


def test_three_people_are_shown_each_as_each_other_and_of_more_the_pair(tmp_path):
    even = dict.fromkeys((*ALL, "score", "ssim"), 0.5)
    three = {key: 0.5 for way in ("AB", "AC", "BA", "BC", "CA", "CB") for key in swap(way, **even)}
    assert "C→B" in shown(tmp_path, three)
    four = three | swap("AD", **even)
    assert "A→D" not in shown(tmp_path, four)
    assert "B→A" in shown(tmp_path, four)
