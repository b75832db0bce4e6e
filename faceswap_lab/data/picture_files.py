"""Which files of a person's folder are faces, and which are something else, by their names and places."""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_log = logging.getLogger(__name__)

SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif", ".avif",
    ".heic", ".heif", ".hif", ".jp2", ".j2k",
)  # fmt: skip
HEIF = (".heic", ".heif", ".hif")  # which the package pillow-heif reads
VIDEOS = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".mts", ".m2ts")
_RAW = (".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".psd", ".svg", ".ico", ".jxl", ".tga", ".exr")

OWN_FILES = ("contact_sheet.html", "summary.json", "exclude.txt")
"""What ``python -m faceswap_lab faces`` writes beside faces."""

_MASKS = ("mask", "masks", "_masks", "aligned_masks", "aligned_mask", "xseg", "xseg_masks")
_DEBUG = ("aligned_debug", "debug", "_trash", "trash", "excluded", "merged", "merged_mask")


@dataclass
class Found:
    """The files of a folder and below.

    Attributes:
        pictures: those that may be faces, sorted.
        masks: pictures in a folder of masks, by (the folder whose faces they belong to, the name without its ending).
        left_out: why files were left out, each with how many.
        videos: those that are videos.
    """

    pictures: list[Path] = field(default_factory=list)
    masks: dict[tuple[Path, str], Path] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    videos: list[Path] = field(default_factory=list)

    def mask_of(self, picture: Path) -> Path | None:
        """Return the mask picture that goes with a picture, if there is one."""
        return self.masks.get((picture.parent, picture.stem)) or self.masks.get(
            (picture.parent, f"{picture.stem}_mask")
        )


def find_pictures(folder: Path) -> Found:
    """Look through a folder and below.

    Hidden files and folders are left out (macOS puts a "._face.jpg" that is no picture beside each face.jpg on foreign
    disks), and so is what is no regular file. Links to files are followed, links to folders are not.

    Folders of masks (``masks``, DeepFaceLab's ``…_masks``) are no faces: a mask there goes with the picture of the same
    name beside or above its folder, and those beside ``folder`` itself are looked at too. Debug pictures and trash of
    DeepFaceLab's are no faces either.
    """
    found, masks = Found(), list[Path]()
    for path in sorted(_visible(folder)):
        ending, place = path.suffix.lower(), path.parent.relative_to(folder).parts
        if not path.is_file() or path.name in OWN_FILES:
            continue
        if ending in VIDEOS:
            found.videos.append(path)
        elif ending not in SUFFIXES:
            what = "of a kind that is not read" if ending in _RAW else "no pictures by their names"
            found.left_out[f"{what} ({ending or 'no ending'})"] += 1
        elif any(_is_debug(part) for part in place):
            found.left_out["debug pictures or trash, by their folder's name"] += 1
        elif place and _is_masks(place[-1]):
            masks.append(path)
        else:
            found.pictures.append(path)
    beside = [path for place in _masks_beside(folder) for path in sorted(_visible(place))]
    beside = [path for path in beside if path.suffix.lower() in SUFFIXES and path.is_file()]
    belongs = {place: _faces_of(place) for place in {mask.parent for mask in (*beside, *masks)}}
    for mask in (*beside, *masks):  # what lies in the folder itself counts
        for faces in belongs[mask.parent]:
            found.masks[faces, mask.stem] = mask
    used = {found.mask_of(picture) for picture in found.pictures}
    found.masks = {key: mask for key, mask in found.masks.items() if mask in used or mask not in beside}
    if idle := len(set(masks) - used):
        found.left_out["masks of no picture, by their folder's name"] += idle
    return found


def printable(name: str | Path) -> str:
    """Return a name, whatever its bytes are."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def _is_masks(name: str) -> bool:
    return name.lower() in _MASKS or name.lower().endswith("_masks")


def _is_debug(name: str) -> bool:
    return name.lower() in _DEBUG or name.lower().endswith(("_debug", "_trash"))


def _faces_of(masks: Path) -> list[Path]:
    """Return the folders whose faces a folder of masks belongs to.

    That is the one above, ``x`` beside ``x_masks``, and ``x`` beside ``masks`` where nothing else is there.
    """
    if masks.name.lower().endswith("_masks") and masks.name.lower() != "_masks":
        return [masks.parent, masks.with_name(masks.name[: -len("_masks")])]
    there = [place for place in masks.parent.iterdir() if not place.name.startswith(".")]
    others = [place for place in there if place.suffix.lower() in SUFFIXES or place.is_dir()]
    others = [place for place in others if not _is_masks(place.name) and not _is_debug(place.name)]
    return [masks.parent, *(others if len(others) == 1 and others[0].is_dir() else [])]


def _masks_beside(folder: Path) -> list[Path]:
    """Return the folders of masks beside a folder that belong to its faces."""
    try:
        places = [place for place in folder.resolve().parent.iterdir() if _is_masks(place.name) and place.is_dir()]
    except OSError:  # what lies beside it is not everybody's to see
        return []
    return [place for place in places if folder.resolve() in _faces_of(place)[1:]]


def _visible(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_say_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def _say_unreadable(error: OSError) -> None:
    _log.warning("cannot look into '%s': %s", error.filename, error.strerror)
