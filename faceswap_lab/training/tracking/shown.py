"""Where a finished run has been shown whole, so that meeting it again does not show it there twice."""

import json
from collections.abc import Iterable

from faceswap_lab.runs.atomic import write_json
from faceswap_lab.runs.folder import RunFolder

_FILE = ".shown.json"  # in the run folder; whoever removes it has the run shown again


def is_shown(folder: RunFolder, place: str) -> bool:
    """Tell whether the finished run has been shown whole at a place (``Mirror.place``)."""
    return place in _places(folder)


def note_shown(folder: RunFolder, places: Iterable[str]) -> None:
    """Remember that the finished run has been shown whole at these places.

    Raises:
        StorageError: the folder cannot be written.
    """
    before = _places(folder)
    now = sorted({*before, *places})
    if now != before:
        write_json(folder.path / _FILE, now)


def _places(folder: RunFolder) -> list[str]:
    try:
        content = json.loads((folder.path / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return sorted(map(str, content)) if isinstance(content, list) else []
