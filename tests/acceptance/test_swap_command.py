"""``swap``: from face pictures to pictures that say that a model made them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceswap_lab.training.saved.trained import TrainedModel
from faceswap_lab.twins import State, identity, render
from tests.acceptance.program import Program

pytestmark = pytest.mark.acceptance


def test_faces_are_swapped_and_labelled_and_what_cannot_be_is_named(straight: Path, program: Program) -> None:
    for name, size in (("one/ada.png", 128), ("two/ada.png", 160), ("two/ada-2.png", 128), ("small.png", 40)):
        (program.place / name).parent.mkdir(exist_ok=True)
        Image.fromarray(render(identity("ada"), State(yaw=0.3), size).image).save(program.place / name)
    ended = program.start_with(
        "swap", str(straight), "one", "two", "small.png", "no.png", "source=B", "target=A"
    ).ended()
    assert ended.code == 1
    names = ["ada", "ada-2", "ada-3"]  # the first of two/ is called ada-2 itself
    assert ended.out.splitlines() == [f"swaps/{name}-B-to-A.png" for name in names]
    refused = program.start_with("swap", str(straight), "one", "out=one/swaps").ended()
    assert "out=one/swaps lies in one: its swaps would be taken for pictures" in refused.err
    assert "small.png: the picture has 40 px a side" in ended.err
    assert "no.png: there is no such file" in ended.err
    with Image.open(program.place / "swaps" / "ada-B-to-A.png") as written:
        expected = TrainedModel(straight).swap(program.place / "one" / "ada.png", "B", "A")
        assert (np.asarray(written) == np.asarray(expected)).all()
        assert "Synthetic: this face was made by a model" in written.info["Description"]
        assert straight.name in written.info["Description"]


def test_a_swap_of_another_run_is_not_overwritten_and_a_long_name_is_cut(straight: Path, program: Program) -> None:
    face = render(identity("ada"), State(yaw=0.3), 128).image
    for name in ("ada.png", f"{'日' * 82}.png"):
        Image.fromarray(face).save(program.place / name)
    other = program.place / "other-s0-0123456789"
    shutil.copytree(straight, other)

    def swapped(run: Path, name: str) -> list[str]:
        ended = program.start_with("swap", str(run), name).ended()
        assert ended.code == 0, ended.err
        return ended.out.splitlines()

    assert swapped(straight, "ada.png") == swapped(straight, "ada.png") == ["swaps/ada-A-to-B.png"]
    assert swapped(other, "ada.png") == swapped(other, "ada.png") == ["swaps/ada-2-A-to-B.png"]
    assert swapped(straight, f"{'日' * 82}.png") == [f"swaps/{'日' * 60}-A-to-B.png"]


def test_a_swap_of_another_picture_of_the_same_name_or_otherwise_cut_is_not_overwritten(
    straight: Path, program: Program
) -> None:
    for name, turn in (("day1", 0.3), ("day2", -0.3)):
        (program.place / name).mkdir()
        face = render(identity("ada"), State(yaw=turn), 128).image
        Image.fromarray(face).save(program.place / name / "000001.png")

    def swapped(*words: str) -> str:
        ended = program.start_with("swap", str(straight), *words).ended()
        assert ended.code == 0, ended.err
        return ended.out.strip()

    assert swapped("day1") == "swaps/000001-A-to-B.png"
    assert swapped("day2") == swapped("day2/000001.png") == "swaps/000001-2-A-to-B.png"
    assert swapped("day1", "cropped=true") == "swaps/000001-3-A-to-B.png"
    assert swapped("day1") == "swaps/000001-A-to-B.png"
    with Image.open(program.place / "swaps" / "000001-A-to-B.png") as written:
        expected = TrainedModel(straight).swap(program.place / "day1" / "000001.png")
        assert (np.asarray(written) == np.asarray(expected)).all()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "expected a run folder and pictures"),
        (("runs", "x.png"), "holds no finished run"),
        (("RUN", "x.png", "target=C"), "knows A, B"),
        (("RUN", "x.png", "tagret=B"), "Did you mean 'target'?"),
        (("RUN", "x.png", "cropped=maybe"), "true or false"),
    ],
)
def test_words_that_mean_nothing_are_refused(
    words: tuple[str, ...], told: str, straight: Path, program: Program
) -> None:
    given = [str(straight) if word == "RUN" else word for word in words]
    ended = program.start_with("swap", *given).ended()
    assert ended.code == 2
    assert told in ended.err
    assert not (program.place / "swaps").exists()
