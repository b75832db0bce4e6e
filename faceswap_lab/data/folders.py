"""Faces from people's own folders of aligned pictures."""

import hashlib
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.cache import Entry, cache_root, check_room, fetch, recipe_key
from faceswap_lab.data.faces import MOST_JUDGED, FaceData, Side, rgba, sides_of
from faceswap_lab.data.folder_remarks import remarks_on, warn_of_side, warn_of_sides
from faceswap_lab.data.leak_free import Picture, Split, source_and_order, split
from faceswap_lab.data.measures import Measures, measured
from faceswap_lab.data.near_duplicates import look
from faceswap_lab.data.npy_writer import NpyWriter
from faceswap_lab.data.parallel import available_cores, ordered_map
from faceswap_lab.data.picture_files import SUFFIXES, VIDEOS, Found, find_pictures
from faceswap_lab.data.pictures import MOST_BYTES, MOST_PIXELS, Decoded, UnusablePicture, decode_square
from faceswap_lab.data.progress import progress_of

_log = logging.getLogger(__name__)

Rule = Literal["leak_free", "pictures"]

SPLIT_LIST = "split.tsv"
"""Beside the decoded faces of a folder: which picture is held out, in which block, which is left out."""

_READER_VERSION = 1  # raise it when the same file would give other pixels or another order
_ENTRY_VERSION = 2  # raise it when an entry of the cache holds something else of the same faces
_MOST_THREADS = 8  # each may hold a decoded picture of MOST_PIXELS


def load_folders(
    *,
    folders: Sequence[str | Path],
    held_out: float | int,
    size: int,
    rule: Rule = "leak_free",
    smallest: int | None = None,
    coverage: float | None = None,
    cache_dir: str | Path | None = None,
    progress: bool = True,
) -> FaceData:
    """Return the faces of folders of aligned face pictures, decoded once and memory-mapped from the cache.

    Pictures of every usual kind are found in the folders and below (see ``pictures``, ``picture_files``), with the
    masks and landmarks that they hold (see ``face_record``). What cannot be used is listed by a warning and skipped; of
    exact duplicates one is kept.

    The split depends on the pictures and on no seed of a run, so all seeds of a study are judged on the same faces:

    - ``leak_free``: films by blocks of time, other pictures one by one, in the order of their files' SHA-256;
      near-duplicates of held-out pictures are left out (see ``leak_free``).
    - ``pictures``: the first in the order of the SHA-256, whatever they look like, as earlier versions did.

    A folder is read again only if a name, a size or a time stamp in it has changed.

    Args:
        folders: of side A, B, …
        held_out: how many faces of each side are never trained on: a fraction in (0, 1) or a number >= 1.
        size: the side of the stored squares in pixels; about four times what the network sees.
        rule: which are held out.
        smallest: pictures whose shorter side has fewer pixels are skipped; half of ``size`` unless given.
        coverage: the share of a picture's side that the network sees, for a remark on what that cuts off.
        cache_dir: where decoded faces are kept, 4·size² bytes each; see `faceswap_lab.data.cache.cache_root`.
        progress: whether to say how far it is.

    Returns:
        Unpaired faces without states; a mask is all 255 where none is known. The fingerprint is a hash of the
        pictures' content, the split and the size. ``remarks`` says what was found out about the pictures.

    Raises:
        ValueError: a folder is missing, is no folder or holds no usable picture; two are the same or one holds the
            other, or the same pictures; there is nothing left to train on.
        faceswap_lab.data.cache.CacheError: the cache cannot be written.
    """
    if size < 1:
        raise ValueError(f"size is {size}; faces need a side of at least 1 pixel")
    share = _share_or_number(held_out)
    least = -(-size // 2) if smallest is None else smallest
    sides = {
        side: _Folder(side, Path(path).expanduser().resolve(), size, least, rule, share)
        for side, path in zip(sides_of(len(folders)), folders, strict=True)
    }
    _judge(list(sides.values()))
    root = cache_root(cache_dir)
    listings = {side: _listed(folder) for side, folder in sides.items()}
    check_room(root, [(listing.recipe, listing.bytes) for listing in listings.values()])
    read = {side: _Read(folder, _decoded(folder, listings[side], root, progress)) for side, folder in sides.items()}
    for side, one in read.items():
        warn_of_side(str(sides[side]).rstrip(","), one.entry, len(one.held_out))
    _judge_shared(read)
    warn_of_sides({side: (one.measures, one.entry) for side, one in read.items()})
    return FaceData(
        train={side: one.train for side, one in read.items()},
        held_out={side: one.held_out for side, one in read.items()},
        paired=False,
        fingerprint=_fingerprint(read, size, rule),
        groups={side: one.groups for side, one in read.items()},
        masked={side: one.entry.notes["masked"] for side, one in read.items()},
        remarks=tuple(
            line
            for side, one in read.items()
            for line in remarks_on(side, one.entry, one.measures, coverage, SPLIT_LIST)
        ),
    )


@dataclass(frozen=True)
class _Folder:
    """One side's folder and how its pictures are to be read."""

    side: Side
    path: Path
    size: int
    smallest: int
    rule: Rule
    held_out: float | int

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


def _share_or_number(held_out: float | int) -> float | int:
    fraction, number = isinstance(held_out, float) and 0 < held_out < 1, type(held_out) is int and held_out >= 1
    if not fraction and not number:
        raise ValueError(f"held_out is {held_out!r}; it must be a fraction in (0, 1) or a number of faces >= 1")
    return held_out


def _judge(folders: Sequence[_Folder]) -> None:
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
class _Listing:
    """The files of a folder, the recipe of its decoded faces, and about how many bytes these take."""

    found: Found
    recipe: Mapping[str, Any]
    bytes: int


def _listed(folder: _Folder) -> _Listing:
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
        "reader": _READER_VERSION,
        "entry": _ENTRY_VERSION,
        "size": folder.size,
        "smallest": folder.smallest,
        "most_pixels": MOST_PIXELS,
        "listing": _listing_hash(folder, [*found.pictures, *sorted(set(found.masks.values()))]),
    }
    if folder.rule != "pictures":
        recipe |= {"rule": folder.rule, "held_out": folder.held_out}
    return _Listing(found, recipe, (4 * folder.size**2 + 600) * len(found.pictures))


def _counted(left_out: Mapping[str, int]) -> str:
    return "; ".join(f"{count} {why}" for why, count in left_out.items())


def _decoded(folder: _Folder, listing: _Listing, root: Path, shown: bool) -> Entry:
    """Return the cache's entry of one folder. It knows nothing of the other side, so any pairing reuses it."""

    def make(place: Path) -> dict[str, Any]:
        return _Reading(folder, listing.found, root, shown).write(place)

    return fetch(root, listing.recipe, make, expected_bytes=listing.bytes)


def _listing_hash(folder: _Folder, files: Sequence[Path]) -> str:
    """Hash names, sizes and time stamps: reading 100,000 files to see that none has changed would take minutes."""
    listing = hashlib.sha256()
    for file in files:
        found = file.stat()
        listing.update(f"{folder.name_of(file)}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return listing.hexdigest()


class _Reading:
    """The reading of one folder into an entry of the cache.

    Args:
        folder: which, and how.
        found: its files.
        root: the cache's folder, for the progress's title.
        shown: whether to show progress.
    """

    def __init__(self, folder: _Folder, found: Found, root: Path, shown: bool) -> None:
        self.folder, self.found, self.root, self.shown = folder, found, root, shown
        self.skipped: dict[str, str] = {}

    def write(self, place: Path) -> dict[str, Any]:
        """Decode the files into ``place``, the held-out ones first; return what is to be noted."""
        unique = self._unique()
        duplicates = len(self.found.pictures) - len(unique) - len(self.skipped)
        digests = sorted(unique)
        chosen = None
        # Pillow warns of odd metadata and of sizes that are refused anyway; filters are global, so they are set here.
        with warnings.catch_warnings(action="ignore"), ThreadPoolExecutor(_threads()) as threads:
            if self.folder.rule == "leak_free":
                digests, chosen = self._chosen(unique, digests, threads, place)
            notes = self._write_faces(unique, digests, threads, place)
        return notes | {
            "folder": str(self.folder.path),
            "files": len(self.found.pictures),
            "duplicates": duplicates,
            "skipped": dict(sorted(self.skipped.items())),
            "left_out": dict(self.found.left_out),
            "videos": len(self.found.videos),
            "held_out": None if chosen is None else len(chosen.held_out),
            "blocks": 0 if chosen is None else len(set(chosen.groups.tolist())),
            "films": 0 if chosen is None else chosen.films,
            "near_duplicates": 0 if chosen is None else len(chosen.left_out),
            "straddling": 0 if chosen is None else chosen.straddling,
        }

    def _unique(self) -> dict[bytes, Path]:
        """Return one file per content, by its SHA-256; note what is wrong with the others."""
        unique: dict[bytes, Path] = {}
        files = self.found.pictures
        title = f"looking through side {self.folder.side}, '{self.folder.path}'"
        with progress_of(title, len(files), shown=self.shown) as advance, ThreadPoolExecutor(_threads()) as threads:
            for file, digest in zip(files, ordered_map(threads, _digest, files, ahead=4 * _threads()), strict=True):
                if isinstance(digest, str):
                    self.skipped[self.folder.name_of(file)] = digest
                else:
                    unique.setdefault(digest, file)
                advance(1)
        return unique

    def _chosen(
        self, unique: Mapping[bytes, Path], digests: list[bytes], threads: ThreadPoolExecutor, place: Path
    ) -> tuple[list[bytes], Split | None]:
        """Return the pictures in the order in which they are to be stored, held-out ones first, and the split."""
        pictures, looks = [], []
        for digest, face in self._faces(unique, digests, threads, "looking at"):
            record = face.record
            told = (record.source, record.frame) if record else ("", None)
            pictures.append(Picture(digest, *source_and_order(unique[digest], self.folder.path, *told)))
            looks.append(look(face.pixels))
        if len(pictures) < 2:
            self._refuse_if_empty(len(pictures))
            self.folder.held_out_count(len(pictures))
        chosen = split(pictures, np.array(looks), self.folder.held_out_count(len(pictures)))
        np.save(place / "groups.npy", chosen.groups, allow_pickle=False)
        held, train, left = (
            [pictures[i].digest for i in rows] for rows in (chosen.held_out, chosen.train, chosen.left_out)
        )
        rows = [
            *(f"held out\t{group}\t{self.folder.name_of(unique[d])}" for d, group in zip(held, chosen.groups.tolist())),
            *(f"left out, like one held out\t\t{self.folder.name_of(unique[d])}" for d in left),
            *(f"training\t\t{self.folder.name_of(unique[d])}" for d in train),
        ]
        (place / SPLIT_LIST).write_text("use\tblock\tpicture\n" + "\n".join(rows) + "\n", encoding="utf-8")
        return [*held, *train], chosen

    def _write_faces(
        self, unique: Mapping[bytes, Path], digests: list[bytes], threads: ThreadPoolExecutor, place: Path
    ) -> dict[str, Any]:
        size, everywhere = self.folder.size, np.full((self.folder.size, self.folder.size), 255, np.uint8)
        contents, masks = hashlib.sha256(), hashlib.sha256()
        kept, looks, measures, makers = [], [], list[Measures](), dict[str, int]()
        masked = animated = oblong = 0
        with NpyWriter(place / "faces.npy", (size, size, 4), np.uint8) as faces:
            for digest, face in self._faces(unique, digests, threads, f"decoding, into '{self.root}',"):
                faces.append(rgba(face.pixels, everywhere if face.mask is None else face.mask)[None])
                contents.update(digest)
                if face.mask is not None:
                    masks.update(digest + face.mask.tobytes())
                    masked += 1
                animated += face.frames > 1
                oblong += min(face.width, face.height) < 0.9 * max(face.width, face.height)
                if face.record is not None:
                    makers[face.record.maker] = makers.get(face.record.maker, 0) + 1
                kept.append(np.frombuffer(digest, np.uint8))
                looks.append(look(face.pixels).astype(np.float16))
                measures.append(measured(face))
        self._refuse_if_empty(len(kept))
        np.save(place / "digests.npy", np.array(kept), allow_pickle=False)
        np.save(place / "looks.npy", np.array(looks), allow_pickle=False)
        np.save(place / "measures.npy", np.array(measures, np.float32), allow_pickle=False)
        return {
            "pictures": contents.hexdigest(),
            "masks": masks.hexdigest() if masked else None,
            "masked": masked,
            "animated": animated,
            "oblong": oblong,
            "makers": makers,
        }

    def _faces(
        self, unique: Mapping[bytes, Path], digests: Sequence[bytes], threads: ThreadPoolExecutor, doing: str
    ) -> Iterator[tuple[bytes, Decoded]]:
        """Yield the usable ones of the files; note what is wrong with the others."""
        title = f"{doing} {len(digests)} faces of side {self.folder.side}"
        with progress_of(title, len(digests), shown=self.shown) as advance:
            decoded = ordered_map(threads, lambda digest: self._face(unique[digest]), digests, ahead=2 * _threads())
            for digest, face in zip(digests, decoded, strict=True):
                if isinstance(face, str):
                    self.skipped[self.folder.name_of(unique[digest])] = face
                else:
                    yield digest, face
                advance(1)

    def _face(self, file: Path) -> Decoded | str:
        """Return the decoded face, or why there is none."""
        try:
            mask = self.found.mask_of(file)
            packed = mask.read_bytes() if mask is not None and mask.stat().st_size <= MOST_BYTES else None
            return decode_square(file.read_bytes(), self.folder.size, smallest=self.folder.smallest, mask=packed)
        except UnusablePicture as reason:
            return str(reason)
        except OSError as error:
            return f"unreadable: {error.strerror}"

    def _refuse_if_empty(self, faces: int) -> None:
        if not faces:
            reasons = [f"{name}: {reason}" for name, reason in list(self.skipped.items())[:5]]
            raise ValueError(
                f"{self.folder} holds {len(self.found.pictures)} files but no usable picture ({'; '.join(reasons)}); "
                f"{self.folder.accepted}"
            )


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


def _threads() -> int:
    return min(_MOST_THREADS, available_cores())


class _Read:
    """What was read of one folder: the entry of the cache, split."""

    def __init__(self, folder: _Folder, entry: Entry) -> None:
        self.entry = entry
        count = entry.notes["held_out"] or folder.held_out_count(len(entry.faces))
        self.held_out, self.train = entry.faces[:count], entry.faces[count:]
        self.measures: NDArray[np.float32] = np.load(entry.path / "measures.npy")
        self.digests: NDArray[np.uint8] = np.load(entry.path / "digests.npy")
        groups = entry.path / "groups.npy"
        self.groups: NDArray[np.int64] = np.load(groups) if groups.exists() else np.arange(count)


def _judge_shared(read: Mapping[Side, _Read]) -> None:
    """Refuse a side whose pictures are all another's too; say of others how many they share.

    Raises:
        ValueError: nothing is left that tells one person from the other.
    """
    pictures = {side: {digest.tobytes() for digest in one.digests} for side, one in read.items()}
    for one, other in permutations(read, 2):
        shared = len(pictures[one] & pictures[other])
        if shared == len(pictures[one]):
            raise ValueError(
                f"all {shared} pictures of side {one} are on side {other} too; each side needs its own person's"
            )
        if shared and one < other:
            _log.warning(
                "%d pictures are on both sides, %s and %s; each side needs its own person's", shared, one, other
            )


def _fingerprint(read: Mapping[Side, _Read], size: int, rule: Rule) -> str:
    """Return a hash of what decides the faces and the split. What earlier versions did has the hash it had then."""
    counts = {side: len(one.held_out) for side, one in read.items()}
    masks = {side: one.entry.notes["masks"] for side, one in read.items()}
    decides: dict[str, Any] = {
        "source": "folders",
        "reader": _READER_VERSION,
        "size": size,
        "pictures": {side: one.entry.notes["pictures"] for side, one in read.items()},
        "held_out": counts,
    }
    if max(counts.values()) > MOST_JUDGED:
        decides["judged"] = MOST_JUDGED  # earlier versions judged all of them: those are other runs
    if any(masks.values()):
        decides["masks"] = masks  # earlier versions read none
    if rule != "pictures":
        decides["rule"] = rule
    return recipe_key(decides)
