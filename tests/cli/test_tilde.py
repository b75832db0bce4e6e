"""A tilde behind an equals sign, which few shells expand: in what the subcommands write, too, it is the home folder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.cli.subcommands.describe import describe
from faceswap_lab.cli.subcommands.swap import swap
from faceswap_lab.training.saved import trained


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Model:
    """Stands for a trained model whose swaps are black."""

    sides = ("A", "B")

    def __init__(self, folder: Path):
        self.folder = folder

    def swap(self, *_: object, cropped: bool) -> np.ndarray:
        return np.zeros((8, 8, 3), np.uint8)


def test_swaps_are_written_into_the_home_folder(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trained, "TrainedModel", Model)
    Image.new("RGB", (8, 8)).save("one.png")
    assert swap(["run", "one.png", "out=~/swaps"]) == 0
    assert (home / "swaps" / "one-A-to-B.png").is_file()
    assert [path.name for path in Path().iterdir()] == ["one.png"]


def test_a_topology_is_drawn_into_the_home_folder(home: Path, capsys: pytest.CaptureFixture[str]):
    assert describe(["scale=smoke", "picture=~/one.svg"], [conf_dir()]) == 0
    assert (home / "one.svg").is_file()
    assert str(home / "one.svg") in capsys.readouterr().out
    assert not list(Path().iterdir())
