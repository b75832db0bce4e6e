"""Hydra takes plugins from this namespace only: the lab's sweeper, and where groups lie, by names that Hydra finds."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from faceswap_lab.cli.plugins import PLUGGED
from faceswap_lab.cli.sweep import sweeper


class EveryCombination(sweeper.EveryCombination):
    """See there."""


class GroupsOfPlugins(SearchPathPlugin):
    """Lets Hydra find the groups that the lab's plugins bring; see ``cli.plugins``."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add their folders, behind the lab's own."""
        for folder in PLUGGED.folders:
            search_path.append("faceswap_lab.plugins", f"file://{folder}")
