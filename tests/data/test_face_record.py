"""What face pictures say about themselves, written here as the three programs write it."""

import io
import json
import pickle
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from faceswap_lab.data.faceswap_png import frame_to_picture
from faceswap_lab.data.mean_face import FRAMINGS, MEAN_FACE, MIRRORED, aligning, filled, moved, similarity
from faceswap_lab.data.measures import turned
from faceswap_lab.data.pictures import decode_square

RNG = np.random.default_rng(0)
JAW = np.stack([0.5 + 0.62 * np.sin(np.linspace(-1.5, 1.5, 17)), 0.35 + 0.75 * np.cos(np.linspace(-1.5, 1.5, 17))], 1)
FACE = np.concatenate([JAW, MEAN_FACE])  # 68 points, the mean face's square being the unit square
PIXELS = RNG.integers(0, 256, (256, 256, 3), np.uint8)


def in_frame(scale: float = 150.0, angle: float = 0.2, x: float = 400.0, y: float = 200.0) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return scale * FACE @ np.array([[cos, sin], [-sin, cos]]) + (x, y)


def test_the_mean_face_is_symmetric_and_numbered_as_in_a_mirror():
    mirrored = FACE[list(MIRRORED)] * (-1, 1) + (1, 0)
    np.testing.assert_allclose(mirrored, FACE, atol=1e-12)


def test_the_similarity_is_that_of_a_plain_least_squares():
    source, target = RNG.normal(size=(20, 2)), RNG.normal(size=(20, 2))
    rows = [[x, -y, 1, 0] for x, y in source] + [[y, x, 0, 1] for x, y in source]
    a, b, tx, ty = np.linalg.lstsq(np.array(rows), np.concatenate([target[:, 0], target[:, 1]]), rcond=None)[0]
    np.testing.assert_allclose(similarity(source, target), [[a, -b, tx], [b, a, ty]], atol=1e-10)


def test_the_picture_of_2018_has_the_mean_face_in_its_middle_160_pixels():
    landed = moved(in_frame(), aligning(in_frame(), FRAMINGS["2018"], 256))
    np.testing.assert_allclose(landed[17:], 48 + 160 * MEAN_FACE, atol=1e-6)


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (25, 0), (-25, 0), (0, 15), (10, -15)])
def test_turns_are_found_with_their_sign(yaw, pitch):
    """A head of points in space, turned and seen from afar; the points are those that the fit uses, and no others."""
    from faceswap_lab.data.faceswap_png import head_points

    places, _ = head_points(FACE)
    right_handed = places * (-1, -1, -1)  # x right, y down, z away: as a camera has it
    y, p = np.radians(yaw), np.radians(pitch)
    around_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    around_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    seen = (right_handed @ (around_x @ around_y).T)[:, :2]
    landmarks = np.zeros((68, 2))
    which = [
        i for i in range(68) if any((head_points(np.arange(136.0).reshape(68, 2))[1] == (2 * i, 2 * i + 1)).all(1))
    ]
    landmarks[which] = seen
    assert turned(landmarks) == pytest.approx((yaw, pitch), abs=4)


def faceswap_png(pixels: np.ndarray, told: object, keyword: str = "faceswap") -> bytes:
    """Set an iTXt chunk before the picture's data, as faceswap does."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    png = file.getvalue()
    chunk = keyword.encode() + b"\0\0\0\0\0" + str(told).encode()
    packed = struct.pack(">I", len(chunk)) + b"iTXt" + chunk + struct.pack(">I", zlib.crc32(b"iTXt" + chunk))
    place = png.index(b"IDAT") - 4
    return png[:place] + packed + png[place:]


def told_by_faceswap(landmarks: np.ndarray, masks: dict | None = None) -> dict:
    return {
        "alignments": {"x": 1, "y": 2, "w": 3, "h": 4, "landmarks_xy": landmarks.tolist(), "mask": masks or {}},
        "source": {"alignments_version": 2.4, "source_filename": "anna_000123.png", "source_is_video": True},
    }


def test_faceswaps_landmarks_and_mask_land_in_the_picture():
    """Frame and mask are drawn apart; only the maps that faceswap stores or computes bring them together."""
    landmarks = in_frame()
    to_picture = frame_to_picture(landmarks, 256)
    disc = np.zeros((600, 900), np.uint8)
    centre = landmarks[30]
    cv2.circle(disc, tuple(np.rint(centre).astype(int).tolist()), 70, 255, -1)
    to_mask = np.array([[0.4, 0.05, -150.0], [-0.05, 0.4, -30.0]])  # any map will do
    stored = cv2.warpAffine(disc, to_mask, (128, 128))
    masks = {"components": {"mask": zlib.compress(stored.tobytes()), "affine_matrix": to_mask.tolist(),
                            "interpolator": 2, "stored_size": 128, "stored_centering": "face"}}  # fmt: skip
    face = decode_square(faceswap_png(PIXELS, told_by_faceswap(landmarks, masks)), 256, smallest=1)
    assert face.record.maker == "faceswap"
    assert (face.record.source, face.record.frame) == ("anna_000123.png", 123)
    np.testing.assert_allclose(face.landmarks * 256, moved(landmarks, to_picture), atol=1e-6)
    expected = cv2.warpAffine(disc, to_picture, (256, 256))
    assert (np.abs(face.mask.astype(int) - expected) > 127).mean() < 0.01
    assert 0.05 < (face.mask > 127).mean() < 0.5


def test_faceswaps_head_lies_upright_in_the_middle_at_the_published_size():
    """Of a face seen from the front: eyes level, the centre line vertical, the unit square at 0.375 of the side."""
    landed = moved(in_frame(), frame_to_picture(in_frame(), 512))
    np.testing.assert_allclose(landed[17:] - landed[30], 512 * 0.375 * (MEAN_FACE - MEAN_FACE[13]), atol=1e-6)
    assert landed[30, 0] == pytest.approx(256, abs=2)  # the mean face looks straight ahead
    assert 200 < landed[30, 1] < 420


@pytest.mark.parametrize(
    "told",
    ["", "{", "__import__('os').system('false')", "[" * 100_000, {"alignments": {}},
     {"alignments": {"landmarks_xy": [[1, 2]]}}, told_by_faceswap(np.zeros((68, 2))),
     told_by_faceswap(np.full((68, 2), np.inf)), {"alignments": 5}, 7],
)  # fmt: skip
def test_a_broken_record_is_none_and_the_picture_is_like_any_other(told):
    face = decode_square(faceswap_png(PIXELS, told), 256, smallest=1)
    assert face.record is None
    assert face.mask is None
    np.testing.assert_array_equal(face.pixels, PIXELS)


def test_a_mask_that_unpacks_without_end_is_cut_off():
    bomb = zlib.compress(bytes(50_000_000))
    masks = {"components": {"mask": bomb, "affine_matrix": [[1, 0, 0], [0, 1, 0]], "stored_size": 128}}
    assert decode_square(faceswap_png(PIXELS, told_by_faceswap(in_frame(), masks)), 64, smallest=1).record is not None


def dfl_jpg(told: object, protocol: int = 3) -> bytes:
    """Set an APP15 segment behind the header, as DeepFaceLab does."""
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "JPEG", quality=90)
    jpg, packed = file.getvalue(), told if isinstance(told, bytes) else pickle.dumps(told, protocol)
    segment = b"\xff\xef" + struct.pack(">H", len(packed) + 2) + packed
    return jpg[:2] + jpg[2:20] + segment + jpg[20:]


def dfl_dict(**more: object) -> dict:
    return {"face_type": "whole_face", "landmarks": (256 * (0.2 + 0.6 * FACE)).tolist(),
            "source_filename": "00042.png", "source_rect": (1, 2, 3, 4)} | more  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("as_array", [False, True])
def test_deepfacelabs_landmarks_and_mask_are_read(protocol, as_array):
    drawn = filled(np.array([[64, 64], [192, 64], [192, 192], [64, 192.0]]), 256, 256)
    packed = cv2.imencode(".png", drawn)[1]
    landmarks = 256 * (0.2 + 0.6 * FACE)
    told = dfl_dict(xseg_mask=packed, landmarks=landmarks if as_array else landmarks.tolist())
    face = decode_square(dfl_jpg(told, protocol), 256, smallest=1)
    assert (face.record.maker, face.record.source, face.record.frame) == ("DeepFaceLab", "00042.png", 42)
    np.testing.assert_allclose(face.landmarks, 0.2 + 0.6 * FACE, atol=1e-9)
    np.testing.assert_array_equal(face.mask, drawn)


def test_without_a_mask_the_landmarks_outline_makes_one():
    face = decode_square(dfl_jpg(dfl_dict()), 256, smallest=1)
    assert face.mask[128, 128] == 255
    assert face.mask[0, 0] == 0
    assert 0.2 < (face.mask > 127).mean() < 0.5


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("the pickle was executed",)


@pytest.mark.parametrize("told", [Bomb(), b"no pickle", dfl_dict(landmarks=Bomb()), dfl_dict(landmarks=[[1, 2]]), [1]])
def test_a_malicious_or_broken_app15_is_no_record(told):
    face = decode_square(dfl_jpg(told), 256, smallest=1)
    assert face.record is None


def lab_png(pixels, **told):
    told = {"landmarks": (256 * (0.2 + 0.6 * FACE)).tolist(), "outline": [[60, 60], [200, 60], [128, 220]],
            "source": "film.mp4", "frame": 7} | told  # fmt: skip
    about = PngImagePlugin.PngInfo()
    about.add_itxt("faceswap_lab", json.dumps(told))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", pnginfo=about)
    return file.getvalue()


def test_a_picture_that_was_resized_or_cropped_has_lost_its_record():
    assert decode_square(lab_png(PIXELS, size=256), 128, smallest=1).record is not None
    for other in (PIXELS[::2, ::2], PIXELS[8:, 8:]):
        assert decode_square(lab_png(other, size=256), 128, smallest=1).record is None


def test_what_the_lab_writes_is_read():
    face = decode_square(lab_png(PIXELS), 128, smallest=1)
    assert (face.record.maker, face.record.source, face.record.frame) == ("faceswap_lab", "film.mp4", 7)
    np.testing.assert_allclose(face.landmarks, 0.2 + 0.6 * FACE, atol=1e-9)
    assert face.mask[40, 64] == 255
    assert face.mask[120, 10] == 0
