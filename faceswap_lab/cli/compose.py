"""Composing configurations outside of Hydra's main: for the subcommands, which run no job."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from faceswap_lab.cli.groups import group_options
from faceswap_lab.cli.messages import without_jargon
from faceswap_lab.cli.overrides import check_overrides
from faceswap_lab.cli.own_groups import check_own_groups
from faceswap_lab.config import Config, ConfigError, load


@contextmanager
def judged(words: Sequence[str], folders: Sequence[Path]) -> Iterator[dict[str, list[str]]]:
    """Judge a subcommand's overrides as those of a run are judged, and yield the options of every group.

    Args:
        words: overrides as typed.
        folders: where groups lie, ours first; a person's own is looked through.

    Raises:
        ConfigError: the words mean nothing, a folder reaches for what can run code, or, in the body too, Hydra refuses.
    """
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError  # type: ignore[import-untyped]

    from faceswap_lab.cli.values import check_values

    groups = group_options(folders)
    check_overrides(words, groups)
    for folder in folders[1:]:
        check_own_groups(folder)
    try:
        check_values(words, groups)
        yield groups
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise ConfigError(without_jargon(error)) from error


@contextmanager
def composing(folders: Sequence[Path]) -> Iterator[None]:
    """Let ``hydra.compose`` work in the body as the program itself composes.

    Args:
        folders: where groups lie, ours first; a person's own folder comes where Hydra's --config-dir puts it.
    """
    from hydra._internal.hydra import Hydra
    from hydra._internal.utils import create_config_search_path
    from hydra.core.config_search_path import SearchPathQuery
    from hydra.core.global_hydra import GlobalHydra

    path = create_config_search_path(str(folders[0]))
    for folder in folders[1:]:
        path.prepend("command-line", f"file://{folder}", anchor=SearchPathQuery(provider="schema"))
    GlobalHydra.instance().clear()
    Hydra.create_main_hydra2(task_name="faceswap_lab", config_search_path=path)
    try:
        yield
    finally:
        GlobalHydra.instance().clear()


def composed(words: Sequence[str], folders: Sequence[Path]) -> Config:
    """Return the configuration that overrides stand for.

    Args:
        words: overrides as typed.
        folders: where groups lie, ours first.

    Raises:
        ConfigError: the words mean nothing, or contradict one another.
    """
    from hydra import compose
    from omegaconf import OmegaConf

    with judged(words, folders) as groups, composing(folders):
        return load(OmegaConf.to_container(compose("config", list(words)), resolve=True), groups)
