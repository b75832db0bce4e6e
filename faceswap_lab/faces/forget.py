"""Removing a set of faces, and what the lab has kept of it elsewhere on this machine."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from faceswap_lab.data.cache import MANIFEST
from faceswap_lab.faces.face_set import HIDDEN, SetRefused


@dataclass
class Forgotten:
    """What was removed, and what was not.

    Attributes:
        removed: folders that are gone.
        runs: run folders that hold pictures or weights made of these faces, which are left alone.
    """

    removed: list[Path] = field(default_factory=list)
    runs: list[Path] = field(default_factory=list)


def forget(path: Path, cache: Path, runs: Path) -> Forgotten:
    """Remove a set of faces and its decoded copies in the cache; name the runs that were made of it.

    Args:
        path: the set's folder. Of a folder that the lab has not written, only the decoded copies are removed.
        cache: the cache's folder.
        runs: the folder of the run folders.

    Raises:
        SetRefused: there is no such folder, and no copy of it.
    """
    place, told = path.expanduser().resolve(), Forgotten()
    for entry in _entries(cache, place):
        shutil.rmtree(entry)
        told.removed.append(entry)
    told.runs = list(_runs(runs, place))
    if (place / HIDDEN).is_dir():
        shutil.rmtree(place)
        told.removed.append(place)
    if not told.removed and not told.runs:
        raise SetRefused(f"'{path}' is no set of faces that the lab has written, and the cache holds no copy of it")
    return told


def _entries(cache: Path, place: Path) -> Iterator[Path]:
    """Yield the entries of the cache, sound, damaged or half made, that were read from a folder or from below it."""
    for manifest in sorted(cache.glob(f"rgba/*/{MANIFEST}")):
        try:
            folder = json.loads(manifest.read_text(encoding="utf-8"))["notes"]["folder"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if Path(folder).is_relative_to(place):
            yield manifest.parent


def _runs(runs: Path, place: Path) -> Iterator[Path]:
    """Yield the run folders whose configuration names a folder, or one below it, by its absolute or a relative path."""
    from yaml import YAMLError, safe_load  # type: ignore[import-untyped]

    for config in sorted(runs.glob("*/config.yaml")):
        try:
            data = safe_load(config.read_text(encoding="utf-8"))["data"]
            named = [Path(data[side]).expanduser().resolve() for side in ("a", "b") if side in data]
        except (OSError, ValueError, KeyError, TypeError, YAMLError):
            continue
        if any(folder.is_relative_to(place) for folder in named):
            yield config.parent
