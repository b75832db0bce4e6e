"""The alignment data in the PNGs that faceswap extracts (alignments 2.1 and later: the "head" centring).

An iTXt chunk "faceswap" holds a Python literal: ``alignments`` with ``landmarks_xy`` (68 points in the *frame*) and
``mask`` (zlib-packed squares with their own map from the frame), ``source`` with the frame's file name. Where the
picture was cut from the frame is not stored: faceswap computes it from the landmarks, and so is it computed here.
"""

import ast
import zlib
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.face_record import FaceRecord, frame_of, points_of
from faceswap_lab.data.mean_face import INNER, LANDMARKS, MEAN_FACE, Points, filled, moved, similarity

KEYWORD = "faceswap"

_PADDING = 0.625  # of an extracted picture's side, both sides together, around the mean face's unit square
_SKULL = (0.0, 0.0, -2.3)  # what the picture is centred on, in the units of the head below
_CAMERA = np.array([[4, 0, 0.5], [0, 4, 0.5], [0, 0, 1]], np.float64)
_MOST_STORED = 1024  # px, the side of a stored mask
_MASKS = ("components", "extended", "bisenet-fp", "vgg-clear", "vgg-obstructed", "unet-dfl")  # the first that is there

_HEAD = {  # landmark: its place on an average head, as published in glAnthropometric3DModel (P. Martins, Coimbra)
    6: (4.056931, -11.432347, 1.636229), 7: (1.833492, -12.542305, 4.061275), 8: (0.0, -12.901019, 4.070434),
    9: (-1.833492, -12.542305, 4.061275), 10: (-4.056931, -11.432347, 1.636229), 17: (6.825897, 1.275284, 4.402142),
    21: (1.330353, 1.636816, 6.903745), 22: (-1.330353, 1.636816, 6.903745), 26: (-6.825897, 1.275284, 4.402142),
    31: (1.930245, -5.060977, 5.914376), 32: (0.746313, -5.136947, 6.263227), 33: (0.0, -5.485328, 6.76343),
    34: (-0.746313, -5.136947, 6.263227), 35: (-1.930245, -5.060977, 5.914376), 36: (5.311432, 0.0, 3.987654),
    39: (1.78993, -0.091703, 4.413414), 42: (-1.78993, -0.091703, 4.413414), 45: (-5.311432, 0.0, 3.987654),
    48: (2.774015, -7.566103, 5.048531), 50: (0.509714, -7.056507, 6.566167), 51: (0.0, -7.131772, 6.704956),
    52: (-0.509714, -7.056507, 6.566167), 54: (-2.774015, -7.566103, 5.048531), 56: (-0.589441, -8.443925, 6.109526),
    57: (0.0, -8.601736, 6.097667), 58: (0.589441, -8.443925, 6.109526),
}  # fmt: skip


def record_of_text(text: str, size: tuple[int, int]) -> FaceRecord:
    """Return the record in a picture of (width, height) pixels.

    Raises:
        ValueError, KeyError, TypeError, SyntaxError, …: the text is no such record.
    """
    try:
        told = ast.literal_eval(text)  # plain values only: it calls nothing
    except SyntaxError as error:
        raise ValueError("no Python literal") from error
    in_frame = points_of(told["alignments"]["landmarks_xy"], LANDMARKS)
    to_picture = frame_to_picture(in_frame, size[0])
    landmarks = moved(in_frame, to_picture)
    source = told.get("source", {})
    mask = _mask(told["alignments"].get("mask") or {}, to_picture, size)
    return FaceRecord(
        maker="faceswap",
        landmarks=landmarks,
        mask=filled(landmarks, size[1], size[0]) if mask is None else mask,
        source=str(source.get("source_filename", "")),
        frame=frame_of(str(source.get("source_filename", ""))),
    )


def frame_to_picture(in_frame: Points, size: int) -> NDArray[np.float64]:
    """Return the (2, 3) map by which faceswap cuts a picture of ``size`` pixels from the frame (68 landmarks in it).

    The mean face's square, moved so that the middle of the skull, seen through a camera of focal length 4, is central.
    """
    to_unit = similarity(in_frame[INNER], MEAN_FACE)
    places, seen = head_points(moved(in_frame, to_unit))
    found, turn, shift = cv2.solvePnP(places, seen, _CAMERA, np.zeros(4))
    if not found:
        raise ValueError("these landmarks are no head")
    centre = cv2.projectPoints(np.array([_SKULL]), turn, shift, _CAMERA, np.zeros(4))[0].reshape(2)
    to_unit[:, 2] -= centre - 0.5
    padding = size * _PADDING / 2
    to_picture = to_unit * (size - 2 * padding)
    to_picture[:, 2] += padding
    return to_picture


def head_points(landmarks: Points) -> tuple[Points, Points]:
    """Return places on an average head (26, 3) and the landmarks there (26, 2).

    x of a place grows to the left of the picture, y upwards, z to the front.
    """
    return np.array(list(_HEAD.values())), landmarks[list(_HEAD)]


def _mask(masks: Mapping[str, Any], to_picture: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """Return the first usable mask, brought from its own square through the frame into the picture."""
    for name in (*(name for name in _MASKS if name in masks), *(name for name in masks if name not in _MASKS)):
        told = masks[name]
        side = int(told["stored_size"])
        if not 1 <= side <= _MOST_STORED:
            continue
        unpacked = zlib.decompressobj().decompress(told["mask"], side * side)  # never more, whatever it claims
        if len(unpacked) != side * side:
            continue
        stored = np.frombuffer(unpacked, np.uint8).reshape(side, side)
        to_mask = np.asarray(told["affine_matrix"], np.float64).reshape(2, 3)
        to_frame = cv2.invertAffineTransform(to_mask)
        whole = np.vstack([to_picture, [0, 0, 1]]) @ np.vstack([to_frame, [0, 0, 1]])
        return np.asarray(cv2.warpAffine(stored, whole[:2], size, flags=cv2.INTER_LINEAR), np.uint8)
    return None
