"""The peak is this run's own, not that of what the process did before."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from faceswap_lab.training.device import memory as device_memory
from faceswap_lab.training.device.memory import PeakMemory
from tests.training.tracking.mirrored import run_in

MIB = 2**20
HELD = """
import json, mmap, sys, numpy as np
from faceswap_lab.training.device.memory import PeakMemory
def hold(mib):
    np.ones(mib << 20, np.uint8)
def read(mapped_file):
    with open(mapped_file, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        np.frombuffer(mapped, np.uint8)[::4096].sum()
        return PeakMemory().read()
hold(300)
first = PeakMemory()
before = first.read()
hold(100)
print(json.dumps([before, first.read(), read(sys.argv[1])]))
"""
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about /proc")


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """Run in a fresh process: 300 MiB and freed; the peak set back; 100 MiB and freed; 64 MiB of a file mapped."""
    file = tmp_path_factory.mktemp("mapped") / "file"
    file.write_bytes(bytes(64 * MIB))
    process = subprocess.run([sys.executable, "-c", HELD, file], capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


@linux
def test_what_was_held_before_the_run_does_not_count(held):
    before, after, _ = held
    if before["since"] != "run":
        pytest.skip("this container does not let the peak be set back")
    assert 95 * MIB < after["resident"] - before["resident"] < 110 * MIB


@linux
def test_mapped_files_are_told_apart(held):
    _, after, mapping = held
    assert 60 * MIB < mapping["mapped"] - after["mapped"] < 70 * MIB


def test_where_the_peak_cannot_be_set_back_it_is_the_processs(monkeypatch, tmp_path):
    monkeypatch.setattr(device_memory, "Path", lambda _: tmp_path / "nowhere" / "status")
    memory = PeakMemory()
    kept = np.ones(64 * MIB, np.uint8)
    found = memory.read()
    assert found["since"] == "process"
    assert found["resident"] >= kept.nbytes
    assert "mapped" not in found


def test_the_gpu_with_the_largest_peak_counts(monkeypatch):
    """With a stand-in: no GPU was at hand."""
    peaks, reset = [5 * MIB, 9 * MIB], []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", reset.append)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: peaks[device])
    assert PeakMemory().read()["gpu"] == 9 * MIB
    assert reset == [0, 1]


def test_without_a_gpu_there_is_no_such_number(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    assert "gpu" not in PeakMemory().read()


def test_a_run_records_its_peak(tmp_path):
    peak = run_in(tmp_path, "csv", "training.max_steps=2").train_and_judge().details["peak_memory"]
    assert 100 * MIB < peak["resident"] < 64 * 1024 * MIB  # torch alone takes the lower bound
