"""The reading of a person's folder into an entry of the cache: each picture once, the held-out ones first."""

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from faceswap_lab.data.cache import Entry, fetch
from faceswap_lab.data.faces import rgba
from faceswap_lab.data.folder import Folder, Listing
from faceswap_lab.data.leak_free import Picture, Split, source_and_order, split
from faceswap_lab.data.mean_face import LANDMARKS
from faceswap_lab.data.measures import Measures, measured
from faceswap_lab.data.near_duplicates import look
from faceswap_lab.data.npy_writer import NpyWriter
from faceswap_lab.data.parallel import available_cores, ordered_map
from faceswap_lab.data.picture_files import Found
from faceswap_lab.data.pictures import MOST_BYTES, Decoded, UnusablePicture, decode_square
from faceswap_lab.data.progress import progress_of

SPLIT_LIST = "split.tsv"
"""Beside the decoded faces of a folder: which picture is held out, in which block, which is left out."""

NAMES = "names.json"
"""Beside them too: the name of each face's picture in the folder, row by row."""

_COMPARED = 16  # pictures of a folder that was moved, evenly over all
_MOST_THREADS = 8  # each may hold a decoded picture of MOST_PIXELS


def read_folder(folder: Folder, listing: Listing, root: Path, shown: bool) -> Entry:
    """Return the cache's entry of one folder. It knows nothing of the other side, so any pairing reuses it.

    A folder that was moved or copied is known again by its names, sizes and time stamps; but those may be another
    person's too (pictures of one size out of an archive that sets all times alike), so some pictures are compared.
    """
    reading = _Reading(folder, listing.found, root, shown)
    entry = fetch(root, listing.recipe, reading.write, expected_bytes=listing.bytes)
    if entry.notes["folder"] == str(folder.path) or _holds(entry, folder):
        return entry
    own = {**listing.recipe, "folder": str(folder.path)}
    return fetch(root, own, reading.write, expected_bytes=listing.bytes)


def _holds(entry: Entry, folder: Folder) -> bool:
    """Tell whether an entry's pictures are those of a folder, by the content of some."""
    try:
        names = json.loads((entry.path / NAMES).read_text(encoding="utf-8"))
    except FileNotFoundError:  # earlier versions wrote none
        return False
    digests = np.load(entry.path / "digests.npy")
    rows = range(0, len(names), max(1, len(names) // _COMPARED))
    return all(content_digest(folder.path / names[row]) == digests[row].tobytes() for row in rows)


class _Reading:
    """The reading of one folder into an entry of the cache."""

    def __init__(self, folder: Folder, found: Found, root: Path, shown: bool) -> None:
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
            for file, digest in zip(
                files, ordered_map(threads, content_digest, files, ahead=4 * _threads()), strict=True
            ):
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
        kept, names, looks, measures, makers = [], list[str](), [], list[Measures](), dict[str, int]()
        landmarks, unknown = [], np.full((LANDMARKS, 2), np.nan)
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
                names.append(self.folder.name_of(unique[digest]))
                looks.append(look(face.pixels).astype(np.float16))
                measures.append(measured(face))
                landmarks.append(unknown if face.landmarks is None else face.landmarks)
        self._refuse_if_empty(len(kept))
        np.save(place / "digests.npy", np.array(kept), allow_pickle=False)
        np.save(place / "looks.npy", np.array(looks), allow_pickle=False)
        np.save(place / "measures.npy", np.array(measures, np.float32), allow_pickle=False)
        np.save(place / "landmarks.npy", np.array(landmarks, np.float32), allow_pickle=False)
        (place / NAMES).write_text(json.dumps(names), encoding="utf-8")
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
            small = any(reason.startswith("too small") for reason in self.skipped.values())
            raise ValueError(
                f"{self.folder} holds {len(self.found.pictures)} files but no usable picture ({'; '.join(reasons)}); "
                f"{self.folder.larger if small else self.folder.accepted}"
            )


def content_digest(file: Path) -> bytes | str:
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
