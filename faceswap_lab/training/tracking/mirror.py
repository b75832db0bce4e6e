"""What a mirror of metrics.csv is, and what it is told about the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from faceswap_lab.config import Config
from faceswap_lab.runs.folder import RunFolder


@dataclass(frozen=True)
class Described:
    """What a mirror is told of a run, once its first session has begun.

    Attributes:
        config: the run's.
        folder: the run's; a mirror writes below it. Its name is the run's name.
        label: the run's.
        options: ``group=option`` of the groups in which it differs from the baseline.
        sweep: the name of the sweep it is a cell of; None: none.
        first_step: the training step from which this session goes on; a finished run's last one.
    """

    config: Config
    folder: RunFolder
    label: str
    options: Sequence[str]
    sweep: str | None
    first_step: int


class Mirror(Protocol):
    """Shows a run somewhere else. Whatever it raises costs the mirror, never the run. Steps are training steps.

    Args:
        run: what is shown.

    Attributes:
        place: where it shows the run; a run that has finished is shown there once.
        holds: the step up to which it shows the run already; -1: nothing. What came later is shown to it again.
    """

    place: str
    holds: int

    def __init__(self, run: Described) -> None: ...

    @staticmethod
    def place_of(run: Described) -> str:
        """Return where the run would be shown."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Show numbers of a step."""

    def picture(self, name: str, path: Path, step: int) -> None:
        """Show a PNG file under a name; later ones of the same name follow it."""

    def result(self, values: Mapping[str, float], step: int) -> None:
        """Show what came out of the run at its last step; its weights and its final picture lie in the run folder."""

    def close(self, failed: bool) -> None:
        """Hand over what waits, and say how the run ended."""


def caption_of(path: Path) -> str:
    """Return what a PNG of ours says about itself: whose faces, at which step, and that a model made them."""
    with Image.open(path) as image:
        return ". ".join(image.info[key] for key in ("Title", "Description") if key in image.info)
