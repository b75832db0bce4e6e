"""Where a run lives: ``<root>/<label>-s<seed>-<digest>/``, found again by seed and digest whatever its label."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from faceswap_lab.runs.atomic import explaining
from faceswap_lab.runs.identity import run_name


@dataclass(frozen=True)
class RunFolder:
    """The names inside a run's folder. Making one touches no disk; ``find`` and ``create`` do.

    Attributes:
        path: the folder itself.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The resolved configuration as the run was told it."""
        return self.path / "config.yaml"

    @property
    def run(self) -> Path:
        """Provenance: one entry per process that worked on the run (``sessions.py``)."""
        return self.path / "run.json"

    @property
    def status(self) -> Path:
        """How far the run has come (``status.py``)."""
        return self.path / "status.json"

    @property
    def traceback(self) -> Path:
        """What made the run fail, for a person."""
        return self.path / "traceback.txt"

    @property
    def metrics(self) -> Path:
        """Everything measured while training, one row per logging (``metrics.py``)."""
        return self.path / "metrics.csv"

    @property
    def topology(self) -> Path:
        """The picture of the parts and routes, SVG."""
        return self.path / "topology.svg"

    @property
    def previews(self) -> Path:
        """Folder of preview pictures."""
        return self.path / "previews"

    @property
    def checkpoints(self) -> Path:
        """Folder of what resuming needs."""
        return self.path / "checkpoints"

    @property
    def weights(self) -> Path:
        """The trained weights."""
        return self.path / "weights.safetensors"

    @property
    def averaged_weights(self) -> Path:
        """The moving average of the weights, of a run that has one."""
        return self.path / "weights-ema.safetensors"

    @property
    def pictures(self) -> Path:
        """What each held-out picture of real people has to do with the scores (``pictures.py``)."""
        return self.path / "pictures.npz"

    @property
    def result(self) -> Path:
        """What came out; written last: it is what "finished" means (``result.py``)."""
        return self.path / "result.json"

    @property
    def lock(self) -> Path:
        """The file whose OS lock belongs to who works on the run (``lock.py``)."""
        return self.path / ".lock"


def find(root: Path, seed: int, digest: str) -> RunFolder | None:
    """Return the newest folder of the run with this seed and digest, whatever its label, or None.

    One listing of ``root``: a thousand finished runs are told apart in a thousand times a few milliseconds.
    """
    found = _numbered(Path(root), seed, digest)
    return RunFolder(found[max(found)]) if found else None


def find_all(root: Path) -> dict[tuple[int, str], RunFolder]:
    """Return the newest folder of every run in ``root`` by (seed, digest): one listing for any number of lookups."""
    newest: dict[tuple[int, str], tuple[int, RunFolder]] = {}
    for path in sorted(Path(root).iterdir()) if Path(root).is_dir() else ():
        name = parsed_name(path)
        if name and path.is_dir():
            run, number = (name.seed, name.digest), name.number
            if run not in newest or number > newest[run][0]:
                newest[run] = number, RunFolder(path)
    return {run: folder for run, (_, folder) in newest.items()}


class RunName(NamedTuple):
    """What a run folder's name says; ``number`` is 2 or more for a run made again beside an older one."""

    label: str
    seed: int
    digest: str
    number: int


def parsed_name(path: Path) -> RunName | None:
    """Return what a run folder's name says, or None if it is no such name."""
    match = _ENDING.search(path.name)
    return RunName(path.name[: match.start()], int(match[1]), match[2], int(match[3] or 1)) if match else None


_ENDING = re.compile(r"-s([0-9]+)-([0-9a-f]+)(?:\.([0-9]+))?$")  # of a run folder's name: seed, digest, number


def find_or_create(root: Path, label: str, seed: int, digest: str) -> RunFolder:
    """Return the run's folder, made now if there is none. Safe if several processes ask at once.

    Raises:
        StorageError: ``root`` cannot be written.
    """
    return find(root, seed, digest) or _create(Path(root), label, seed, digest, again=False)


def create_fresh(root: Path, label: str, seed: int, digest: str) -> RunFolder:
    """Return a new, empty folder for the run beside any that exist (``….2``, ``….3``); ``find`` now finds this one.

    Raises:
        StorageError: ``root`` cannot be written.
    """
    return _create(Path(root), label, seed, digest, again=True)


def is_run(path: Path) -> bool:
    """Tell whether ``path`` is a run folder: one that holds a provenance, a status or a result."""
    folder = RunFolder(Path(path))
    return any(file.is_file() for file in (folder.run, folder.status, folder.result))


def _create(root: Path, label: str, seed: int, digest: str, again: bool) -> RunFolder:
    from filelock import FileLock  # here and not above: a process that only looks up runs need not wait for it

    with explaining(root / run_name(label, seed, digest)):
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".create.lock"):  # or two processes with two labels would make two folders of one run
            existing = _numbered(root, seed, digest)
            if existing and not again:
                return RunFolder(existing[max(existing)])
            name = run_name(label, seed, digest) + (f".{max(existing) + 1}" if existing else "")
            folder = RunFolder(root / name)
            for path in (folder.path, folder.previews, folder.checkpoints):
                path.mkdir()
            return folder


def _numbered(root: Path, seed: int, digest: str) -> dict[int, Path]:
    """Return the run's folders by their number: 1 for the plain name, n for the suffix ``.n``."""
    ending = re.compile(rf"-s{re.escape(str(seed))}-{re.escape(digest)}(?:\.([0-9]+))?$")
    try:
        with os.scandir(root) as entries:
            matches = [(ending.search(entry.name), entry) for entry in entries]
            return {int(match[1] or 1): Path(entry.path) for match, entry in matches if match and entry.is_dir()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
