"""Settings by names of their user's own, each of some kind, as far as kinds can be judged: terms of a loss, events."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from faceswap_lab.config.check import read
from faceswap_lab.refusal import ConfigError, nearest

T = TypeVar("T")


def read_kind(
    told: Any, name: str, where: str, kinds: Mapping[str, type[T]], other: type[T], usual: Mapping[str, Any], such: str
) -> T:
    """Read what is told of ``name`` as an instance of the dataclass of its kind: ``kind``, or else the name itself.

    Args:
        told: settings by name.
        name: what they are called by.
        where: the key that holds them, for messages.
        kinds: the schemas by kind.
        other: the schema of kinds that are not among these; what it does not know is collected in its ``others``.
        usual: values of settings that are not given.
        such: a setting and a value, for the message to one who gave a bare value.

    Raises:
        ConfigError: they mean nothing.
    """
    if not isinstance(told, Mapping):
        raise ConfigError(f"{where}={told!r}: expected settings by name. Such as {where}.{such}")
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise ConfigError(f"{where}: '{name}' is no name: a letter, then letters, digits and _ only.")
    kind = told.get("kind", name)
    schema = kinds.get(str(kind), other)
    known = [field.name for field in dataclasses.fields(schema) if field.name != "others"]  # type: ignore[arg-type]
    others = {key: value for key, value in told.items() if key not in known}
    if schema is other:
        told = {key: value for key, value in told.items() if key in known} | {"others": others}
    elif others:
        key = next(iter(others))
        raise ConfigError(f"{where}.{key}: no such setting.{nearest(key, known)} Known: {', '.join(known)}.")
    return read(schema, {"kind": kind, **usual, **told}, {}, where)
