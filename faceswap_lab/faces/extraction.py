"""From frames to aligned face pictures: find, fit, align, measure, write. What is kept is chosen later (``choice``)."""

import hashlib
import io
import json
import logging
import os
from collections import deque
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from faceswap_lab.data.face_record import OWN_KEYWORD
from faceswap_lab.data.mean_face import FRAMINGS, Points, aligning, moved
from faceswap_lab.data.measures import measured
from faceswap_lab.data.near_duplicates import look
from faceswap_lab.data.picture_files import printable
from faceswap_lab.data.pictures import Decoded
from faceswap_lab.data.progress import progress_of
from faceswap_lab.faces.detector import Detector
from faceswap_lab.faces.embedders import SFace
from faceswap_lab.faces.face_set import FaceSet, Row, Source
from faceswap_lab.faces.frames import Frame, Frames
from faceswap_lab.faces.mesh import Mesher

_log = logging.getLogger(__name__)

_NAMED = 10  # faces whose photo is gone
_JUST_SEEN = 0.12  # distance of looks, half that of near-duplicates: the next frame of a face that keeps still
_SHARPER = 1.2  # such a frame is worth another look, for of faces that look alike the sharpest is kept
_REMEMBERED = 24  # faces of the last frames that a new one is compared with
_FRAMES_AT_ONCE = 25  # that a kill may cost
_MOST_FACES = 20  # of one frame


class Extractor:
    """Cuts the faces of frames out, framed as ``FRAMINGS`` says and ``size`` pixels a side, and measures them.

    Raises:
        ModelMissing: the extra ``faces`` is not installed.
    """

    def __init__(self, framing: str = "2018", size: int = 256) -> None:
        self.framing, self.size = FRAMINGS[framing], size
        self.detector, self.mesher, self.embedder = Detector(), Mesher(), SFace()
        self._recent: deque[tuple[NDArray[np.float32], float]] = deque(maxlen=_REMEMBERED)  # look, sharpness

    def faces(self, frame: Frame, name: str) -> list[tuple[Row, Image.Image, PngInfo]]:
        """Return the faces of a frame that do not look like one of the last frames', or are clearly sharper.

        Their files' names begin with ``name``.
        """
        found = []
        for index, detection in enumerate(self.detector.find(frame.pixels)[:_MOST_FACES]):
            mesh = self.mesher.fit(frame.pixels, detection)
            try:
                to_picture = aligning(mesh.landmarks, self.framing, self.size)
            except ValueError:
                continue
            picture = cut(frame.pixels, to_picture, self.size)
            seen, sharpness = look(picture), measured(Decoded(picture, None, self.size, self.size, 1)).sharpness
            alike = [sharp for other, sharp in self._recent if float(seen @ other) > 1 - _JUST_SEEN**2 / 2]
            if alike and sharpness < _SHARPER * max(alike):
                continue
            self._recent.append((seen, sharpness))
            yaw, pitch = mesh.turn
            row = Row(
                file=f"{name}_{frame.number:06d}{f'_{index}' if index else ''}.png",
                source=frame.source,
                frame=frame.number,
                eyes=float(np.linalg.norm(detection.points[1] - detection.points[0])),
                score=detection.score,
                disagreement=mesh.disagreement,
                inside=inside(to_picture, self.size, frame.pixels.shape[1::-1]),
                sharpness=sharpness,
                yaw=yaw,
                pitch=pitch,
                roll=mesh.roll,
                embedding=self.embedder.embed(frame.pixels, mesh.landmarks).astype(np.float32),
                look=seen,
            )
            about = record(
                row, moved(mesh.landmarks, to_picture), moved(mesh.outline, to_picture), self.size, frame.identity
            )
            found.append((row, Image.fromarray(picture), about))
        return found


def cut(frame: NDArray[np.uint8], to_picture: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Return the aligned picture (size, size, 3). What shrinks to less than half is averaged first, against flicker."""
    zoom = float(np.hypot(*to_picture[:, 0]))
    if zoom < 0.5:
        square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64) * size
        corners = moved(square, _inverse(to_picture))
        low = np.maximum(np.floor(corners.min(axis=0)) - 2, 0).astype(int)
        high = np.minimum(np.ceil(corners.max(axis=0)) + 2, frame.shape[1::-1]).astype(int)
        if (high > low).all():
            part = frame[low[1] : high[1], low[0] : high[0]]
            shape = np.maximum(1, np.rint((high - low) * zoom)).astype(int)
            scale = shape / (high - low)
            frame = np.asarray(cv2.resize(part, tuple(shape.tolist()), interpolation=cv2.INTER_AREA), np.uint8)
            first = low + 0.5 / scale - 0.5  # where the first pixel of what was shrunk has its middle, in the frame
            to_picture = np.column_stack([to_picture[:, :2] / scale, moved(first[None], to_picture)[0]])
    cut_out = cv2.warpAffine(frame, to_picture, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut_out, np.uint8)


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def inside(to_picture: NDArray[np.float64], size: int, frame: tuple[int, ...]) -> float:
    """Return the share of an aligned picture that lies inside a frame of (width, height) pixels."""
    axis = (np.arange(8) + 0.5) * size / 8
    places = moved(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2), _inverse(to_picture))
    return float(((places >= 0) & (places < frame)).all(axis=1).mean())


def record(row: Row, landmarks: Points, outline: Points, size: int, identity: str) -> PngInfo:
    """Return what a face's PNG says about itself; read by ``data.face_record``."""
    told = {
        "landmarks": np.round(landmarks, 2).tolist(),
        "outline": np.round(outline, 2).tolist(),
        "source": row.source,
        "size": size,
        "source_sha256": identity,
        "frame": row.frame,
    }
    quality = ("eyes", "score", "disagreement", "inside", "sharpness", "yaw", "pitch", "roll")
    about = PngInfo()
    about.add_text("Software", "faceswap_lab")
    about.add_text("Description", "A face cut out of a picture of a person. Not made by a model.")
    about.add_itxt(OWN_KEYWORD, json.dumps(told | {name: round(getattr(row, name), 3) for name in quality}))
    return about


def extract(frames: Frames, faces: FaceSet, framing: str, size: int, every: int = 1, shown: bool = True) -> Source:
    """Look at one in ``every`` frames and write their faces into a set.

    An interrupted one goes on where it stopped. Of a folder of photos those are looked at that are new, or could not be
    read before; with another ``every`` all begins anew, and faces that are there already stay. A face whose picture
    somebody has deleted is not written again.

    Raises:
        SetRefused: the set has another framing or size.
        ModelMissing: the extra ``faces`` is not installed.
    """
    source = faces.source(printable(frames.path.name), _identities(frames, faces), framing, size)
    if source.header.get("every", every) != every:
        source.save(finished=False, next_frame=0, looked=0)
    contents = dict[str, int](source.header.get("contents", {}))
    known = source.header.get("photos", frames.numbered({}, {}))
    photos, missed = frames.numbered(known, contents), set[int](source.header.get("missed", ()))
    first = max(known.values(), default=-1) + 1 if source.finished else source.next_frame
    _say_what_is_gone(frames, faces, source, photos)
    for other in faces.sources():  # that lay here too: another card, or all of its photos were replaced
        if other.folder != source.folder and other.header.get("place") == _place(frames):
            _say_what_is_gone(frames, faces, other, other.header["photos"])
    due = {number: frames.photos[photo] for photo, number in photos.items() if photo in frames.photos}
    due = {number: photo for number, photo in due.items() if number >= first or number in missed}
    if source.finished and not due:
        return source
    source.save(finished=False, next_frame=first, every=every, photos=photos, place=_place(frames))
    deleted = {row.file for row in source.rows() if not faces.has(row.file)}
    extractor, waiting = Extractor(framing, size), list[Row]()
    seen = frames.of_numbers(due, missed) if frames.photos else frames.beginning_at(first)
    total = max(1, len(due) if frames.photos else frames.count - first)
    looked, done = int(source.header.get("looked", 0)), 0
    with progress_of(f"looking for faces in '{frames.path.name}'", total, shown=shown) as advance:
        for frame in seen:
            if frame.number % every == 0:
                looked += 1
                contents |= {frame.identity: frame.number} if frames.photos else {}
                for row, picture, about in extractor.faces(frame, source.stem):
                    if row.file in deleted:
                        continue
                    faces.place(row.file, kept=False).write_bytes(_png(picture, about))
                    waiting.append(row)
            if frame.number % _FRAMES_AT_ONCE == _FRAMES_AT_ONCE - 1:
                source.append(waiting)
                source.save(
                    next_frame=max(first, frame.number + 1), looked=looked, missed=sorted(missed), contents=contents
                )
                waiting.clear()
            done += 1
            if done < total:  # what a file claims about its length may be wrong either way
                advance(1)
        source.append(waiting)
        source.save(finished=True, looked=looked, missed=sorted(missed), contents=contents)
        advance(1)
    return source


def _identities(frames: Frames, faces: FaceSet) -> tuple[str, ...]:
    """Return by which hashes a set knows these frames, a new source's first.

    Folders often have one name (DCIM of every camera): one that shares no photo with those of its name is another.
    """
    name, usual = printable(frames.path.name), (frames.identity, frames.earlier)
    alike = [source for source in faces.sources() if source.header["name"] == name and "photos" in source.header]
    if not alike or not frames.path.is_dir():
        return usual
    shared = [len(frames.photos.keys() & source.header["photos"].keys()) for source in alike]
    if not any(shared):  # only then is every photo read
        digests = frames.digests()
        shared = [len(digests & source.header.get("contents", {}).keys()) for source in alike]
    return (alike[shared.index(max(shared))].folder.name,) if any(shared) else (frames.earlier,)


def _place(frames: Frames) -> str:
    """Return by what the place of a folder is known again; not the place itself, which is nobody else's concern."""
    return hashlib.sha256(os.fsencode(frames.path.resolve())).hexdigest()[:16]


def _say_what_is_gone(frames: Frames, faces: FaceSet, source: Source, photos: Mapping[str, int]) -> None:
    """Name faces whose photo was taken away or replaced: perhaps somebody does not want them used any more."""
    there = {photos[photo] for photo in frames.photos if photo in photos}
    gone = set(photos.values()) - there
    left = sorted(row.file for row in source.rows() if row.frame in gone and faces.has(row.file)) if gone else []
    if left:
        _log.warning(
            "'%s': the photos of %d faces are not there any more, and the faces stay in the set: %s%s. If they are not "
            "wanted, delete their pictures, or name them in exclude.txt",
            *(frames.path, len(left), ", ".join(left[:_NAMED]), ", …" if len(left) > _NAMED else ""),
        )


def _png(picture: Image.Image, about: PngInfo) -> bytes:
    """Return the file's bytes: a full disk stops their writing with an error that says so, Pillow's with none."""
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=about, compress_level=3)
    return file.getvalue()
