"""Faces from a person's own folders of aligned pictures."""

import hashlib
import logging
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.cache import MANIFEST, Entry, cache_root, check_room, fetch, recipe_key
from faceswap_lab.data.faces import MOST_JUDGED, SIDES, FaceData, Side, rgba
from faceswap_lab.data.npy_writer import NpyWriter
from faceswap_lab.data.parallel import available_cores, ordered_map
from faceswap_lab.data.pictures import MOST_BYTES, MOST_PIXELS, SUFFIXES, UnusablePicture, decode_square, picture_files
from faceswap_lab.data.progress import progress_of

_log = logging.getLogger(__name__)

_READER_VERSION = 1  # raise it when the same file would give other pixels or another order
_MOST_THREADS = 8  # each may hold a decoded picture of MOST_PIXELS
_LISTED_FILES = 5


def load_folders(
    *,
    a: str | Path,
    b: str | Path,
    held_out: float | int,
    size: int,
    smallest: int | None = None,
    cache_dir: str | Path | None = None,
    progress: bool = True,
) -> FaceData:
    """Return the faces of two folders of aligned face pictures, decoded once and memory-mapped from the cache.

    Pictures (.jpg, .jpeg, .png, .webp, .bmp) are found in the folders and below. What cannot be used (unreadable, too
    small, absurdly large) is listed by a warning and skipped; of exact duplicates one is kept.

    The faces of a folder are ordered by the SHA-256 of their files, and the first of them are held out: the split
    depends on the pictures alone, neither on their names or order nor on a run's seed, so all seeds of a study are
    judged on the same faces. Mind that neighbouring frames of a film are no exact duplicates: a held-out frame may have
    a sister that is trained on.

    A folder is read again only if a name, a size or a time stamp in it has changed.

    Args:
        a: the folder of side A.
        b: the folder of side B.
        held_out: how many faces of each side are never trained on: a fraction in (0, 1) or a number >= 1.
        size: the side of the stored squares in pixels; about four times what the network sees.
        smallest: pictures whose shorter side has fewer pixels are skipped; half of ``size`` unless given.
        cache_dir: where decoded faces are kept, 4·size² bytes each; see `faceswap_lab.data.cache.cache_root`.
        progress: whether to say how far it is.

    Returns:
        Unpaired faces without states; their masks are all 255, for no face mask is known. The fingerprint is a hash of
        the pictures' content, the split and the size.

    Raises:
        ValueError: a folder is missing, is no folder or holds no usable picture; both are the same or one holds the
            other; there is nothing left to train on.
        faceswap_lab.data.cache.CacheError: the cache cannot be written.
    """
    if size < 1:
        raise ValueError(f"size is {size}; faces need a side of at least 1 pixel")
    least = -(-size // 2) if smallest is None else smallest
    paths: dict[Side, str | Path] = {"A": a, "B": b}
    folders = {side: _Folder(side, Path(paths[side]).expanduser().resolve(), size, least) for side in SIDES}
    _judge(folders["A"], folders["B"])
    root = cache_root(cache_dir)
    listings = {side: _listed(folders[side]) for side in SIDES}
    check_room(root, [(listing.recipe, listing.bytes) for listing in listings.values()])
    entries = {side: _decoded(folders[side], listings[side], root, progress) for side in SIDES}
    for side in SIDES:
        _report_skipped(folders[side], entries[side])
    pictures = {side: entries[side].notes["pictures"] for side in SIDES}
    if pictures["A"] == pictures["B"]:
        same = f"'{folders['A'].path}' and '{folders['B'].path}' hold the same pictures"
        raise ValueError(f"{same}; each side needs its own person's")
    counts = {side: _held_out_count(held_out, len(entries[side].faces), folders[side]) for side in SIDES}
    split: dict[str, Any] = {
        "source": "folders",
        "reader": _READER_VERSION,
        "size": size,
        "pictures": pictures,
        "held_out": counts,
    }
    if max(counts.values()) > MOST_JUDGED:
        split["judged"] = MOST_JUDGED  # earlier versions judged all of them: those are other runs
    return FaceData(
        train={side: entries[side].faces[counts[side] :] for side in SIDES},
        held_out={side: entries[side].faces[: counts[side]] for side in SIDES},
        paired=False,
        fingerprint=recipe_key(split),
    )


@dataclass(frozen=True)
class _Folder:
    """One side's folder and how its pictures are to be read."""

    side: Side
    path: Path
    size: int
    smallest: int

    @property
    def accepted(self) -> str:
        return (
            f"data.{self.side.lower()} names a folder with aligned face pictures of one person "
            f"({', '.join(suffix[1:] for suffix in SUFFIXES)}; in it or below)"
        )

    def __str__(self) -> str:
        return f"the folder of side {self.side}, '{self.path}',"

    def name_of(self, file: Path) -> str:
        """Return a file's name in the folder, printable whatever its bytes are."""
        return file.relative_to(self.path).as_posix().encode("utf-8", "backslashreplace").decode()


def _judge(folder_a: _Folder, folder_b: _Folder) -> None:
    for folder in (folder_a, folder_b):
        if not folder.path.is_dir():
            what = "is a file" if folder.path.exists() else "does not exist"
            raise ValueError(f"{folder} {what}; {folder.accepted}")
    a, b = folder_a.path, folder_b.path
    if a == b:
        raise ValueError(f"sides A and B are the same folder, '{a}'; each side needs its own person's pictures")
    for inner, outer in ((a, b), (b, a)):
        if inner.is_relative_to(outer):
            raise ValueError(
                f"'{inner}' lies inside '{outer}', and folders are searched with all that is below them, so one side "
                "would hold the other's pictures too; put the two side by side"
            )


@dataclass(frozen=True)
class _Listing:
    """The picture files of a folder, the recipe of its decoded faces, and about how many bytes these take."""

    files: Sequence[Path]
    recipe: Mapping[str, Any]
    bytes: int


def _listed(folder: _Folder) -> _Listing:
    files = picture_files(folder.path)
    if not files:
        raise ValueError(f"{folder} holds no pictures; {folder.accepted}")
    recipe = {
        "source": "folder",
        "reader": _READER_VERSION,
        "size": folder.size,
        "smallest": folder.smallest,
        "most_pixels": MOST_PIXELS,
        "listing": _listing_hash(folder, files),
    }
    return _Listing(files, recipe, 4 * folder.size**2 * len(files))


def _decoded(folder: _Folder, listing: _Listing, root: Path, shown: bool) -> Entry:
    """Return the cache's entry of one folder. It knows nothing of sides and splits, so any pairing reuses it."""

    def make(place: Path) -> dict[str, Any]:
        return _write(folder, listing.files, place, root, shown)

    return fetch(root, listing.recipe, make, expected_bytes=listing.bytes)


def _listing_hash(folder: _Folder, files: Sequence[Path]) -> str:
    """Hash names, sizes and time stamps: reading 100,000 files to see that none has changed would take minutes."""
    listing = hashlib.sha256()
    for file in files:
        found = file.stat()
        listing.update(f"{folder.name_of(file)}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return listing.hexdigest()


def _write(folder: _Folder, files: Sequence[Path], place: Path, root: Path, shown: bool) -> dict[str, Any]:
    """Decode the files in the order of their content's hashes into ``place``; return what is to be noted."""
    unique, skipped = _unique(folder, files, shown)
    duplicates = len(files) - len(unique) - len(skipped)
    pictures = hashlib.sha256()
    # Pillow warns of odd metadata and of sizes that are refused anyway; filters are global, so they are set out here.
    title = f"decoding {len(unique)} faces of side {folder.side}, kept in '{root}'"
    with (
        warnings.catch_warnings(action="ignore"),
        progress_of(title, len(unique), shown=shown) as advance,
        ThreadPoolExecutor(_threads()) as threads,
        NpyWriter(place / "faces.npy", (folder.size, folder.size, 4), np.uint8) as kept,
    ):
        digests, everywhere = sorted(unique), np.full((folder.size, folder.size), 255, np.uint8)
        faces = ordered_map(threads, lambda digest: _face(folder, unique[digest]), digests, ahead=2 * _threads())
        for digest, face in zip(digests, faces, strict=True):
            if isinstance(face, str):
                skipped[folder.name_of(unique[digest])] = face
            else:
                kept.append(rgba(face, everywhere)[None])
                pictures.update(digest)
            advance(1)
    if not kept.rows:
        raise ValueError(
            f"{folder} holds {len(files)} files but no usable picture ({_some(skipped)}); {folder.accepted}"
        )
    notes = {"files": len(files), "duplicates": duplicates, "skipped": dict(sorted(skipped.items()))}
    return {"pictures": pictures.hexdigest(), **notes}


def _unique(folder: _Folder, files: Sequence[Path], shown: bool) -> tuple[dict[bytes, Path], dict[str, str]]:
    """Return one file per content, by its SHA-256, and the other files with what is wrong with them."""
    unique: dict[bytes, Path] = {}
    unusable: dict[str, str] = {}
    with (
        progress_of(f"looking through side {folder.side}, '{folder.path}'", len(files), shown=shown) as advance,
        ThreadPoolExecutor(_threads()) as threads,
    ):
        digests = ordered_map(threads, _digest, files, ahead=4 * _threads())
        for file, digest in zip(files, digests, strict=True):
            if isinstance(digest, str):
                unusable[folder.name_of(file)] = digest
            else:
                unique.setdefault(digest, file)
            advance(1)
    return unique, unusable


def _digest(file: Path) -> bytes | str:
    """Return the SHA-256 of a file, or why it is not worth having."""
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            return f"too large: {size / 2**20:,.0f} MiB, more than {MOST_BYTES / 2**20:,.0f}"
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").digest()
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _face(folder: _Folder, file: Path) -> NDArray[np.uint8] | str:
    """Return the decoded face, or why there is none."""
    try:
        return decode_square(file.read_bytes(), folder.size, smallest=folder.smallest)
    except UnusablePicture as reason:
        return str(reason)
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _threads() -> int:
    return min(_MOST_THREADS, available_cores())


def _report_skipped(folder: _Folder, entry: Entry) -> None:
    skipped, duplicates = entry.notes["skipped"], entry.notes["duplicates"]
    where = str(folder).rstrip(",")
    if skipped:
        rest = f" (all are listed in '{entry.path / MANIFEST}')" if len(skipped) > _LISTED_FILES else ""
        files = entry.notes["files"]
        _log.warning("%s: skipped %d of %d files: %s%s", where, len(skipped), files, _some(skipped), rest)
    if duplicates:
        _log.warning("%s: left out %d exact duplicate%s", where, duplicates, "s" * (duplicates > 1))


def _some(skipped: Mapping[str, str]) -> str:
    """Return the first few of the skipped files with the reason, and how many more there are."""
    listed = [f"{name}: {reason}" for name, reason in list(skipped.items())[:_LISTED_FILES]]
    if len(skipped) > _LISTED_FILES:
        listed.append(f"and {len(skipped) - _LISTED_FILES} more")
    return "; ".join(listed)


def _held_out_count(held_out: float | int, faces: int, folder: _Folder) -> int:
    """Return how many of a side's faces are held out.

    Raises:
        ValueError: the request means nothing, or leaves nothing to train on.
    """
    fraction, number = isinstance(held_out, float) and 0 < held_out < 1, type(held_out) is int and held_out >= 1
    if not fraction and not number:
        raise ValueError(f"held_out is {held_out!r}; it must be a fraction in (0, 1) or a number of faces >= 1")
    count = max(1, round(held_out * faces)) if fraction else int(held_out)
    if count >= faces:
        raise ValueError(
            f"{folder} has {faces} usable pictures and {count} are held out, which leaves none to train on; "
            "add pictures or lower held_out"
        )
    return count
