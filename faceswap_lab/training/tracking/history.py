"""What a run folder holds of the past, shown to a mirror that has not seen it: a resumed run's, or a finished one's.

Where a finished run has been shown whole is kept in its folder, so that meeting it again does not show it there twice.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial

from faceswap_lab.runs.atomic import write_json
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.training.tracking.mirror import Described, Mirror

_STEP = re.compile(r"step-([0-9]+)")
_PICTURE = "preview"


def show_past(mirror: Mirror, run: Described) -> None:
    """Show a mirror what it does not hold yet of the steps up to ``run.first_step``, in their order.

    The preview of the very last step is left out: the final picture shows the same.
    """
    shows: dict[int, list[Callable[[], None]]] = defaultdict(list)
    for row in read_metrics(run.folder.metrics):
        step = int(row.pop("step"))
        numbers = {name: float(value) for name, value in row.items() if isinstance(value, int | float)}
        shows[step].append(partial(mirror.metrics, numbers, step))
    last_step = run.config.training.max_steps
    for path in run.folder.previews.glob("step-*.png"):
        match = _STEP.fullmatch(path.stem)  # the tiles beside the previews are for reports
        step = int(match[1]) if match else last_step
        if step < last_step:
            shows[step].append(partial(mirror.picture, _PICTURE, path, step))
    for step in sorted(shows):
        if mirror.holds < step <= run.first_step:
            for show in shows[step]:
                show()


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
