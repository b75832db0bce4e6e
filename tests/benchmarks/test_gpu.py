"""``make gpu`` as far as a CPU can tell: what is missing is said, rows are kept whatever happens, checks can fail."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import faceswap_lab
from benchmarks.gpu import __main__ as program
from benchmarks.gpu import correctness
from benchmarks.gpu.found import Found, heard
from benchmarks.gpu.page import page
from benchmarks.gpu.scale import CUDA, DRY

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_at_once_and_writes_nothing(tmp_path, capsys):
    assert program.main(["--output", str(tmp_path / "gpu.md")]) == 2
    assert "no CUDA device here" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("lacks", "told"), [("torch", "pip install torch"), ("hydra", 'pip install -e ".[parallel]"')])
def test_what_is_missing_is_said_with_its_command(lacks, told, monkeypatch, capsys):
    find = program.find_spec
    monkeypatch.setattr(program, "find_spec", lambda name: None if name == lacks else find(name))
    assert program.main([]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert lacks in said


STAGE = """
import sys, time
from benchmarks.gpu.found import Found, say
name = sys.argv[sys.argv.index("--stage") + 1]
say(Found("correctness", name, "1e-9", "at most 1e-3", name != "options"))
print("something that a library says")
if name == "eager": sys.exit("the reason")
if name == "cells": time.sleep(60)
"""


def test_every_row_is_kept_whatever_ends_a_stage(tmp_path, monkeypatch, capsys):
    """orders and options are whole (a check of the latter fails), eager breaks, cells takes all the time there is."""
    start = subprocess.Popen

    def pretended(command, **named):
        return start([sys.executable, "-c", STAGE, *command[3:]], **named)

    monkeypatch.setattr(program.subprocess, "Popen", pretended)
    output = tmp_path / "gpu.md"
    assert program.main(["--dry", "--seconds", "12", "--output", str(output)]) == 1
    text = output.read_text()
    for name in ("orders", "eager", "cells"):
        assert f"| {name} | 1e-9 | at most 1e-3 | holds |" in text
    assert "**options**: 1e-9; should be: at most 1e-3." in text
    assert "- eager: failed: the reason" in text
    assert "- cells: cut short, the time was up" in text
    assert "- compiled: not reached" in text
    assert "4 checks hold, 1 do not." in text
    assert "says nothing of a GPU" in text
    assert "DOES NOT HOLD" in capsys.readouterr().out


def test_only_rows_are_taken_for_rows():
    found = Found("speed", "a step", "1 ms")
    assert heard(json.dumps(found.__dict__)) == found
    assert heard("loss 3") is None
    assert heard('{"table": "speed"}') is None
    assert page("here", [found], [], 1.0).count("| a step | 1 ms |  |") == 1


def test_models_that_differ_are_seen():
    start, one = np.zeros(4), np.ones(4)
    assert correctness.compared("x", one, one + 1e-4, start, 1e-3).holds
    assert not correctness.compared("x", one, one + 1e-2, start, 1e-3).holds
    assert correctness.apart(one, one * 1.5, start) == pytest.approx(0.5)


def test_orders_are_trained_twice_and_compared(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    (found,) = correctness.orders(replace(DRY, orders=1), tmp_path)
    assert found.holds
    assert "update_order=a_then_b" in found.what
    assert len(list(tmp_path.glob("*/*/weights.safetensors"))) == 3


def test_every_topology_is_trained_on_both_with_what_it_needs(tmp_path, monkeypatch):
    """``weights`` is pretended: it refuses what the lab would, and the device gets one topology wrong."""
    asked = []

    def pretended(words, place):
        asked.append(words[:-1] if place.name == "cpu" else words[:-2])
        if place.name == "cpu":
            faceswap_lab.compose(words)
        wrong = place.name == "device" and "topology=weaker_a" in words
        return np.full(3, {"start": 0.0}.get(place.name, 1.1 if wrong else 1.0))

    monkeypatch.setattr(correctness, "weights", pretended)
    found = list(correctness.topologies(replace(CUDA, topologies=4), tmp_path))
    tied = ("topology=tied", "encoders=two", "update_order=joint", "optimizer_state=shared")
    each = [tied, ("topology=told_decoder",), ("topology=upscale_per_side",), ("topology=weaker_a",)]
    assert asked == [words for words in each for _ in ("cpu", "device", "start")]
    assert [row.holds for row in found] == [True, True, True, False]
    assert CUDA.topologies is None  # all


@pytest.mark.minutes
@pytest.mark.timeout(900)
def test_a_dry_run_measures_everything(tmp_path):
    command = [
        sys.executable,
        "-m",
        "benchmarks.gpu",
        "--dry",
        "--seconds",
        "800",
        "--output",
        str(tmp_path / "gpu.md"),
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=850)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    text = (tmp_path / "gpu.md").read_text()
    assert "Not measured" not in text
    assert "does not hold" not in text
