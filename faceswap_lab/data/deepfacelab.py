"""The face data in DeepFaceLab's JPGs: a pickled dict in the segment APP15, read without executing any of it.

Used of it: ``landmarks`` (68 points in the picture), ``xseg_mask`` (a PNG or JPEG file as an array of bytes),
``source_filename``.
"""

from typing import Any

import numpy as np

from faceswap_lab.data.face_record import FaceRecord, frame_of, points_of
from faceswap_lab.data.mean_face import LANDMARKS, filled
from faceswap_lab.data.pickle_walk import Call, walk

_APP15, _SCAN, _END, _STANDALONE = 0xEF, 0xDA, 0xD9, {0x01, *range(0xD0, 0xD9)}


def record_of_jpg(data: bytes, size: tuple[int, int]) -> FaceRecord | None:
    """Return the record in a JPEG file of (width, height) pixels, or None if it has none.

    Raises:
        ValueError, KeyError, TypeError: there is something in its place that is no record.
    """
    from faceswap_lab.data.pictures import mask_of

    told = _app15(data)
    if told is None:
        return None
    values = walk(told)
    if not isinstance(values, dict):
        raise ValueError("no dict")
    landmarks = points_of(_plain(values["landmarks"]), LANDMARKS)
    source = str(values.get("source_filename") or "")
    mask = mask_of(_bytes(values.get("xseg_mask")), *size)
    return FaceRecord(
        maker="DeepFaceLab",
        landmarks=landmarks,
        mask=filled(landmarks, size[1], size[0]) if mask is None else mask,
        source=source,
        frame=frame_of(source),
    )


def _app15(data: bytes) -> bytes | None:
    """Return the first APP15 segment before the picture itself."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        kind = data[place + 1]
        if kind in (_SCAN, _END):
            return None
        if kind in _STANDALONE:
            place += 2
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if kind == _APP15:
            return data[place + 4 : place + 2 + length]
        place += 2 + max(length, 2)
    return None


def _bytes(value: Any) -> bytes:
    """Return the bytes of a pickled array of bytes: state (version, shape, type, order, bytes)."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, Call) and value.name.endswith("._reconstruct") and isinstance(value.state, tuple):
        return _latin(value.state[4])
    return b""


def _latin(value: Any) -> bytes:
    """Return bytes; an old pickle holds them as a call of ``_codecs.encode`` on their Latin-1 text."""
    if isinstance(value, Call) and value.name == "_codecs.encode":
        return str(value.arguments[0]).encode("latin-1")
    return value if isinstance(value, bytes) else b""


def _plain(value: Any) -> Any:
    """Return landmarks as lists: they are such already, or a pickled array of float32 or float64 in C order."""
    if not isinstance(value, Call):
        return value
    _, shape, kind, fortran, packed = value.state
    code = str(kind.arguments[0])
    if code not in ("f4", "f8") or fortran:
        raise ValueError("landmarks of another type")
    return np.frombuffer(_latin(packed), f"<{code}").reshape(shape)
