"""Overrides judged by their spelling, before Hydra or anything heavy is loaded.

Hydra refuses a wrong key too, but late, at length, and without the nearest right word. What cannot be judged by
spelling alone (sweeps by function, interpolations, values) is left to Hydra and to ``faceswap_lab.config``.
"""

import dataclasses
import re
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from faceswap_lab.config import Config, ConfigError
from faceswap_lab.config.check import nearest

_OVERRIDE = re.compile(r"^(?P<prefix>\+{0,2}|~)(?P<key>[^=\s]+?)(?:=(?P<value>.*))?$", re.DOTALL)
_SIMPLE = re.compile(r"^[\w.,-]+$")
_APPENDED = ("experiment", "study")  # groups that are not in the primary defaults list: Hydra wants a plus sign


def check_overrides(overrides: Sequence[str], options: Mapping[str, list[str]]) -> None:
    """Raise ConfigError for the first override whose key or option does not exist.

    Args:
        overrides: words such as ``seed=3``, ``+experiment=two_encoders``, ``model.code_size=64``.
        options: the options of every group.
    """
    for override in overrides:
        match = _OVERRIDE.match(override)
        if match is None or (match["value"] is None and match["prefix"] != "~"):
            raise ConfigError(f"'{override}': expected key=value, such as seed=3 or decoder_activation=tanh.")
        _check(override, match["prefix"], match["key"].split("@")[0], match["value"], options)


def _check(override: str, prefix: str, key: str, value: str | None, options: Mapping[str, list[str]]) -> None:
    head = re.split(r"[./]", key)[0]
    if head == "hydra":
        return
    if key in options:
        if key in _APPENDED and not prefix:
            raise ConfigError(f"{override}: {key} is added to the baseline. Write +{override}")
        _check_option(key, value or "", options[key])
        return
    if key in _APPENDED:
        raise ConfigError(f"{override}: there is no {key} to choose from.")
    _check_key(override, key, options)


def _check_option(group: str, value: str, known: Sequence[str]) -> None:
    if not _SIMPLE.match(value):
        return
    for option in value.split(","):
        if option not in known and option != "null":
            raise ConfigError(
                f"{group}={option}: no such option.{nearest(option, known)} Choose one of: {', '.join(known)}."
            )


def _check_key(override: str, key: str, options: Mapping[str, list[str]]) -> None:
    level: list[Any] = [Config]
    for depth, part in enumerate(key.split(".")):
        known = {f.name: f for schema in level for f in dataclasses.fields(schema)}
        if part not in known:
            parent = ".".join(key.split(".")[:depth])
            words = [*known, *(options if not parent else ())]
            raise ConfigError(
                f"{override}: there is no setting '{key}'.{nearest(part, words)} "
                f"Known{f' under {parent}' if parent else ''}: {', '.join(sorted(set(words)))}."
            )
        level = _schemas(
            [typing.get_type_hints(schema)[part] for schema in level if part in typing.get_type_hints(schema)]
        )
        if not level:
            return


def _schemas(hints: Sequence[Any]) -> list[Any]:
    alternatives = [a for hint in hints for a in (typing.get_args(hint) or (hint,))]
    return [a for a in alternatives if dataclasses.is_dataclass(a)]
