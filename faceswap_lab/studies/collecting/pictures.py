"""Which run folders' pictures a report shows: the same held-out faces of one seed, across the arms."""

import re
from collections.abc import Sequence
from pathlib import Path

from faceswap_lab.studies.collecting.collect import Run
from faceswap_lab.studies.findings import Faces

_STEP = re.compile(r"step-([0-9]+)-tiles\.png")
_FINAL = "final-tiles.png"


def faces_of(runs: list[Run], arms: Sequence[str]) -> Faces | None:
    """Return the tiles of the lowest seed that has them in the most arms, in all of them if there is such a seed.

    None if no finished run has any.
    """
    found: dict[int, dict[str, dict[int, Path]]] = {}
    for arm in arms:
        for run in runs:
            strips = _strips(run) if run.finished and run.cell.arm == arm else {}
            if strips:
                found.setdefault(run.pair, {})[arm] = strips
    if not found:
        return None
    seed = min(found, key=lambda pair: (-len(found[pair]), pair))
    return Faces(seed, found[seed])


def _strips(run: Run) -> dict[int, Path]:
    """Return a run's tiles by training step, ascending; the final ones stand at its last step."""
    assert run.cell.folder is not None
    files = sorted((run.cell.folder / "previews").glob("*-tiles.png"))
    by_step = {int(match[1]): path for path in files if (match := _STEP.fullmatch(path.name))}
    final = [path for path in files if path.name == _FINAL]
    if final:
        by_step[run.steps] = final[0]
    return dict(sorted(by_step.items()))
