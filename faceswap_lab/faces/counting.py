"""How many faces each picture of a person's folder shows: the detector is asked before anything is trained on them."""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.cache import Entry
from faceswap_lab.data.folder_reading import NAMES
from faceswap_lab.data.measures import Measures
from faceswap_lab.data.progress import progress_of
from faceswap_lab.faces.detector import Detector
from faceswap_lab.faces.model_files import ModelMissing
from faceswap_lab.runs.atomic import write_json

_log = logging.getLogger(__name__)

MOST_LOOKED_AT = 1000  # pictures of a folder, 2 to 5 ms each
_KEPT = "faces_1.json"  # beside the decoded pictures; another number whenever something else is asked or asks
_SEEN = 320  # px of a picture's side that the detector sees at most
_SURE = 0.5  # the detector's score; less than for films, since an aligned face fills its picture
_SMALL = 0.35  # a face that is lower than this share of its picture is one of a whole photo
_BESIDE = 0.5  # a further face counts if it is at least so high as the largest
_LISTED = 5


def count_faces(where: str, entry: Entry, measures: NDArray[np.float32], progress: bool = True) -> list[str]:
    """Warn, by name and count, of pictures without a face, with several, and of whole photos. None is left out.

    Pictures that come with landmarks are faces; of the others at most ``MOST_LOOKED_AT``, evenly spread, are looked at.
    What was seen is kept beside the decoded pictures, and so is removed with them.

    Args:
        where: names the folder.
        entry: what was read of it.
        measures: (n, 7) of its pictures, see ``data.measures``.
        progress: whether to say how far it is.

    Returns:
        Lines for a person who is about to train: that nothing was looked at, where the extra ``faces`` is missing.
    """
    rows = np.flatnonzero(~np.isfinite(measures[:, Measures._fields.index("extent")]))
    if not len(rows):
        return []
    spread = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_LOOKED_AT)).round().astype(int)]
    try:
        seen = _kept(entry.path) or _look(where, entry, spread, progress)
    except ModelMissing as error:
        return [f"whether each picture of {where} shows a face was not checked: {error}"]
    looked = f"{len(spread)}" + (f" looked at (there are {len(rows)})" if len(spread) < len(rows) else "")
    if len(seen["none"]) == len(spread):
        _log.warning("%s: no face is found in any picture of %s; is it the right folder?", where, looked)
    elif seen["none"]:
        _say(where, "no face is found in", seen["none"], looked, "the model learns them too; take out what is none")
    if seen["several"]:
        _say(where, "several faces are found in", seen["several"], looked, "one person's alone teach who it is")
    if seen["small"]:
        remedy = "are these whole photos? python -m faceswap_lab faces cuts the faces out of them"
        _say(where, "the face is small in", seen["small"], looked, remedy)
    return []


def _say(where: str, what: str, names: Sequence[str], looked: str, remedy: str) -> None:
    rest = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    _log.warning("%s: %s %d of %s: %s%s; %s", where, what, len(names), looked, ", ".join(names[:_LISTED]), rest, remedy)


def _kept(path: Path) -> dict[str, list[str]] | None:
    """Return what was seen when these pictures were looked at; None if they were not."""
    try:
        kept = json.loads((path / _KEPT).read_text(encoding="utf-8"))
        return {kind: list(map(str, kept[kind])) for kind in ("none", "several", "small")}
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _look(where: str, entry: Entry, rows: NDArray[np.int64], progress: bool) -> dict[str, list[str]]:
    detector = Detector(_SEEN, _SURE)
    names = json.loads((entry.path / NAMES).read_text(encoding="utf-8"))
    seen: dict[str, list[str]] = {"none": [], "several": [], "small": []}
    with progress_of(f"looking for faces in {len(rows)} pictures of {where}", len(rows), shown=progress) as advance:
        for row in rows.tolist():
            if kind := _kind(detector, np.ascontiguousarray(entry.faces.images[row])):
                seen[kind].append(names[row])
            advance(1)
    with suppress(OSError):  # a disk that cannot be written: they are looked at again
        write_json(entry.path / _KEPT, seen)
    return seen


def _kind(detector: Detector, picture: NDArray[np.uint8]) -> str:
    """Return what is odd about the faces in a picture (S, S, 3): none, several, small, or nothing."""
    for frame in _as_it_is_larger_and_with_a_margin(picture):
        if heights := [one.box[3] / len(frame) for one in detector.find(frame)]:
            beside = sum(height >= _BESIDE * heights[0] for height in heights) > 1
            return "several" if beside else "small" if heights[0] < _SMALL else ""
    return "none"


def _as_it_is_larger_and_with_a_margin(picture: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Yield a picture so that whole faces are seen in it, then small ones, then such as are cut off tightly."""
    yield picture
    yield np.asarray(cv2.resize(picture, (_SEEN, _SEEN), interpolation=cv2.INTER_CUBIC), np.uint8)
    yield np.asarray(cv2.copyMakeBorder(picture, *(len(picture) // 3,) * 4, cv2.BORDER_REPLICATE), np.uint8)
