"""The cells of a sweep: every combination of what the overrides offer, judged before the first is launched."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceswap_lab.cli.compose import Compose
from faceswap_lab.cli.job.digest import digest_of
from faceswap_lab.cli.job.faces import check_pictures, faces_of
from faceswap_lab.cli.job.judge import judged
from faceswap_lab.cli.job.status import JobStatus
from faceswap_lab.config import Config, ConfigError, Conflict, RenderedData
from faceswap_lab.options import Options
from faceswap_lab.runs.atomic import StorageError
from faceswap_lab.runs.folder import find_all
from faceswap_lab.runs.result import sound_result

if TYPE_CHECKING:
    from faceswap_lab.data.faces import FaceData

Axes = dict[str, list[str]]
"""By its key as it is written (``+experiment``) every value that an override offers: several if it is swept over."""

Cell = tuple[list[str], JobStatus]
"""The overrides of a cell, and how it ended."""


def axes_of(overrides: Sequence[str], params: Mapping[str, object], loader: Any) -> Axes:
    """Return what is swept over, and what is the same in all cells; typed overrides replace the ``params`` of a YAML.

    Hydra's loader looks for the options that ``glob(…)`` means.

    Raises:
        ConfigError: a range of numbers without end is asked for, or a group is added twice.
        hydra.errors.HydraException: an override that Hydra cannot read.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    axes: Axes = {}
    parser = OverridesParser.create(config_loader=loader)
    given = parser.parse_overrides([*(f"{key}={value}" for key, value in params.items()), *overrides])
    added = Counter(override.get_key_element() for override in given[len(params) :])
    for key, times in added.items():
        if times > 1 and key.startswith("+") and "." not in key:
            raise ConfigError(
                f"{key} is given {times} times. Write {key}=one,other, or {key}=[one,other] for both at once."
            )
    for override in given:
        if override.is_sweep_override() and not override.is_discrete_sweep():
            raise ConfigError(f"{override.input_line}: every combination of this cannot be run. Name the values.")
        value = override.get_value_element_as_str
        axes[override.get_key_element()] = (
            list(override.sweep_string_iterator()) if override.is_sweep_override() else [value()]
        )
    return axes


def combinations(axes: Axes) -> list[list[str]]:
    """Return the overrides of each cell, the last axis changing fastest."""
    return [list(cell) for cell in itertools.product(*([f"{key}={v}" for v in axes[key]] for key in axes))]


class Composer:
    """From overrides to judged configurations; cells that differ in their seed alone are composed once."""

    def __init__(self, compose: Compose, folders: Sequence[Path]) -> None:
        self.compose, self.options = compose, Options(folders)
        self._composed: dict[tuple[str, ...], Any] = {}
        self._pictures: dict[object, FaceData] = {}

    def config(self, overrides: Sequence[str]) -> Config:
        """Return the configuration that overrides mean.

        Raises:
            ConfigError: it means nothing; a Conflict if that is for the combination.
            hydra.errors.HydraException: it cannot be composed.
        """
        from omegaconf import OmegaConf

        seeds = [word for word in overrides if word.startswith("seed=") and word[5:].isdecimal()]
        key = tuple(word for word in overrides if word not in seeds)
        if key not in self._composed:
            self._composed[key] = self.compose(list(key))
        if seeds:
            OmegaConf.update(self._composed[key], "seed", int(seeds[-1][5:]))
        return judged(self._composed[key], self.options)

    def digest(self, config: Config) -> str:
        """Return the hash in the run folder's name. A person's pictures are looked at once for all cells."""
        if isinstance(config.data, RenderedData):
            return digest_of(config)
        key = config.data, config.model.resolution, config.augmentation.coverage
        if key not in self._pictures:
            self._pictures[key] = faces_of(config)
        check_pictures(config, self._pictures[key])  # a cell may ask more of them than another
        return digest_of(config, self._pictures[key].fingerprint)


def plan(cells: Sequence[list[str]], composer: Composer) -> tuple[list[list[str]], list[Cell]]:
    """Judge every cell, and look for its result; return those to be launched, and those finished already or refused.

    A combination that means nothing closes its cell; what means nothing in any cell is no reason to begin.

    Raises:
        ConfigError: a value means nothing, or all combinations do.
        hydra.errors.HydraException: a cell cannot be composed.
    """
    to_run, closed, known = list[list[str]](), list[Cell](), dict[str, Any]()
    for cell in cells:
        try:
            status = _closed(composer, cell, known)
        except Conflict as conflict:
            status = JobStatus("refused", message=str(conflict))
        if status:
            closed.append((cell, status))
        else:
            to_run.append(cell)
    refused = [status.message for _, status in closed if status.state == "refused"]
    if refused and len(refused) == len(cells):
        raise Conflict(refused[0])
    return to_run, closed


def _closed(composer: Composer, cell: list[str], known: dict[str, Any]) -> JobStatus | None:
    """Return the status of a cell that is finished already. What cannot be told here is left to the cell's process."""
    from omegaconf.errors import OmegaConfBaseException

    try:
        config = composer.config(cell)
        digest = composer.digest(config)
    except (OmegaConfBaseException, StorageError):
        return None
    if config.force or config.logger.kinds:  # a mirror may not know the run yet
        return None
    if config.runs_dir not in known:
        known[config.runs_dir] = find_all(Path(config.runs_dir))
    folder = known[config.runs_dir].get((config.seed, digest))
    return JobStatus("reused", str(folder.path)) if folder and sound_result(folder) else None
