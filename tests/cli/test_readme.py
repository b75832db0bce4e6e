"""What the README says of the command line is true: its table of groups, and every command in it."""

import re
import shlex
from pathlib import Path

import pytest

from faceswap_lab.cli.arguments import parse
from faceswap_lab.cli.groups import ADDED, conf_dir, group_options
from faceswap_lab.cli.overrides import check_overrides
from faceswap_lab.cli.values import check_values
from faceswap_lab.config.keys import settings_called

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
OPTIONS = group_options([conf_dir()])
ADDED_IN_README = ["decoder_activation=cosine"]  # by the section on adding a choice


def table() -> dict[str, str]:
    """Return the cell of options by group, out of the table whose first column is the group."""
    rows = re.findall(r"^\| *`(\w+)` *\|((?:\\\||[^|\n])*)\|", README, re.MULTILINE)
    return {group: cell for group, cell in rows if group in OPTIONS or settings_known(group)}


def settings_known(group: str) -> bool:
    try:
        return bool(settings_called(group))
    except ValueError:
        return False


def commands() -> list[list[str]]:
    """Return the arguments of every ``python -m faceswap_lab …`` in code, without its comment."""
    found = re.findall(r"python -m faceswap_lab\b([^`\n]*)", README)
    return [shlex.split(arguments, comments=True) for arguments in found]


def test_the_table_has_every_group_and_every_option_and_no_other():
    cells = {group: re.sub(r"\([^)]*\)", "", re.sub(r"`[^`]*`", "", cell)) for group, cell in table().items()}
    shown = {group: sorted(re.findall(r"\w+", cell)) for group, cell in cells.items()}
    assert shown == {group: names for group, names in OPTIONS.items() if group not in ADDED}


def test_the_tables_settings_exist():
    for group, cell in table().items():
        for key in re.findall(rf"`({group}\.\w+)", cell):
            assert settings_called(key), key


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_a_command_is_one_that_passes(arguments: list[str]):
    words = [word for word in parse(arguments).words if word not in ADDED_IN_README]
    if words and "=" not in words[0]:
        assert words[0] in ("show", "diff", "report", "findings", "dashboard")
        words = [word for word in words[1:] if not word.startswith(("runs/", "experiments/"))]
    check_overrides(words, OPTIONS)
    check_values(words, OPTIONS)


def test_the_commands_are_found():
    assert ["+experiment=two_encoders"] in commands()
    assert len(commands()) >= 8
