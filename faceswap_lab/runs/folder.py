"""Where a run lives: ``<root>/<label>-s<seed>-<digest>/``, found again by seed and digest whatever its label."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from faceswap_lab.runs.atomic import explaining
from faceswap_lab.runs.identity import run_name
from faceswap_lab.runs.started import note_start


class Inside:
    """A file or folder inside a run's folder, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, folder: "RunFolder", _: object = None) -> Path:
        return folder.path / self.name


@dataclass(frozen=True)
class RunFolder:
    """The names inside a run's folder. Making one touches no disk; ``find`` and ``create`` do.

    Attributes:
        path: the folder itself.
    """

    path: Path

    config = Inside("config.yaml")  # the resolved configuration as the run was told it
    run = Inside("run.json")  # provenance: one entry per process that worked on the run (``sessions.py``)
    status = Inside("status.json")  # how far the run has come (``status.py``)
    traceback = Inside("traceback.txt")  # what made the run fail, for a person
    metrics = Inside("metrics.csv")  # everything measured while training, one row per logging (``metrics.py``)
    topology = Inside("topology.svg")  # the picture of the parts and routes, SVG
    previews = Inside("previews")  # folder of preview pictures
    checkpoints = Inside("checkpoints")  # folder of what resuming needs
    weights = Inside("weights.safetensors")  # the trained weights
    averaged_weights = Inside("weights-ema.safetensors")  # the moving average of the weights, of a run that has one
    pictures = Inside("pictures.npz")  # what each held-out picture of real people says (``pictures.py``)
    result = Inside("result.json")  # what came out; written last: it is what "finished" means (``result.py``)


def find(root: Path, seed: int, digest: str) -> RunFolder | None:
    """Return the newest folder of the run with this seed and digest, whatever its label, or None.

    One listing of ``root``: a thousand finished runs are told apart in a thousand times a few milliseconds.
    """
    with suppress(FileNotFoundError, NotADirectoryError):  # a folder that cannot be listed is not one without runs
        named = [(path, parsed_name(path)) for path in Path(root).iterdir()]
        own = [path for path, name in named if name and (name.seed, name.digest) == (seed, digest)]
        return _newest([path for path in own if path.is_dir()])
    return None


def find_all(root: Path) -> dict[tuple[int, str], RunFolder]:
    """Return the newest folder of every run in ``root`` by (seed, digest): one listing for any number of lookups."""
    found: dict[tuple[int, str], list[Path]] = {}
    for path in Path(root).iterdir() if Path(root).is_dir() else ():
        name = parsed_name(path)
        if name and path.is_dir():
            found.setdefault((name.seed, name.digest), []).append(path)
    return {run: folder for run, paths in found.items() if (folder := _newest(paths))}


def _newest(paths: Sequence[Path]) -> RunFolder | None:
    """Return the one of a run's folders with the highest number; of two machines' with one number a finished one."""
    if len(paths) < 2:
        return RunFolder(paths[0]) if paths else None
    return RunFolder(max(paths, key=_age))


def _age(path: Path) -> tuple[int, bool, str]:
    return _number(path), RunFolder(path).result.is_file(), path.name


def _number(path: Path) -> int:
    name = parsed_name(path)
    return name.number if name else 0


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


def find_or_create(root: Path, label: str, seed: int, digest: str, again: bool = False) -> RunFolder:
    """Return the run's folder, made now if there is none. Safe if several processes ask at once.

    Args:
        root: of all runs.
        label: what its name begins with, if it is made.
        seed: of the run.
        digest: of its configuration.
        again: make a new, empty one beside any that exist (``….2``, ``….3``), which ``find`` finds from now on.

    Raises:
        StorageError: ``root`` cannot be written.
    """
    folder = None if again else find(root, seed, digest)
    folder = folder or _create(Path(root), label, seed, digest, again)
    with explaining(folder.path):
        for path in (folder.previews, folder.checkpoints):  # whoever began it may have been stopped
            path.mkdir(exist_ok=True)
    return folder


def is_run(path: Path) -> bool:
    """Tell whether ``path`` is a run folder: one that holds a provenance, a status or a result."""
    folder = RunFolder(Path(path))
    return any(file.is_file() for file in (folder.run, folder.status, folder.result))


def _create(root: Path, label: str, seed: int, digest: str, again: bool) -> RunFolder:
    from filelock import FileLock  # here and not above: a process that only looks up runs need not wait for it

    with explaining(root / run_name(label, seed, digest)):
        root.mkdir(parents=True, exist_ok=True)
        lock = root / ".create.lock"
        with explaining(lock):
            lock.touch()  # where none can be made, as in /proc, filelock would wait for ever
        with FileLock(lock):  # or two processes with two labels would make two folders of one run
            found = find(root, seed, digest)
            if found and not again:
                return found
            name = run_name(label, seed, digest) + (f".{_number(found.path) + 1}" if found else "")
            (root / name).mkdir()
            note_start(root, seed, digest)
            return RunFolder(root / name)
