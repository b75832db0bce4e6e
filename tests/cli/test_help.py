import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from faceswap_lab.cli.groups import ADDED, conf_dir, first_comment
from faceswap_lab.cli.help import help_text
from faceswap_lab.cli.sweep.launchers import EXTRAS
from faceswap_lab.options import Options


@pytest.mark.parametrize(("columns", "widest"), [(40, 80), (80, 80), (100, 100), (300, 110)])
def test_the_page_is_no_wider_than_it_should_be(monkeypatch: pytest.MonkeyPatch, columns: int, widest: int):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert max(map(len, help_text([conf_dir()]).splitlines())) <= widest


def test_it_shows_every_group_with_its_options_and_the_baseline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = help_text([conf_dir()])
    entries = textwrap.dedent(text).replace(f"\n{' ' * 27}", " ").splitlines()  # an entry may take several lines
    shown: dict[str, list[str]] = {}
    for line in filter(str.strip, entries):  # a study may be called as a group is: groups come first
        shown.setdefault(line.split()[0], line.replace("*", "").replace(",", "").split()[1:])
    for group, names in Options([conf_dir()]).items():
        assert set(names) <= set(shown if group in ADDED else shown[group]), group
    assert "two_encoders             Question 1: each side has its own encoder." in text
    assert "decoder_activation       clamp, hard_sigmoid, linear, sigmoid*, tanh" in text
    groups = set(Options([conf_dir()])) - set(ADDED)
    assert text.count("*") == len(groups) + 1, "one star a group, and one that is explained"
    assert text.count("\n  python -m faceswap_lab") >= 3


def test_it_names_every_launcher():
    assert f"hydra/launcher={'|'.join(EXTRAS['launcher'])}\n" in help_text([conf_dir()])


def test_groups_of_ones_own_are_shown_too(tmp_path: Path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\n# Something of mine.\nname: mine\n")
    (tmp_path / "loss").mkdir()
    (tmp_path / "loss" / "berhu.yaml").write_bytes(b"# \xff\nname: berhu\n")
    text = help_text([conf_dir(), tmp_path])
    assert "  mine                     Something of mine." in text
    assert "berhu, dfl, dfl_amp" in text


def test_the_first_comment_is_found(tmp_path: Path):
    path = tmp_path / "x.yaml"
    path.write_text(
        textwrap.dedent("""\
        # @package _global_
        # What it is.
        # More.
        name: x  # no
        """)
    )
    assert first_comment(path) == "What it is."
    path.write_text("name: x\n")
    assert first_comment(path) == ""


def test_it_loads_nothing_of_the_schema_nor_of_runs():
    rooms = ("faceswap_lab.config", "faceswap_lab.runs", "faceswap_lab.topology", "omegaconf", "numpy")
    code = "import sys, faceswap_lab.__main__ as lab; lab.main(['--help']); "
    code += f"print([room for room in {rooms} if room in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
