"""Any run folders as the cells of a comparison, whether or not a study planned them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from faceswap_lab.config import ConfigError
from faceswap_lab.config.keys import labels
from faceswap_lab.runs.flat import flat
from faceswap_lab.runs.folder import RunFolder, is_run, parsed_name
from faceswap_lab.runs.sessions import read_sessions
from faceswap_lab.studies.plan import Planned


def cells_of(folders: Sequence[Path]) -> list[tuple[Planned, RunFolder]]:
    """Return each run as the cell of an arm, in the order given; a folder named twice counts once.

    An arm is a label. Where one label stands for several configurations, each is an arm under the name of its first
    run; a seed that an arm has already is an arm of its own.

    Raises:
        ConfigError: there is no folder, one of them is no run folder, or a run's seed is not known.
    """
    if not folders:
        raise ConfigError("name the run folders to compare: python -m faceswap_lab report runs/… runs/…")
    paths = list({path.resolve(): path for path in folders}.values())
    cells = [_planned(path) for path in paths]
    arms = _arms(cells, [path.name if _only(path, paths) else str(path) for path in paths])
    return [(replace(cell, arm=arm), RunFolder(path)) for cell, arm, path in zip(cells, arms, paths)]


def _planned(path: Path) -> Planned:
    """Return what a run's name and its provenance say of it, its label in the place of the arm."""
    if not is_run(path):
        raise ConfigError(f"{path} is no run folder: it holds no run.json, status.json or result.json.")
    sessions = read_sessions(RunFolder(path))
    last, name = sessions[-1] if sessions else {}, parsed_name(path)
    seed = name.seed if name else last.get("seed")
    if not isinstance(seed, int):
        raise ConfigError(f"{path}: its seed is not known. Name it <label>-s<seed>-<hash> again, as it was made.")
    config = last.get("config")
    label, digest = (name.label, name.digest) if name else (path.name, "")
    return Planned(label, seed, digest, _that_counts(config) if isinstance(config, Mapping) else {})


def _arms(cells: Sequence[Planned], names: Sequence[str]) -> list[str]:
    """Return each cell's arm, from its label in ``arm`` and the name of its run."""
    settings = [(cell.arm, json.dumps(cell.config | {"seed": None}, sort_keys=True)) for cell in cells]
    meanings = Counter(label for label, _ in dict.fromkeys(settings))
    arms: dict[tuple[str, str], str] = {}
    taken: set[tuple[str, int]] = set()
    found = []
    for cell, key, name in zip(cells, settings, names):
        arm = arms.setdefault(key, cell.arm if meanings[cell.arm] == 1 else name)
        arm = name if (arm, cell.seed) in taken else arm
        taken.add((arm, cell.seed))
        found.append(arm)
    return found


def _only(path: Path, paths: Sequence[Path]) -> bool:
    return [other.name for other in paths].count(path.name) == 1


def _that_counts(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that can change a result, by dotted name: not paths, loggers, worker counts and the like."""
    return {
        name: value
        for name, value in flat(config).items()
        if not any(name == label or name.startswith(f"{label}.") for label in labels())
    }
