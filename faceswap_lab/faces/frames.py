"""The frames of a video or of a folder of photos, one after another, whatever the files claim about themselves."""

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.picture_files import SUFFIXES, VIDEOS, find_pictures, printable
from faceswap_lab.data.pictures import MOST_BYTES, MOST_PIXELS, UnusablePicture, decode_whole

_log = logging.getLogger(__name__)

_LISTED = 5  # pictures that cannot be read, by name; of more their number
_MOST_DAMAGED = 1_000  # frames in a row that cannot be read before a film is given up
_MOST_FRAMES = 10_000_000  # four days at 25 a second: what claims more, or never ends, is cut off


class NoFrames(ValueError):
    """There is nothing to look at; the message says why, in one line."""


@dataclass(frozen=True)
class Frame:
    """A frame.

    Attributes:
        source: the name of its file.
        number: in a video, counted from 0; of a photo, its place in the folder.
        pixels: (H, W, 3) uint8 RGB.
        identity: the SHA-256 of its file.
    """

    source: str
    number: int
    pixels: NDArray[np.uint8]
    identity: str


@dataclass(frozen=True)
class Frames:
    """A video, a photo, or a folder of photos.

    Attributes:
        count: how many frames there probably are: what the file claims.
        identity: a hash by which the same source is known again: of a file's bytes, of a folder's name.
        earlier: of a folder the hash of its photos' names, sizes and times, as earlier versions had it: by it a further
            folder of the same name is known; else the same.
        photos: what tells a photo from any other, its name and when it was last changed → its file; of a video none.
    """

    path: Path
    count: int
    identity: str
    earlier: str
    photos: Mapping[str, Path]

    def __iter__(self) -> Iterator[Frame]:
        return self.of_numbers(dict(enumerate(self.photos.values())), set()) if self.photos else self.beginning_at(0)

    def beginning_at(self, first: int) -> Iterator[Frame]:
        """Yield the frames of a video from number ``first`` on."""
        video, name = _opened(self.path), printable(self.path.name)
        grabbed, last = 0, -1
        try:
            for number in range(_MOST_FRAMES):
                if not video.grab():
                    if number >= self.count or number - last > _MOST_DAMAGED:
                        break
                    continue
                grabbed, last = grabbed + 1, number
                if number < first:
                    continue
                read, pixels = video.retrieve()
                if read and pixels is not None and pixels.ndim == 3:
                    yield Frame(name, number, np.asarray(pixels[..., 2::-1], np.uint8), self.identity)
        finally:
            video.release()
        if self.count - grabbed > max(2, self.count // 100):  # files may claim a frame or two too many
            _log.warning("'%s': only %d of %d frames can be read: it is damaged, or cut off", name, grabbed, self.count)

    def digests(self) -> set[str]:
        """Return the SHA-256 of all photos that can be read."""
        return {digest for path in self.photos.values() if (digest := _digest_of(path))}

    def numbered(self, known: Mapping[str, int], contents: Mapping[str, int]) -> dict[str, int]:
        """Return the number of each photo: those that are known keep theirs, and new ones come after them.

        ``contents`` has the numbers of photos by their SHA-256: a copy, or one that was renamed, is no new one.
        """
        numbers = dict(known)
        following = max(known.values(), default=-1) + 1
        for photo, path in self.photos.items():
            if photo in numbers:
                continue
            number = contents.get(_digest_of(path)) if contents else None
            if number is None:
                number, following = following, following + 1
            numbers[photo] = number
        return numbers

    def of_numbers(self, photos: Mapping[int, Path], missed: set[int]) -> Iterator[Frame]:
        """Yield photos by their numbers. Those that cannot be read are said and left out, and put into ``missed``."""
        broken = 0
        for number, photo in sorted(photos.items()):
            name = printable(photo.name)
            try:
                if photo.stat().st_size > MOST_BYTES:
                    raise UnusablePicture(f"too large: more than {MOST_BYTES / 2**20:,.0f} MiB")
                data = photo.read_bytes()
                frame = Frame(name, number, decode_whole(data), hashlib.sha256(data).hexdigest())
            except (UnusablePicture, OSError) as error:
                missed.add(number)
                broken += 1
                if broken <= _LISTED:
                    _log.warning("%s: left out: %s", name, error)
                continue
            missed.discard(number)
            yield frame
        if broken > _LISTED:
            _log.warning("'%s': %d more pictures that cannot be read are left out", self.path.name, broken - _LISTED)


def frames_of(path: Path) -> Frames:
    """Return the frames of a video, a photo or a folder of photos.

    Raises:
        NoFrames: there is no such file, it is no video and no picture, or there is no picture in the folder.
    """
    if not path.exists():
        raise NoFrames(f"'{path}' does not exist; name a video, or a folder of photos")
    if path.is_dir():
        photos = _photos_in(path)
        changed = [f"{photo.stat().st_size} {photo.stat().st_mtime_ns}" for photo in photos]
        earlier = _hash_of("\n".join(f"{photo.name} {when}" for photo, when in zip(photos, changed)))
        known = {f"{printable(photo.relative_to(path))} {when}": photo for photo, when in zip(photos, changed)}
        return Frames(path, len(photos), _hash_of(f"photos in {path.resolve().name}"), earlier, known)
    if not _is_video(path) and path.suffix.lower() not in SUFFIXES:
        raise NoFrames(f"'{path.name}' is neither a video ({', '.join(VIDEOS)}) nor a picture, by its name")
    with path.open("rb") as file:
        identity = hashlib.file_digest(file, "sha256").hexdigest()
    if _is_video(path):
        return Frames(path, _claimed(path), identity, identity, {})
    return Frames(path, 1, identity, identity, {printable(path.name): path})


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # said when it is read
        return ""


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()


def _is_video(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in VIDEOS


def _photos_in(path: Path) -> list[Path]:
    """Return the photos of a folder; say what else lies there."""
    found = find_pictures(path)
    beside = [f"{count} {why}" for why, count in found.left_out.items()]
    beside += [f"{len(found.videos)} video(s), which are named one by one"] if found.videos else []
    if not found.pictures:
        held = f" but {', '.join(beside)}" if beside else ""
        raise NoFrames(f"'{path}' holds no photos{held}; name a folder of photos ({', '.join(SUFFIXES)}), or a video")
    if beside:
        _log.warning("'%s': left out: %s", path, ", ".join(beside))
    return found.pictures


def _claimed(path: Path) -> int:
    video = _opened(path)
    claimed, width, height = (
        video.get(what) for what in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    video.release()
    if width * height > MOST_PIXELS:
        most = f"{MOST_PIXELS / 1e6:.0f} million pixels"
        raise NoFrames(f"'{path.name}' has frames of {width:.0f}×{height:.0f}, more than {most}")
    return int(claimed) if 0 < claimed < _MOST_FRAMES else 0


def _opened(path: Path) -> cv2.VideoCapture:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # of each broken packet; we say what matters
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    if printable(path.name) != path.name:
        raise NoFrames(f"the name '{printable(path.name)}' is not in UTF-8, and OpenCV opens no such film: rename it")
    video = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)  # clip:1.mp4 alone would be the protocol "clip"
    if not video.isOpened():
        raise NoFrames(f"'{path.name}' cannot be opened as a video: it is broken, or of a kind that FFmpeg cannot read")
    return video
