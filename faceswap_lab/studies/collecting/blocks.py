"""What single held-out pictures of real people say of a metric, by their blocks of time; in runs and in evidence."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from faceswap_lab.runs.atomic import write_npz
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.pictures import read_pictures
from faceswap_lab.studies.statistics.crossed import Blocks, in_blocks

_FILE = "blocks.npz"
_SOURCE = re.compile("_([A-Z])[A-Z](?:_|$)")


def read_blocks(folder: RunFolder) -> dict[str, Blocks]:
    """Return metric → what a run's held-out pictures say of it; nothing of a run on rendered people."""
    told, found = read_pictures(folder), {}
    for key, values in told.scores.items():
        source = _SOURCE.search(key)
        blocks = told.blocks.get(source[1]) if source else None
        if blocks is not None and len(blocks) >= len(values):
            found[key] = in_blocks(values, blocks[: len(values)])
    return found


def write_blocks(runs: Sequence[Mapping[str, Blocks]], key: str, folder: Path) -> None:
    """Keep what the runs say of one metric, as far as they were judged on the same pictures as the first of them.

    Raises:
        faceswap_lab.runs.atomic.StorageError: the file cannot be written.
    """
    known = [run[key] for run in runs if key in run]
    if not known:
        (folder / _FILE).unlink(missing_ok=True)
        return
    sizes = known[0].sizes
    same = [run[key].means if key in run and np.array_equal(run[key].sizes, sizes) else None for run in runs]
    means = np.array([np.full(len(sizes), np.nan) if one is None else one for one in same], np.float32)
    write_npz(folder / _FILE, {"means": means, "sizes": sizes.astype(np.int32)})


def kept_blocks(folder: Path, key: str) -> list[dict[str, Blocks]]:
    """Return what ``write_blocks`` kept, run by run; [] where nothing was."""
    if not (folder / _FILE).is_file():
        return []
    with np.load(folder / _FILE, allow_pickle=False) as file:
        means, sizes = file["means"].astype(np.float64), file["sizes"].astype(np.int64)
    return [{key: Blocks(row, sizes)} if np.isfinite(row).all() else {} for row in means]
