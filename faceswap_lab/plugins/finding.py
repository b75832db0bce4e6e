"""Where plugins come from: the packages that are installed, and the modules that were typed."""

import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from faceswap_lab.plugins.plugin import IMPORTED, PluginError, forget

GROUP = "faceswap_lab.plugins"  # of entry points


@cache
def installed() -> dict[str, str]:
    """Return the plugins that are installed: module → its distribution and version. None of them is imported."""
    from importlib.metadata import entry_points  # here and not above: takes longer to load than all the rest

    found = {point.module: point.dist for point in entry_points(group=GROUP)}
    return {module: f"{dist.name} {dist.version}" if dist else "" for module, dist in sorted(found.items())}


def groups_of(module: str) -> Path | None:
    """Return the folder of a plugin's own groups, ``conf`` in its package; None: it has none.

    Args:
        module: the plugin's; no more is imported than the package that it lies in.
    """
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):  # what it should lie in is not there
        return None
    places = (spec.submodule_search_locations if spec else None) or ()
    return next((Path(place) / "conf" for place in places if (Path(place) / "conf").is_dir()), None)


def look_in(folder: Path) -> None:
    """Let typed plugins lie in a folder, that of the command; whatever is installed comes before it."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def import_plugins(modules: Iterable[str]) -> None:
    """Import plugins that a person has named or installed.

    Args:
        modules: their names.

    Raises:
        PluginError: one is not there, cannot be imported, or adds nothing.
    """
    for module in modules:
        _import(module)


def _import(module: str) -> None:
    try:
        import_module(module)
    except PluginError:
        forget(module)
        raise
    except (Exception, SystemExit) as error:  # a module may end with sys.exit(main())
        forget(module)
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise PluginError(
                f"plugin {module}: there is no such module, neither installed nor in the folder of the command. "
                "Install its package, or give the command where it lies."
            ) from error
        raise PluginError(f"plugin {module}: importing it failed. {type(error).__name__}: {error}") from error
    if not any(f"{name}.".startswith(f"{module}.") for name in IMPORTED):
        raise PluginError(f"plugin {module}: it adds nothing. It needs plugin = Plugin(__name__): see docs/plugins.md.")
