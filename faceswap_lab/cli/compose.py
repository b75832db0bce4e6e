"""Composing with Hydra: within its main and, for the subcommands that run no job, outside of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faceswap_lab.cli.messages import refusal
from faceswap_lab.cli.own_groups import check_groups
from faceswap_lab.cli.plugins import runs_dir_of
from faceswap_lab.config import Config, ConfigError, Options


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the body raises because it cannot compose into a ConfigError."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError  # type: ignore[import-untyped]

    try:
        yield
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:  # Hydra raises all of them
        raise refusal(error) from error


Compose = Callable[..., Any]
"""From overrides to the configuration, as ``hydra.compose`` returns it."""


@contextmanager
def composing(folders: Sequence[Path]) -> Iterator[Compose]:
    """Yield what composes outside of Hydra's main with the groups of ``folders``, ours first.

    Raises:
        ConfigError: a folder reaches for what can run code; or, in the body, Hydra refuses.
    """
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    check_groups(folders)
    own = [f"hydra.searchpath=[{','.join(quoted(f'file://{folder}') for folder in folders[1:])}]"]
    GlobalHydra.instance().clear()
    with refusing(), initialize_config_dir(str(folders[0]), job_name="faceswap_lab", version_base="1.3"):
        yield lambda overrides, **how: compose("config", [*overrides, *own], **how)


def quoted(text: str) -> str:
    """Return a text as Hydra's grammar writes it, whatever is in it."""
    from hydra.core.override_parser.types import Quote, QuotedString

    return QuotedString(text, Quote.single).with_quotes()


def composed(overrides: Sequence[str], folders: Sequence[Path]) -> Config:
    """Return the configuration that a subcommand is about, judged as a run's is.

    Raises:
        ConfigError: they mean nothing.
    """
    from faceswap_lab.cli.job.judge import judged
    from faceswap_lab.cli.typed import as_hydra_reads

    options = Options(folders)
    with composing(folders) as compose:
        return judged(compose(as_hydra_reads(overrides, options, sweep=False)), options)


def without_axes(overrides: Sequence[str]) -> list[str]:
    """Return the overrides that have one value: what all cells of a sweep are told.

    Raises:
        hydra.errors.HydraException: an override that Hydra cannot read.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    read = OverridesParser.create().parse_overrides(list(overrides))
    return [str(override.input_line) for override in read if not override.is_sweep_override()]


def runs_dir_of_sweep(overrides: Sequence[str], folders: Sequence[Path]) -> Path:
    """Return the runs folder of a sweep as its cells are told it: a word, what it refers to, or an experiment names it.

    Where that cannot be told without the axes it is the one that the command line names.
    """
    try:
        with composing(folders) as compose:  # without Hydra's own settings, of which the lab adds some later
            told = [word for word in without_axes(overrides) if not word.lstrip("+~").startswith("hydra")]
            return Path(str(compose(told).runs_dir))
    except ConfigError:  # what means nothing is refused where the cells are composed
        return runs_dir_of(overrides)
