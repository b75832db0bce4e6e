"""``plugins=[my_module]``: typed, it is a person's consent to run that code. So it is no setting, as a YAML holds.

Beside the plugins that are typed there are those that are installed. Both may bring groups of their own: ``conf`` in
the plugin's package, which Hydra finds through ``hydra_plugins/faceswap_lab.py``.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from faceswap_lab.cli.groups import conf_dir
from faceswap_lab.plugins import PluginError
from faceswap_lab.plugins.finding import groups_of, import_plugins, installed, look_in
from faceswap_lab.plugins.used import description, sound
from faceswap_lab.refusal import ConfigError, NoSuchOption

_WORD = "plugins="


@dataclass
class Plugged:
    """The plugins of the command in hand: the modules that were typed, and where groups of all plugins lie."""

    typed: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()

    @property
    def words(self) -> list[str]:
        """How the command names them."""
        return [f"{_WORD}[{','.join(self.typed)}]"] if self.typed else []


PLUGGED = Plugged()


@contextmanager
def refusing_plugins() -> Iterator[None]:
    """Turn what the body raises of plugins into a ConfigError."""
    try:
        yield
    except PluginError as error:
        raise ConfigError(str(error)) from error


def plug_in(words: Sequence[str], composes: bool, imports: bool = True) -> tuple[list[str], list[Path]]:
    """Import the plugins that words name; return the other words, and the folders where groups lie, ours first.

    Installed plugins bring groups too, where a configuration is to be composed. Nothing is imported for a help page.

    Raises:
        ConfigError: a plugin is not there, or cannot be used.
    """
    typed, others = _taken(words)
    if typed:
        look_in(Path.cwd())
    with refusing_plugins():
        if imports:
            import_plugins(typed)
        modules = dict.fromkeys([*typed, *(installed() if composes else ())])
        folders = [folder for module in modules if (folder := groups_of(module))]
    PLUGGED.typed, PLUGGED.folders = tuple(typed), tuple(folders)
    return others, [conf_dir(), *folders]


def missing_plugin(error: ConfigError) -> str:
    """Return which plugin had the option that is not here, as the record of a run says that chose it; or nothing."""
    if not isinstance(error, NoSuchOption):
        return ""
    from faceswap_lab.runs.folder import RunFolder
    from faceswap_lab.runs.sessions import read_sessions  # here, so that --help needs nothing of runs

    root = runs_dir_of(sys.argv[1:])
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        for session in read_sessions(RunFolder(path)):
            for record in sound(session.get("plugins")):
                if error.chosen in record["adds"]:
                    return f" {path} was made with the {description(record)}"
    return ""


def runs_dir_of(words: Sequence[str]) -> Path:
    """Return the runs folder that a command line names, as typed or as Hydra reads it, or the usual one."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    named = [word.lstrip("+") for word in words if word.lstrip("+").startswith("runs_dir=")]
    if not named:
        return Path("runs")
    try:
        return Path(str(OverridesParser.create().parse_override(named[-1]).value()))
    except HydraException:
        return Path(named[-1].partition("=")[2])


def _taken(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the modules that words name, and the other words."""
    named = [word for word in words if word.startswith(_WORD)]
    modules = [name.strip() for word in named for name in word.removeprefix(_WORD).strip("[]").split(",")]
    for name in modules:
        if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name):
            raise ConfigError(f"{named[0]}: '{name}' is no module's name. As Python imports it: {_WORD}[my_module]")
        if name.endswith(".py"):
            raise ConfigError(f"{named[0]}: a module's name is that of its file without .py.")
    return list(dict.fromkeys(modules)), [word for word in words if word not in named]
