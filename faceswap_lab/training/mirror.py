"""What a mirror of metrics.csv is, and what it is told about the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from PIL import Image


@dataclass(frozen=True)
class Described:
    """A run as a mirror presents it.

    Attributes:
        folder: the run's folder; a mirror writes below it. Its name is the run's name.
        first_step: the training step from which this session goes on; 0: the run begins.
        begun: when and where the run began, so that the same configuration run twice is two runs to a server.
        arm: the run's label.
        study: the study it is a cell of; None: none.
        tags: what to find it by: its scale, and the options in which it differs from the baseline.
        config: the resolved configuration in JSON's types.
        project: W&B's project.
        entity: W&B's account or team; None: the one that W&B takes by itself.
        mode: W&B's mode: offline needs no account.
    """

    folder: Path
    first_step: int
    begun: str
    arm: str
    study: str | None
    tags: tuple[str, ...]
    config: dict[str, Any]
    project: str
    entity: str | None
    mode: str


class Mirror(Protocol):
    """Shows a run somewhere else. Whatever it raises costs the mirror, never the run. Steps are training steps."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Show numbers of a step."""

    def picture(self, name: str, path: Path, step: int) -> None:
        """Show a PNG file under a name; later ones of the same name follow it."""

    def result(self, values: Mapping[str, float], step: int) -> None:
        """Show what came out of the run at its last step."""

    def close(self, failed: bool) -> None:
        """Hand over what waits, and say how the run ended."""


def caption_of(path: Path) -> str:
    """Return what a PNG of ours says about itself: whose faces, at which step, and that a model made them."""
    with Image.open(path) as image:
        return ". ".join(image.info[key] for key in ("Title", "Description") if key in image.info)
