"""What a face picture says about itself: landmarks, mask and where it was cut from, as three programs write it.

The lab's own PNGs, faceswap's PNGs and DeepFaceLab's JPGs each hold it in a place of their own. A record that is broken
or of another kind is no record: the picture is then one like any other.
"""

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceswap_lab.data.mean_face import LANDMARKS, Points

OWN_KEYWORD = "faceswap_lab"
"""Of the PNG text chunk in which `faceswap_lab.faces` writes a record, as JSON."""

_MOST_TEXT = 4 * 2**20
_BROKEN = (
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(RecursionError, MemoryError, zlib.error),
)


@dataclass(frozen=True)
class FaceRecord:
    """What a face picture says about itself.

    Attributes:
        maker: the program that wrote it.
        landmarks: (68, 2) x, y in the picture, in pixels; see ``mean_face``. NaN where there are none.
        mask: (H, W) uint8, 255 where the face is, for the whole picture; None if it has none.
        source: the file that it was cut from, or "".
        frame: its number there, or None.
        turn: yaw and pitch in degrees, where its maker has measured them; > 0 to the right, downwards.
    """

    maker: str
    landmarks: Points
    mask: NDArray[np.uint8] | None = None
    source: str = ""
    frame: int | None = None
    turn: tuple[float, float] | None = None


def record_of(data: bytes, picture: Image.Image) -> FaceRecord | None:
    """Return what a picture says about itself, or None; it is opened by Pillow from ``data``, and not yet turned."""
    from faceswap_lab.data.deepfacelab import record_of_jpg
    from faceswap_lab.data.faceswap_png import KEYWORD, record_of_text

    try:
        if picture.format == "JPEG":
            return record_of_jpg(data, picture.size)
        own, theirs = (_text(picture, keyword) for keyword in (OWN_KEYWORD, KEYWORD))
        if own:
            return own_record(json.loads(own), picture.size)
        return record_of_text(theirs, picture.size) if theirs else None
    except _BROKEN:
        return None


def own_record(told: Mapping[str, Any], size: tuple[int, int]) -> FaceRecord:
    """Return the record that `faceswap_lab.faces` wrote into a picture of (width, height) pixels.

    Raises:
        ValueError: the picture has been resized or cropped since.
    """
    from faceswap_lab.data.mean_face import filled

    if size != (told.get("size", size[0]),) * 2:  # earlier versions wrote none, and their pictures are square too
        raise ValueError(f"a record of a picture of {told.get('size')} px")
    outline = points_of(told["outline"], None)
    return FaceRecord(
        maker="faceswap_lab",
        landmarks=points_of(told["landmarks"], LANDMARKS),
        mask=filled(outline, size[1], size[0]),
        source=str(told.get("source", "")),
        frame=int(told["frame"]) if told.get("frame") is not None else None,
        turn=(float(told["yaw"]), float(told["pitch"])) if "yaw" in told and "pitch" in told else None,
    )


def points_of(values: Any, count: int | None) -> Points:
    """Return x, y of so many points as (n, 2) float64.

    Raises:
        ValueError: they are no finite points, or not so many.
    """
    points = np.asarray(values, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or (count is not None and len(points) != count):
        raise ValueError(f"points of shape {points.shape} in place of ({count}, 2)")
    if not np.isfinite(points).all() or np.abs(points).max() > 1e6:
        raise ValueError("points that are no places in a picture")
    return points


def frame_of(source: str) -> int | None:
    """Return the number of a frame, the last one in its file's name before the ending."""
    found = re.findall(r"\d+", source.rsplit(".", 1)[0])
    return int(found[-1][:12]) if found else None


def _text(picture: Image.Image, keyword: str) -> str:
    text = picture.info.get(keyword, "")
    return text if isinstance(text, str) and len(text) <= _MOST_TEXT else ""
