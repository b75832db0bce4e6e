"""What is said of a person's own folders of pictures before anything is trained on them."""

import shutil

import numpy as np
import pytest
from PIL import Image

from tests.data.recipes import write_faces


def test_pictures_on_both_sides_are_said(load, tmp_path, caplog):
    shutil.copyfile(tmp_path / "a" / "000.png", tmp_path / "b" / "again.png")
    load()
    assert "1 pictures are on both sides, A and B" in caplog.text
    for path in (tmp_path / "a").iterdir():
        shutil.copyfile(path, tmp_path / "b" / f"a{path.name}")
    with pytest.raises(ValueError, match="all 10 pictures of side A are on side B too"):
        load()


def test_what_is_no_picture_by_its_name_is_counted(load, tmp_path, caplog):
    for name in ("a.txt", "b.txt", "raw.CR2", "film.mp4"):
        (tmp_path / "a" / name).write_bytes(b"x")
    load()
    assert "left out 2 files: no pictures by their names (.txt)" in caplog.text
    assert "left out 1 file: of a kind that is not read (.cr2)" in caplog.text
    assert "left out 1 video(s)" in caplog.text


def test_sides_that_differ_in_more_than_who_they_are_are_told_apart(load, tmp_path, caplog):
    (tmp_path / "dark").mkdir()
    for path in (tmp_path / "a").iterdir():
        pixels = np.asarray(Image.open(path)) // 4
        pixels[:, :20] *= 2
        Image.fromarray(pixels).resize((160, 160)).save(tmp_path / "dark" / path.name)
    load(b=tmp_path / "dark")
    assert "levels darker than side A" in caplog.text
    assert "levels more lit from the left than side A" in caplog.text
    assert "side A's pictures have 40 px, side B's 160" in caplog.text


def test_few_judges_and_unequal_sides_are_said(load, tmp_path, caplog):
    write_faces(tmp_path / "many", 100, seed=9)
    data = load(a=tmp_path / "many", b=tmp_path / "b", held_out=0.31)
    assert (len(data.held_out["A"]), len(data.held_out["B"])) == (31, 2)
    assert "side A, '" not in caplog.text
    assert "a score rests on 2 held-out pictures, fewer than 30" in caplog.text
    assert "side A has 100 pictures, side B 6" in caplog.text


def test_the_framing_is_stated(load):
    remarks = load(coverage=0.625).remarks
    assert "side A: the network sees the middle 62% of each picture, whatever lies there" in remarks
