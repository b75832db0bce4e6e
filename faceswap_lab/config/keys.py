"""Settings by their dotted key, ``training.max_steps``: which there are, and whether a value can be one's value."""

import dataclasses
import difflib
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from faceswap_lab.config.check import ConfigError, nearest, read_value
from faceswap_lab.config.schema import Config

Setting = tuple[Any, "dataclasses.Field[Any]"]  # its type, its field


def settings_called(key: str, besides: Iterable[str] = ()) -> list[Setting]:
    """Return what ``key`` can stand for: several settings where a group's schema depends on its name, as data's does.

    What lies inside a value (``augmentation.photometric.0.p``) is that value's own matter: nothing is returned.

    Args:
        key: the dotted key.
        besides: further words that would be right in the place of its first one, for the message.

    Raises:
        ConfigError: there is no such setting.
    """
    level: list[type] = [Config]
    found: list[Setting] = []
    for depth, part in enumerate(key.split(".")):
        if not level:
            return []
        known = {field.name for schema in level for field in dataclasses.fields(schema)}
        if part not in known:
            parent = ".".join(key.split(".")[:depth])
            words = sorted(known.union(() if parent else besides))
            close = _elsewhere(part, words) or nearest(part, words) or _elsewhere(key.split(".")[-1], ())
            raise ConfigError(
                f"there is no setting '{key}'.{close} Known{f' under {parent}' if parent else ''}: {', '.join(words)}."
            )
        found = [setting for schema in level for setting in _settings(schema, part)]
        level = [kind for hint, _ in found for kind in (typing.get_args(hint) or (hint,)) if _is_schema(kind)]
    return found


def _elsewhere(name: str, here: Iterable[str]) -> str:
    """Return " Did you mean 'optimizer.lr'?" for ``lr``: the settings so called, or nearly so, that lie in a group."""
    leaves = [leaf for leaf in _leaves(Config) if "." in leaf and not leaf.startswith(_BUNDLE)]
    names = {leaf.rpartition(".")[2] for leaf in leaves}
    close = difflib.get_close_matches(name, {*names, *here}, n=1)
    meant = [leaf for leaf in leaves if leaf.rpartition(".")[2] in close]
    if not 0 < len(meant) <= 3 or (name not in names and close[0] in here):  # 'name' is in every group
        return ""
    return f" Did you mean {' or '.join(map(repr, meant))}?"


_BUNDLE = "scale."  # its values are set where they are used


def _leaves(schema: type, where: str = "") -> list[str]:
    """Return the dotted keys of all settings in the order of the schema, each once."""
    found: dict[str, None] = {}
    for name, hint in typing.get_type_hints(schema).items():
        inner = [kind for kind in (typing.get_args(hint) or (hint,)) if _is_schema(kind)]
        for kind in inner:
            found |= dict.fromkeys(_leaves(kind, f"{where}{name}."))
        if not inner:
            found[f"{where}{name}"] = None
    return list(found)


def check_value(key: str, value: object) -> None:
    """Raise ConfigError if ``value`` can never be the value of the setting ``key``, whatever else is set."""
    errors = []
    for hint, field in settings_called(key):
        try:
            if not isinstance(value, Mapping):  # a mapping is merged into what is there: judged when composed
                read_value(hint, value, field, {}, key)
            return
        except ConfigError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _settings(schema: type, name: str) -> list[Setting]:
    hints = typing.get_type_hints(schema)
    return [(hints[name], field) for field in dataclasses.fields(schema) if field.name == name]


def _is_schema(kind: object) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)
