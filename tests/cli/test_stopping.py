"""Signals to the process that launched a sweep, each in a process of its own: they go where the cells run."""

import subprocess
import sys
from pathlib import Path

from faceswap_lab.cli.sweep.stopping import asked_to_stop

HEAD = """
import os, signal, sys, time
from pathlib import Path
from faceswap_lab.cli.sweep.stopping import asked_to_stop, signals_stop_the_cells
from faceswap_lab.interruption import Interrupted, interruptible

sweep = Path(sys.argv[1])

def wait(until):
    ends = time.monotonic() + 20
    while time.monotonic() < ends and not until():
        time.sleep(0.01)
"""


def said(script: str, sweep: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", HEAD + script, str(sweep)], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.split()


def test_a_first_ctrl_c_asks_the_cells_elsewhere_and_a_second_one_ends(tmp_path: Path):
    script = """
with signals_stop_the_cells(sweep):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        wait(lambda: asked_to_stop(sweep) is not None)
        print("waits", asked_to_stop(sweep))
        os.kill(os.getpid(), signal.SIGINT)
        wait(lambda: False)
    except Interrupted as stop:
        print("ends", stop)
"""
    assert said(script, tmp_path) == ["waits", "2", "ends", "SIGINT"]


def test_a_first_ctrl_c_reaches_a_cell_in_the_launching_process_itself(tmp_path: Path):
    """joblib with one job makes no process: on a machine with one GPU, say."""
    script = """
with signals_stop_the_cells(sweep):
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            wait(lambda: False)
        print("went on")
    except Interrupted as stop:
        print("stopped", stop)
"""
    assert said(script, tmp_path) == ["stopped", "SIGINT"]


def test_where_the_cells_cannot_be_asked_the_first_ctrl_c_ends(tmp_path: Path):
    """On a full disk, say: the file cannot be written, and no later signal could have ended the process."""
    (tmp_path / "stop").mkdir()
    script = """
with signals_stop_the_cells(sweep):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        wait(lambda: False)
        print("went on")
    except Interrupted as stop:
        print("ends", stop)
"""
    assert said(script, tmp_path) == ["ends", "SIGINT"]


def test_a_signal_that_cannot_be_read_just_now_is_none_yet(tmp_path: Path):
    (tmp_path / "stop").touch()
    assert asked_to_stop(tmp_path) is None
    (tmp_path / "stop").unlink()
    (tmp_path / "stop").mkdir()
    assert asked_to_stop(tmp_path) is None
