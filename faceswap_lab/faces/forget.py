"""Removing a set of faces, and what the lab has kept of it elsewhere on this machine."""

import csv
import json
import shutil
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from faceswap_lab.config.data import TYPED_FOLDERS
from faceswap_lab.data.cache import FACES, MANIFEST
from faceswap_lab.data.folder_reading import content_digest
from faceswap_lab.data.picture_files import find_pictures
from faceswap_lab.faces.face_set import HIDDEN, SetRefused
from faceswap_lab.options import items_of


@dataclass
class Forgotten:
    """The folders that were removed; the runs and the reports that hold these faces, which are left alone."""

    removed: list[Path] = field(default_factory=list)
    runs: list[Path] = field(default_factory=list)
    reports: list[Path] = field(default_factory=list)


def forget(path: Path, cache: Path, runs: Path, experiments: Path) -> Forgotten:
    """Remove a set of faces and its decoded copies in the cache; name the runs and reports that were made of it.

    Of a folder that the lab has not written, only the decoded copies are removed.

    Raises:
        SetRefused: there is no such folder, and no copy of it.
    """
    place = path.expanduser().resolve()
    copies, own = list(_copies(cache, place)), [place] if (place / HIDDEN).is_dir() else []
    of_it = list(_runs(runs, place))
    told = Forgotten([], of_it, list(_reports(experiments, place, {run.name for run in of_it})))
    nobodys = list(_nobodys(cache)) if place.is_dir() or copies or told.runs or told.reports else []
    told.removed = [*copies, *nobodys, *own]
    if told == Forgotten():
        raise SetRefused(f"'{path}' is no set of faces that the lab has written, and the cache holds no copy of it")
    for folder in told.removed:
        shutil.rmtree(folder)
    return told


def _copies(cache: Path, place: Path) -> Iterator[Path]:
    """Yield the entries of the cache, sound or damaged, that were read from a folder or below it, or show its pictures.

    The folder may have been moved since.
    """
    held = set(map(content_digest, find_pictures(place).pictures)) if place.is_dir() else set()
    for entry in sorted((cache / FACES).glob("*")):
        folder = _folder_of(entry)
        if folder is not None and (folder.is_relative_to(place) or not held.isdisjoint(_digests(entry))):
            yield entry


def _digests(entry: Path) -> Iterator[bytes]:
    """Yield the SHA-256 of the pictures that an entry of the cache was read from, as far as it tells."""
    with suppress(OSError, ValueError, EOFError):
        yield from (digest.tobytes() for digest in np.load(entry / "digests.npy", allow_pickle=False))


def _folder_of(entry: Path) -> Path | None:
    """Return the folder that an entry of the cache was read from; None of one that does not tell."""
    try:
        return Path(json.loads((entry / MANIFEST).read_text(encoding="utf-8"))["notes"]["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _nobodys(cache: Path) -> Iterator[Path]:
    """Yield what is of no use and may show anybody: damaged entries, and half made ones whose maker was killed."""
    yield from (entry for entry in sorted((cache / FACES).glob("*.damaged")) if _folder_of(entry) is None)
    for partial in sorted((cache / FACES).glob("*.partial-*")):
        lock = FileLock(partial.with_name(f"{partial.name.partition('.')[0]}.lock"))
        with suppress(Timeout), lock.acquire(timeout=0):
            yield partial


def _runs(runs: Path, place: Path) -> Iterator[Path]:
    """Yield the run folders whose configuration names a folder, or one below it, by its absolute or a relative path."""
    from yaml import YAMLError, safe_load  # type: ignore[import-untyped]

    for config in sorted(runs.glob("*/config.yaml")):
        try:
            data = safe_load(config.read_text(encoding="utf-8"))["data"]
            if _names([*(data[side] for side in ("a", "b") if side in data), *data.get("more", ())], place):
                yield config.parent
        except (OSError, ValueError, KeyError, TypeError, AttributeError, YAMLError):
            continue


def _reports(experiments: Path, place: Path, runs: Set[str]) -> Iterator[Path]:
    """Yield the folders of reports that were asked of a folder, or one below it, or that show one of these runs."""
    for study in sorted(experiments.glob("**/study.json")):
        try:
            words = json.loads(study.read_text(encoding="utf-8"))["study"]["settings"]
            typed = [word.partition("=") for word in words]
            asked = [name for key, _, value in typed if key in TYPED_FOLDERS for name in items_of(value)]
            if _names(asked, place) or not runs.isdisjoint(_shown(study.with_name("results.csv"))):
                yield study.parent
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue


def _shown(results: Path) -> Iterator[str]:
    """Yield the names of the run folders that a report is made of."""
    if results.is_file():
        with results.open(encoding="utf-8", newline="") as file:
            yield from (row["folder"] for row in csv.DictReader(file))


def _names(folders: Iterable[str], place: Path) -> bool:
    return any(Path(folder).expanduser().resolve().is_relative_to(place) for folder in folders)
