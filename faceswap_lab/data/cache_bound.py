"""A bound on what rendered faces take on the disk: the sets that nobody has used for longest make room for new ones.

Faces of a person's own folders are left alone. So is whatever was used within the last hour, even beyond the bound: a
run may be about to open it. A set that was removed is rendered again when it is asked for.
"""

import json
import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from os import getpid
from pathlib import Path
from typing import Any, NamedTuple

from faceswap_lab.data.cache import FACES, MANIFEST, recipe_key

_log = logging.getLogger(__name__)

_IN_USE_SECONDS = 3600
_RENDERED = "twins"  # the source that recipes of rendered faces name


class _Set(NamedTuple):
    used: float  # seconds since 1970
    bytes: int
    path: Path


def make_room(root: Path, wanted: Sequence[tuple[Mapping[str, Any], int]], bound: int) -> int:
    """Remove rendered faces until they and what is wanted keep within the bound, in bytes; return the bytes that went.

    ``wanted`` has the recipe of each entry that is about to be used and about how many bytes it takes.
    """
    asked = {recipe_key(recipe): size for recipe, size in wanted}
    there = _rendered(root / FACES)
    too_much = sum(one.bytes for one in there if one.path.name not in asked) + sum(asked.values()) - bound
    removed: list[_Set] = []
    for one in sorted(there):
        if too_much <= sum(each.bytes for each in removed) or time.time() - one.used < _IN_USE_SECONDS:
            break
        if one.path.name not in asked and _remove(one.path):
            removed.append(one)
    gone = sum(one.bytes for one in removed)
    if removed:
        _log.warning(
            "the faces in '%s' are to take %.1f GiB at most (cache_gib): removed %d sets, %.1f GiB, unused since %s",
            root,
            bound / 2**30,
            len(removed),
            gone / 2**30,
            time.strftime("%Y-%m-%d", time.localtime(removed[-1].used)),
        )
    return gone


def _rendered(folder: Path) -> list[_Set]:
    found = []
    for manifest in folder.glob(f"*/{MANIFEST}"):
        # what cannot be read may be on its way in or out, by another process
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = json.loads(manifest.read_text(encoding="utf-8"))
            if content["recipe"]["source"] == _RENDERED and content["key"] == manifest.parent.name:
                size = sum(file["bytes"] for file in content["files"].values())
                found.append(_Set(manifest.stat().st_mtime, size, manifest.parent))
    return found


def _remove(entry: Path) -> bool:
    """Take an entry away as a whole: whoever looks for it finds all of it, or nothing."""
    aside = entry.with_name(f"{entry.name}.partial-{getpid()}")  # a name that is swept up should this process be killed
    try:
        entry.rename(aside)
    except OSError:  # another process was faster, or the disk is read-only
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True
