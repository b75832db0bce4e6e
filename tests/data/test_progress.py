"""Progress is a bar on a terminal, plain lines elsewhere, and nothing if not wanted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faceswap_lab.data import progress as module
from faceswap_lab.data.progress import progress_of


def test_plain_lines_say_what_and_how_many(capsys):
    with progress_of("rendering 30 faces", 30) as advance:
        for _ in range(30):
            advance(1)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == ["rendering 30 faces …", "rendering 30 faces: 30 of 30 after 0 s"]


def test_plain_lines_come_now_and_then(capsys, monkeypatch):
    clock = iter(range(0, 1000, 4))  # each look at the clock takes four seconds
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
    with progress_of("decoding", 10) as advance:
        for _ in range(10):
            advance(1)
    assert capsys.readouterr().err.splitlines()[1:] == [
        "decoding: 4 of 10 after 16 s", "decoding: 8 of 10 after 32 s", "decoding: 10 of 10 after 40 s",
    ]  # fmt: skip


def test_nothing_is_said_if_not_wanted(capfd):
    with progress_of("rendering", 3, shown=False) as advance:
        advance(3)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_a_bar_on_a_terminal():
    program = """
from faceswap_lab.data.progress import progress_of
with progress_of("rendering 7 faces, kept in '/a/path/[with]/brackets/" + "long/" * 20, 7) as advance:
    for _ in range(7):
        advance(1)
"""
    ours, theirs = os.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], stderr=theirs, env=environment, cwd=root, check=True, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "rendering 7 faces, kept in '/a/path/[with]/brackets/" + "long/" * 20 in shown
    assert "7/7" in shown
