"""Which runs were ever started in a runs folder: a line for each, that stays when a run's folder is deleted.

runs/.started       2026-11-29T11:30:55+00:00 3-0123456789
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

_FILE = ".started"


def key_of(seed: int, digest: str) -> str:
    """Return how a run is called there: its seed and its hash."""
    return f"{seed}-{digest}"


def note_start(root: Path, seed: int, digest: str) -> None:
    """Add the line of a run that starts now. Only for who holds the lock for making run folders: lines stay whole.

    Raises:
        OSError: the file cannot be written.
    """
    with (root / _FILE).open("a", encoding="utf-8") as file:
        file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {key_of(seed, digest)}\n")


def started(root: Path, folders: Iterable[tuple[int, str]]) -> Counter[str]:
    """Return run, as ``key_of`` calls it → how often it was started from nothing.

    A run that goes on is not started again; one that is made again beside an older one, or after that was deleted, is.

    Args:
        root: the runs folder; nothing was started in one that is not there.
        folders: seed and hash of the runs whose folders are there. One without a line (it was made before there were
            any, or copied from elsewhere) counts once.
    """
    file = root / _FILE
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    times = Counter(words[1] for line in lines if len(words := line.split()) == 2)
    return times | Counter({key_of(*run): 1 for run in folders})
