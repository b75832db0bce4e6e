"""Composing configurations outside of Hydra's main: for the subcommands, which run no job."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


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
