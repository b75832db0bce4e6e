"""Settings by their dotted key, ``training.max_steps``: which there are, and whether a value can be one's value."""

import dataclasses
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
            raise ConfigError(
                f"there is no setting '{key}'.{nearest(part, words)} "
                f"Known{f' under {parent}' if parent else ''}: {', '.join(words)}."
            )
        found = [setting for schema in level for setting in _settings(schema, part)]
        level = [kind for hint, _ in found for kind in (typing.get_args(hint) or (hint,)) if _is_schema(kind)]
    return found


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
