"""What a mirror of metrics.csv is, and what it is told about the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from faceswap_lab.config import Config
from faceswap_lab.config.schema import Logger
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.identity import identity, plain
from faceswap_lab.runs.sessions import read_sessions


@dataclass(frozen=True)
class Described:
    """A run as a mirror presents it.

    Attributes:
        folder: the run's folder; a mirror writes below it. Its name is the run's name.
        first_step: the training step from which this session goes on; 0: the run begins.
        last_step: the run's last training step.
        begun: when and where the run began, so that the same configuration run twice is two runs to a server.
        arm: the run's label.
        study: the study it is a cell of; None: none.
        sweep: the name of the sweep it is a cell of; None: none.
        tags: what to find it by: its scale, and the options in which it differs from the baseline.
        config: the resolved configuration in JSON's types.
        identity: the part of it that can change the result.
        settings: the configuration's logger.
    """

    folder: RunFolder
    first_step: int
    last_step: int
    begun: str
    arm: str
    study: str | None
    sweep: str | None
    tags: tuple[str, ...]
    config: dict[str, Any]
    identity: dict[str, Any]
    settings: Logger


def described(
    config: Config, folder: RunFolder, label: str, options: Sequence[str], sweep: str | None, first_step: int
) -> Described:
    """Describe a run whose first session has begun.

    Args:
        config: the run's.
        folder: the run's.
        label: the run's.
        options: ``group=option`` of the groups in which it differs from the baseline.
        sweep: the sweep it is a cell of.
        first_step: the training step from which this session goes on; a finished run's last one.
    """
    first = next(iter(read_sessions(folder)), {})  # a file that somebody has edited may lack it, or what is in it
    study = config.study.name if config.study else None
    return Described(
        folder=folder,
        first_step=first_step,
        last_step=config.training.max_steps,
        begun=f"{first.get('start')} {first.get('hardware')}",
        arm=label,
        study=study,
        sweep=sweep,
        tags=(*([study] if study else []), config.scale.name, label, *options),
        config=plain(config),
        identity=identity(config),
        settings=config.logger,
    )


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
