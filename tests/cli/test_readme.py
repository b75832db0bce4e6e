"""What the README and the pages beside it say of the command line is true: the table of groups, and every command."""

import dataclasses
import re
import shlex
from pathlib import Path

import pytest

from faceswap_lab.cli.arguments import parse
from faceswap_lab.cli.groups import ADDED, conf_dir
from faceswap_lab.cli.subcommands import USAGE
from faceswap_lab.config import Config
from faceswap_lab.faces import command
from faceswap_lab.options import Options
from tests.cli.judging import judged

HERE = Path(__file__).resolve().parents[2]
GROUPS = (HERE / "docs" / "groups.md").read_text(encoding="utf-8")
PAGES = (
    "README.md",
    "docs/first_hour.md",
    "docs/studies.md",
    "docs/groups.md",
    "docs/metrics.md",
    "docs/adding.md",
    "docs/speed.md",
)
TEXT = "\n".join((HERE / page).read_text(encoding="utf-8") for page in PAGES)
OPTIONS = Options([conf_dir()])
ADDED_IN_README = ["decoder_activation=cosine"]  # by the section on adding a choice


def table() -> dict[str, str]:
    """Return the cell of options by group, out of the table whose first column is the group."""
    rows = re.findall(r"^\| *`(\w+)` *\|((?:\\\||[^|\n])*)\|", GROUPS, re.MULTILINE)
    fields = {field.name for field in dataclasses.fields(Config)}
    return {group: cell for group, cell in rows if group in fields | OPTIONS.keys()}


def commands() -> list[list[str]]:
    """Return the arguments of every ``python -m faceswap_lab …`` in code, without its comment."""
    found = re.findall(r"python -m faceswap_lab\b([^`\n]*)", TEXT)
    return [shlex.split(arguments, comments=True) for arguments in dict.fromkeys(found)]


def test_the_table_has_every_group_and_every_option_and_no_other():
    cells = {group: re.sub(r"\([^)]*\)", "", re.sub(r"`[^`]*`", "", cell)) for group, cell in table().items()}
    shown = {group: sorted(re.findall(r"\w+", cell)) for group, cell in cells.items()}
    assert shown == {group: names for group, names in OPTIONS.items() if group not in ADDED}


def test_the_tables_settings_exist():
    configs = [*judged([]), *judged(["data=people"]), *judged(["data=folders", "data.a=a", "data.b=b"])]
    for group, cell in table().items():
        for name in re.findall(rf"`{group}\.(\w+)", cell):
            assert any(hasattr(getattr(config, group), name) for config in configs), f"{group}.{name}"


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_a_command_is_one_that_passes(arguments: list[str]):
    if arguments[:1] == ["faces"]:  # has flags of its own
        command._parser().parse_args(arguments[1:])
        return
    words = [word for word in parse(arguments).words if word not in ADDED_IN_README]
    if words and "=" not in words[0]:
        assert words[0] in USAGE
        words = [word for word in words[1:] if "=" in word]  # the others are folders and pictures
    studies = [word for word in words if word.startswith("+study=")]
    assert [word for word in studies if word.removeprefix("+study=") not in OPTIONS["study"]] == []
    for study in studies:  # says whose faces it asks about
        text = (conf_dir() / "study" / f"{study.removeprefix('+study=')}.yaml").read_text(encoding="utf-8")
        words = [*(f"data={name}" for name in re.findall(r"override /data: (\w+)", text)), *words]
    assert judged([word for word in words if word not in studies], sweep="-m" in arguments or bool(studies))


def test_the_page_on_tuning_names_what_a_sweeper_is_told_by_default():
    (metric,) = judged([])[0].optimized_metric
    page = (HERE / "docs" / "tuning.md").read_text(encoding="utf-8")
    assert re.findall(r"`optimized_metric`, by default `(\w+)`", page) == [metric]


def test_the_commands_are_found():
    assert ["+experiment=two_encoders"] in commands()
    assert len(commands()) >= 8
