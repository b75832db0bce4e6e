"""Settings by their dotted key, ``training.max_steps``: which there are, and which was meant by one that is not."""

import dataclasses
import difflib
import typing
from functools import cache
from typing import Any, NamedTuple

from faceswap_lab.config.fields import types_of
from faceswap_lab.config.schema import Config
from faceswap_lab.refusal import ConfigError, nearest


def no_such_setting(key: str) -> ConfigError:
    """Return the refusal of a dotted key: what is known in its place, and the nearest spelling."""
    if key.split(".")[0] == "plugins":
        return ConfigError(
            "plugins: no YAML names them. They are installed, or typed on the command line: plugins=[my_module]"
        )
    if key == "experiment":  # where Hydra puts what an experiment's YAML says, unless told otherwise
        return ConfigError(
            "the YAML of an experiment sets what others hold, so its first line is '# @package _global_'. Add that line"
        )
    settings = _settings()
    if key in settings:
        return _not_here(key)
    parent, parts = "", key.split(".")
    while (further := f"{parent}.{parts[0]}".lstrip(".")) in settings:
        parent = further
        parts.pop(0)
    above = f"{parent}." if parent else ""
    known = {rest for rest in (one.removeprefix(above) for one in settings if one.startswith(above)) if "." not in rest}
    if not known and any(one.holds(dict) for one in settings[parent]):
        return ConfigError(f"'{key}' is not there yet: {parent} holds settings by name. Add +{key}=…")
    if not known:
        return ConfigError(f"there is no setting '{key}': {parent} is a value, and nothing lies under it.")
    words = sorted(known if parent else known | {"experiment"})  # a group that sets what others hold
    last = parts[-1]
    close = _in_a_group(parts[0], 1) or nearest(parts[0], words) or _in_a_group(last, 1) or _in_a_group(last, 0.6)
    where = f" under {parent}" if parent else ""
    return ConfigError(f"there is no setting '{key}'.{close} Known{where}: {', '.join(words)}.")


def _not_here(key: str) -> ConfigError:
    """Return the refusal of a setting that the chosen option of its group has not."""
    group = key.split(".")[0]
    if group == key:
        return ConfigError(f"'{key}' is the lab's to fill in, and nobody sets it.")
    options = [one.schema.__name__.lower().removesuffix(group) for one in _settings()[key]]
    if not all(options):  # one schema for the whole group: its options may leave the setting out
        return ConfigError(f"'{key}' is left out by the option chosen for {group}. Write +{key}=…")
    others = " or ".join(f"{group}={option}" for option in options)
    return ConfigError(f"'{key}' is no setting beside the option chosen for {group}. Add {others}.")


def wrong_shape(key: str, value: str) -> ConfigError:
    """Return the refusal of a list where settings stand by name, or of these where a list stands."""
    docs = [one.field.metadata["doc"] for one in _settings().get(key, ()) if "doc" in one.field.metadata]
    about = f" It is: {docs[0]}." if docs else ""
    expected = "a list such as [1,2]" if value.startswith("{") else "settings by name, not a list"
    return ConfigError(f"{key}={value}: expected {expected}.{about}")


def takes_any_text(key: str) -> bool:
    """Tell whether any text is a value of the setting ``key``: a path, a name. False if there is no such setting."""
    found = _settings().get(key, [])
    texts = {one.kind for one in found} <= {str, str | None}
    return bool(found) and texts and not any(one.field.metadata["choices"] for one in found)


@cache
def labels() -> set[str]:
    """Return the settings and groups that are no part of a run's identity, by dotted key."""
    return {
        key for key, found in _settings().items() if not all(one.field.metadata.get("identity", True) for one in found)
    }


class _Setting(NamedTuple):
    """A setting, or a group of them, in one of the schemas that have it."""

    schema: Any
    field: "dataclasses.Field[Any]"
    kind: Any

    def holds(self, kind: type) -> bool:
        return any(typing.get_origin(one) is kind for one in (self.kind, *typing.get_args(self.kind)))


@cache
def _settings() -> dict[str, list[_Setting]]:
    """Return all by dotted key, in the schema's order: several where a group's depend on its option, as data's do."""
    found: dict[str, list[_Setting]] = {}

    def add(schema: Any, where: str) -> None:
        for field in dataclasses.fields(schema):
            kind = types_of(schema)[field.name]
            found.setdefault(f"{where}{field.name}", []).append(_Setting(schema, field, kind))
            for inner in filter(dataclasses.is_dataclass, typing.get_args(kind) or (kind,)):
                add(inner, f"{where}{field.name}.")

    add(Config, "")
    return found


def _in_a_group(name: str, cutoff: float) -> str:
    """Return " Did you mean 'optimizer.lr'?" for ``lr``: the settings of that name, or one like it, in a group."""
    inside = [key for key in _settings() if "." in key and not key.startswith(_BUNDLE)]
    close = difflib.get_close_matches(name, {key.rpartition(".")[2] for key in inside}, n=1, cutoff=cutoff)
    meant = [key for key in inside if key.rpartition(".")[2] in close]
    return f" Did you mean {' or '.join(map(repr, meant))}?" if 0 < len(meant) <= 3 else ""  # 'name' is in every group


_BUNDLE = ("scale.", "peer.")  # their values are set where they are used
