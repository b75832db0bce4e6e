"""What an encoding lacks is written in other signs, in this process and in those that it starts."""

import subprocess
import sys

import pytest

SCRIPT = """
import subprocess, sys
from faceswap_lab.cli.messages import tolerate_any_encoding
tolerate_any_encoding()
print("A\\u2192B \\xd7 \\xe4 \\u2713", flush=True)
subprocess.run([sys.executable, "-c", r"print('A\\u2192B')"], check=True)
"""


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "A→B × ä ✓\nA→B\n"), ("cp1252", "A>B × ä ?\nA?B\n"), ("ascii", "A>B x ? ?\nA?B\n")],
)
def test_output_in_any_encoding(encoding: str, said: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True, timeout=60)
    assert done.stdout.decode(encoding) == said


def test_the_locale_of_a_bare_shell(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True, timeout=60)
    assert done.stdout.decode("ascii").startswith("A>B x ? ?\n")


def test_whoever_reads_our_output_may_have_seen_enough():
    command = f"{sys.executable} -m faceswap_lab --help | head -1"
    for _ in range(3):
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60)
        assert (done.returncode in (0, 141), done.stderr) == (True, "")
