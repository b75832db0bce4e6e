"""A folder given with --config-dir, looked through before Hydra composes it: it may come from a stranger.

The lab's own settings are values and names, and cannot run anything. Hydra's settings can: callbacks and launchers are
built from ``_target_``, and log handlers from any function's name. So YAML from outside does not reach them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from faceswap_lab.cli.groups import ADDED
from faceswap_lab.config import ConfigError

_RUNS_CODE = re.compile(r"_target_|oc\.(create|decode)|(?<![\w.])hydra(?!\w)")
_PACKAGE = re.compile(r"^\s*#\s*@package\s+(\S+)", re.MULTILINE)


def check_own_groups(folder: Path) -> None:
    """Refuse YAML files below ``folder`` that cannot be read, lack their header or reach for what can run code.

    Raises:
        ConfigError: names the file and the words.
    """
    if (folder / "hydra").exists():
        raise ConfigError(f"{folder / 'hydra'}: {_REMEDY}")
    for path in folder.rglob("*"):
        if path.is_symlink() and path.is_dir():
            raise ConfigError(f"{path}: a link to a folder is not followed. Keep groups in a folder of their own.")
    for path in sorted(folder.rglob("*.yaml")):
        if path.parent.name in ADDED and "_global_" not in _packages(path):
            raise ConfigError(f"{path}: {_GLOBAL}")
        for word in _words(path):
            found = _RUNS_CODE.search(word)
            if found:
                raise ConfigError(f"{path}: '{found[0]}' in '{word[:60]}': {_REMEDY}")


_GLOBAL = "an experiment sets values of several groups. Write '# @package _global_' as its first line."
_REMEDY = (
    "a folder of groups sets values of the lab only, never Hydra's own, which can run code. "
    "Choose an encoder, a loss and the like by name, and give hydra.* settings on the command line."
)


def _words(path: Path) -> Iterator[str]:
    """Yield every key, value and package of a YAML file, with escapes resolved."""
    import yaml  # type: ignore[import-untyped]

    yield from _packages(path)
    try:
        text = path.read_text(encoding="utf-8")
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                yield event.value
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error


def _packages(path: Path) -> list[str]:
    return _PACKAGE.findall(path.read_text(encoding="utf-8", errors="replace"))
