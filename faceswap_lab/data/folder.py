"""A person's folder of pictures before it is read: what it is, how it is read, and what is refused at its door."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, Literal

from faceswap_lab.data.faces import Side
from faceswap_lab.data.picture_files import HEIF, SUFFIXES, VIDEOS, Found, find_pictures, printable
from faceswap_lab.data.pictures import MOST_PIXELS, reads_heif

Rule = Literal["leak_free", "pictures"]

READER_VERSION = 1  # raise it when the same file would give other pixels or another order
_ENTRY_VERSION = 6  # raise it when an entry of the cache holds something else of the same faces


@dataclass(frozen=True)
class Folder:
    """One side's folder and how its pictures are to be read; see ``folders.load_folders``."""

    side: Side
    path: Path
    size: int
    smallest: int
    rule: Rule
    held_out: float | int

    @property
    def accepted(self) -> str:
        """What this side's setting may name."""
        return (
            f"data.{self.side.lower()} names a folder with aligned face pictures of one person "
            f"({', '.join(suffix[1:] for suffix in SUFFIXES)}; in it or below)"
        )

    @property
    def larger(self) -> str:
        """What to do about pictures that are too small."""
        size = max(64, self.smallest)  # the command's least
        return (
            f"cut larger ones out: python -m faceswap_lab faces VIDEO --out faces/NAME --size {size}, or choose a "
            "smaller model.resolution"
        )

    def __str__(self) -> str:
        return f"the folder of side {self.side}, '{self.path}',"

    def name_of(self, file: Path) -> str:
        """Return a file's name in the folder, printable whatever its bytes are."""
        return printable(Path(os.path.relpath(file, self.path)).as_posix())  # masks may lie beside it

    def held_out_count(self, faces: int) -> int:
        """Return how many of so many faces are held out.

        Raises:
            ValueError: that leaves nothing to train on.
        """
        count = max(1, round(self.held_out * faces)) if isinstance(self.held_out, float) else self.held_out
        if count >= faces:
            raise ValueError(
                f"{self} has {faces} usable picture{'s' * (faces != 1)} and {count} are held out, which leaves none to "
                "train on; add pictures or lower data.held_out"
            )
        return count


def judge(folders: Sequence[Folder]) -> None:
    """Refuse what is no folder, the same folder twice, and one that lies in another.

    Raises:
        ValueError: it is so.
    """
    for folder in folders:
        if not folder.path.is_dir():
            if folder.path.suffix.lower() in VIDEOS and folder.path.exists():
                raise ValueError(f"{folder} is a video; {_to_extract(folder.path)}")
            what = "is a file" if folder.path.exists() else "does not exist"
            raise ValueError(f"{folder} {what}; {folder.accepted}")
    for inner, outer in permutations(folders, 2):
        if inner.path == outer.path:
            sides = " and ".join(sorted((inner.side, outer.side)))
            raise ValueError(f"sides {sides} are the same folder, '{inner.path}'; each needs its own person's pictures")
        if inner.path.is_relative_to(outer.path):
            raise ValueError(
                f"'{inner.path}' lies inside '{outer.path}', and folders are searched with all that is below them, so "
                "one side would hold the other's pictures too; put the two side by side"
            )


def _to_extract(path: Path) -> str:
    return f"cut its faces out first: python -m faceswap_lab faces '{path}' --out faces/{path.stem}"


@dataclass(frozen=True)
class Listing:
    """The files of a folder, the recipe of its decoded faces, and about how many bytes these take."""

    found: Found
    recipe: Mapping[str, Any]
    bytes: int


def listed(folder: Folder) -> Listing:
    """Look through a folder.

    Raises:
        ValueError: there is no picture in it, or frames lie beside the faces that were cut out of them.
    """
    found = find_pictures(folder.path)
    if not found.pictures:
        if found.videos:
            raise ValueError(f"{folder} holds videos and no pictures; {_to_extract(found.videos[0])}")
        held = f" but {_counted(found.left_out)}" if found.left_out else ""
        raise ValueError(f"{folder} holds no pictures{held}; {folder.accepted}")
    places = {"aligned" in (part.lower() for part in file.relative_to(folder.path).parts) for file in found.pictures}
    if len(places) == 2:
        raise ValueError(
            f"{folder} holds a folder 'aligned' and other pictures beside it: frames and the faces cut out of them "
            f"would be mixed. Name the faces: data.{folder.side.lower()}='{folder.path / 'aligned'}'"
        )
    recipe = {
        "source": "folder",
        "reader": READER_VERSION,
        "entry": _ENTRY_VERSION,
        "size": folder.size,
        "smallest": folder.smallest,
        "most_pixels": MOST_PIXELS,
        "listing": _listing_hash(folder, [*found.pictures, *sorted(set(found.masks.values()))]),
    }
    if any(file.suffix.lower() in HEIF for file in found.pictures) and reads_heif():
        recipe |= {"heic": True}  # read again once it can be
    if folder.rule != "pictures":
        recipe |= {"rule": folder.rule, "held_out": folder.held_out}
    return Listing(found, recipe, (4 * folder.size**2 + 1_150) * len(found.pictures))


def _counted(left_out: Mapping[str, int]) -> str:
    return "; ".join(f"{count} {why}" for why, count in left_out.items())


def _listing_hash(folder: Folder, files: Sequence[Path]) -> str:
    """Hash names, sizes and time stamps: reading 100,000 files to see that none has changed would take minutes."""
    listing = hashlib.sha256()
    for file in files:
        found = file.stat()
        listing.update(f"{folder.name_of(file)}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return listing.hexdigest()
