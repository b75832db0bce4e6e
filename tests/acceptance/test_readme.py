"""What docs/adding.md says of adding a choice, done to the letter: its code, its YAML, its command."""

import importlib
import re
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.acceptance.program import Program

pytestmark = pytest.mark.acceptance

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "adding.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATH = {"python": r"`(faceswap_lab/[\w/]+\.py)`", "yaml": r"`(conf/\w+/\w+\.yaml)`"}


def added() -> list[tuple[str, str, str]]:
    """Return (kind, path, text) of every block in it, each with the last path of its kind before it."""
    blocks = []
    for block in BLOCK.finditer(PAGE):
        kind, text = block.groups()
        blocks.append((kind, re.findall(PATH[kind], PAGE[: block.start()])[-1], text))
    return blocks


def write_into(module: str, code: str) -> None:
    exec(code, vars(importlib.import_module(module)))


def test_the_choices_of_the_page_can_be_added_and_trained(program: Program):
    code, chosen = [], []
    for kind, path, text in added():
        if kind == "python":
            code.append(partial(write_into, path.removesuffix(".py").replace("/", "."), text))
            continue
        file = program.place / path.replace("conf/", "own/")
        file.parent.mkdir(parents=True)
        file.write_text(text)
        chosen.append(f"{file.parent.name}={file.stem}")
    assert {choice.partition("=")[0] for choice in chosen} >= {"decoder_activation", "update_order"}
    assert len(code) == len(chosen)
    ended = program.run("--config-dir", "own", *chosen, "training.max_steps=4", before=code)
    assert ended.code == 0, ended.err
    config = yaml.safe_load((program.folder / "config.yaml").read_text())
    assert [f"{group}={config[group]['name']}" for group in (c.partition("=")[0] for c in chosen)] == chosen
