"""A folder given with --config-dir, looked through before Hydra composes it: it may come from a stranger.

The lab's own settings are values and names, and cannot run anything. Hydra's settings can: callbacks and launchers are
built from ``_target_``, and log handlers from any function's name. So YAML from outside does not reach them, but for a
study's sweep.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from faceswap_lab.cli.groups import ADDED
from faceswap_lab.config import ConfigError

_RUNS_CODE = re.compile(r"(?<!\w)_target_(?!\w)|oc\.(create|decode)|(?<!\w)hydra(?!\w)")
_SWEEP = re.compile(r"[\w.,+()\[\] -]*")  # names, numbers, range(0,8): nothing that Hydra would look up or resolve
_PLAIN = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:int")
_PACKAGE = re.compile(r"^\s*#\s*@package\s+(\S+)", re.MULTILINE)


def check_groups(folders: Sequence[Path]) -> None:
    """Refuse what ``check_own_groups`` does, and a file by whose name Hydra takes one of an earlier folder.

    Raises:
        ConfigError: names the file.
    """
    for i, folder in enumerate(folders[1:], 1):
        check_own_groups(folder)
        for path in sorted(folder.glob("*/*.yaml")):
            name = path.relative_to(folder)
            if any((earlier / name).is_file() for earlier in folders[:i]):
                raise ConfigError(f"{path}: there is {path.parent.name}={path.stem} already. Call yours otherwise.")


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
        name = str(path.relative_to(folder).with_suffix(""))  # a package may be made of it: _group_, _name_
        for word in (name, *_words(path)):
            found = _RUNS_CODE.search(word)
            if found:
                raise ConfigError(f"{path}: '{found[0]}' in '{word[:60]}': {_REMEDY}")


_GLOBAL = (
    "an experiment, a peer or a study sets values of several groups. Write '# @package _global_' as its first line."
)
_REMEDY = (
    "a folder of groups sets values of the lab only, never Hydra's own, which can run code. "
    "Choose an encoder, a loss and the like by name, and give hydra.* settings on the command line. "
    "A study may set hydra.mode: MULTIRUN, and hydra.sweeper.params of +experiment and seed."
)


def _words(path: Path) -> Iterator[str]:
    """Yield every key, value and package of a YAML file, with escapes resolved; of a study not its sweep."""
    import yaml  # type: ignore[import-untyped]

    yield from _packages(path)
    try:
        roots = list(yaml.compose_all(path.read_text(encoding="utf-8"), yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    for root in roots:
        yield from _scalars(_without_sweep(root) if path.parent.name == "study" else root)


def _without_sweep(root: Any) -> Any:
    """Return a study's root node without its ``hydra`` key, if that says no more than a sweep."""
    import yaml

    if not isinstance(root, yaml.MappingNode):
        return root
    left = [(key, value) for key, value in root.value if not (key.value == "hydra" and _is_a_sweep(value))]
    return yaml.MappingNode(root.tag, left)


def _is_a_sweep(node: Any) -> bool:
    """Tell whether a node is ``{mode: MULTIRUN, sweeper: {params: {+experiment: …, seed: …}}}``, or less.

    It is looked at as parsed, before anything is merged or resolved, so no spelling hides another key.
    """

    def axis(node: Any) -> bool:
        return _SWEEP.fullmatch(_text(node) or "$") is not None

    def sweeper(node: Any) -> bool:
        return _only(node, params=lambda params: _only(params, seed=axis, **{"+experiment": axis}))

    return _only(node, mode=lambda mode: _text(mode) == "MULTIRUN", sweeper=sweeper)


def _only(node: Any, **allowed: Callable[[Any], bool]) -> bool:
    """Tell whether a node is a mapping of these keys alone, each with a value that passes."""
    import yaml

    return isinstance(node, yaml.MappingNode) and all(
        (name := _text(key)) is not None and name in allowed and allowed[name](value) for key, value in node.value
    )


def _text(node: Any) -> str | None:
    """Return a scalar's text if it is a plain string or whole number, else None."""
    import yaml

    return node.value if isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN else None


def _scalars(root: Any) -> Iterator[str]:
    """Yield the text of every scalar below a node; each node once, for it may contain itself."""
    import yaml

    seen: set[int] = set()  # of nodes that the root keeps alive: no other can have their ids
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif node is not None:
            waiting += node.value


def _packages(path: Path) -> list[str]:
    return _PACKAGE.findall(path.read_text(encoding="utf-8", errors="replace"))
