"""Settings by their dotted key, ``training.max_steps``: which there are, and which was meant by one that is not."""

import dataclasses
import difflib
import typing
from typing import Any

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
    schemas: list[Any] = [Config]
    parent = ""
    for part in key.split("."):
        known = {name for schema in schemas for name in types_of(schema)}
        if parent and not schemas and _is_mapping(parent):
            return ConfigError(f"'{key}' is not there yet: {parent} holds settings by name. Add +{key}=…")
        if part not in known:
            break
        parent = f"{parent}.{part}" if parent else part
        schemas = [kind for schema in schemas if part in types_of(schema) for kind in _inner(schema, part)]
    else:
        group = key.split(".")[0]
        if group == key:
            return ConfigError(f"'{key}' is the lab's to fill in, and nobody sets it.")
        options = [schema.__name__.lower().removesuffix(group) for schema in _having(key)]
        if not all(options):  # one schema for the whole group: its options may leave the setting out
            return ConfigError(f"'{key}' is left out by the option chosen for {group}. Write +{key}=…")
        others = " or ".join(f"{group}={option}" for option in options)
        return ConfigError(f"'{key}' is no setting beside the option chosen for {group}. Add {others}.")
    if not known:
        return ConfigError(f"there is no setting '{key}': {parent} is a value, and nothing lies under it.")
    words = sorted(known if parent else known | {"experiment"})  # a group that sets what others hold
    last = key.rpartition(".")[2]
    close = _in_a_group(part, 1) or nearest(part, words) or _in_a_group(last, 1) or _in_a_group(last, 0.6)
    where = f" under {parent}" if parent else ""
    return ConfigError(f"there is no setting '{key}'.{close} Known{where}: {', '.join(words)}.")


def wrong_shape(key: str, value: str) -> ConfigError:
    """Return the refusal of a list where settings stand by name, or of these where a list stands."""
    docs = [field.metadata["doc"] for field in _fields(key) if "doc" in field.metadata]
    about = f" It is: {docs[0]}." if docs else ""
    expected = "a list such as [1,2]" if value.startswith("{") else "settings by name, not a list"
    return ConfigError(f"{key}={value}: expected {expected}.{about}")


def takes_any_text(key: str) -> bool:
    """Tell whether any text is a value of the setting ``key``: a path, a name. False if there is no such setting."""
    *_, last = key.split(".")
    fields = _fields(key)
    hints = [types_of(schema)[last] for schema in _having(key)]
    return bool(hints) and set(hints) <= {str, str | None} and not any(f.metadata["choices"] for f in fields)


def _is_mapping(key: str) -> bool:
    """Tell whether a setting holds further ones by names that are its user's to choose."""
    *_, last = key.split(".")
    hints = [types_of(schema)[last] for schema in _having(key)]
    return any(typing.get_origin(kind) is dict for hint in hints for kind in (hint, *typing.get_args(hint)))


def _fields(key: str) -> "list[dataclasses.Field[Any]]":
    """Return the setting in each of the schemas that have it."""
    *_, last = key.split(".")
    return [field for schema in _having(key) for field in dataclasses.fields(schema) if field.name == last]


def _having(key: str) -> list[Any]:
    """Return the schemas that have the setting: several where a group's depends on its option, as data's does."""
    *groups, last = key.split(".")
    schemas: list[Any] = [Config]
    for part in groups:
        schemas = [kind for schema in schemas if part in types_of(schema) for kind in _inner(schema, part)]
    return [schema for schema in schemas if last in types_of(schema)]


def _inner(schema: Any, name: str) -> list[Any]:
    """Return the dataclasses that a field may hold."""
    hint = types_of(schema)[name]
    return [kind for kind in (typing.get_args(hint) or (hint,)) if dataclasses.is_dataclass(kind)]


def _in_a_group(name: str, cutoff: float) -> str:
    """Return " Did you mean 'optimizer.lr'?" for ``lr``: the settings of that name, or one like it, in a group."""
    leaves = [leaf for leaf in _leaves(Config) if "." in leaf and not leaf.startswith(_BUNDLE)]
    close = difflib.get_close_matches(name, {leaf.rpartition(".")[2] for leaf in leaves}, n=1, cutoff=cutoff)
    meant = [leaf for leaf in leaves if leaf.rpartition(".")[2] in close]
    return f" Did you mean {' or '.join(map(repr, meant))}?" if 0 < len(meant) <= 3 else ""  # 'name' is in every group


_BUNDLE = ("scale.", "peer.")  # their values are set where they are used


def _leaves(schema: Any, where: str = "") -> list[str]:
    """Return the dotted keys of all settings in the order of the schema, each once."""
    found: dict[str, None] = {}
    for name in types_of(schema):
        inner = _inner(schema, name)
        found |= dict.fromkeys(leaf for kind in inner for leaf in _leaves(kind, f"{where}{name}."))
        found |= {} if inner else {f"{where}{name}": None}
    return list(found)
