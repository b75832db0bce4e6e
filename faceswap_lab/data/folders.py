"""Faces from people's own folders of aligned pictures."""

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.cache import Entry, cache_root, check_room, recipe_key
from faceswap_lab.data.faces import MOST_JUDGED, FaceData, Side, sides_of
from faceswap_lab.data.folder import READER_VERSION, Folder, Rule, judge, listed
from faceswap_lab.data.folder_reading import read_folder
from faceswap_lab.data.folder_remarks import remarks_on, warn_of_side, warn_of_sides

_log = logging.getLogger(__name__)

Further = Callable[[str, Entry, NDArray[np.float32]], Sequence[str]]
"""Asks further of a folder's pictures: its name, what was read of it, (n, 7) measures → lines for a person."""


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
    further: Further | None = None,
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
        further: see ``Further``; what it returns goes into ``remarks``.

    Returns:
        Unpaired faces without states; a mask is all 255 where none is known. The fingerprint is a hash of the
        pictures' content, the split and the size. ``remarks`` says what was found out about the pictures.

    Raises:
        ValueError: a folder is missing, is no folder or holds no usable picture; two are the same or one holds the
            other, or the same pictures; there is nothing left to train on.
        faceswap_lab.data.cache.CacheError: the cache cannot be written.
    """
    least = -(-size // 2) if smallest is None else smallest
    sides = {
        side: Folder(side, Path(path).expanduser().resolve(), size, least, rule, held_out)
        for side, path in zip(sides_of(len(folders)), folders, strict=True)
    }
    judge(list(sides.values()))
    root = cache_root(cache_dir)
    listings = {side: listed(folder) for side, folder in sides.items()}
    check_room(root, [(listing.recipe, listing.bytes) for listing in listings.values()])
    read = {side: _Read(folder, read_folder(folder, listings[side], root, progress)) for side, folder in sides.items()}
    remarks = list[str]()
    for side, one in read.items():
        where = str(sides[side]).rstrip(",")
        warn_of_side(where, one.entry, len(one.held_out))
        remarks += remarks_on(side, one.entry, one.measures, coverage)
        remarks += further(where, one.entry, one.measures) if further else ()
    _judge_shared(read)
    warn_of_sides({side: (one.measures, one.entry) for side, one in read.items()})
    return FaceData(
        train={side: one.train for side, one in read.items()},
        held_out={side: one.held_out for side, one in read.items()},
        paired=False,
        fingerprint=_fingerprint(read, size, rule),
        groups={side: one.groups for side, one in read.items()},
        masked={side: one.entry.notes["masked"] for side, one in read.items()},
        landmarks={side: one.landmarks for side, one in read.items()},
        remarks=tuple(remarks),
    )


class _Read:
    """What was read of one folder: the entry of the cache, split."""

    def __init__(self, folder: Folder, entry: Entry) -> None:
        self.entry = entry
        count = entry.notes["held_out"] or folder.held_out_count(len(entry.faces))
        self.held_out, self.train = entry.faces[:count], entry.faces[count:]
        self.measures: NDArray[np.float32] = np.load(entry.path / "measures.npy")
        self.digests: NDArray[np.uint8] = np.load(entry.path / "digests.npy")
        self.landmarks: NDArray[np.float32] = np.load(entry.path / "landmarks.npy")[count:]
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
        "reader": READER_VERSION,
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
