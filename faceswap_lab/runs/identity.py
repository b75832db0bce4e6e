"""A run is its configuration: the part of it that can change the result, and a short hash of that part.

A configuration here is any nested dataclass whose leaf fields carry ``metadata["identity"]``: True if the field can
change what comes out of a run, False for loggers, paths, worker counts and the like. The hash is taken over values, not
over their spelling, so that the same settings written in another way are the same run.

A field that came later carries ``metadata["absent"]`` too: the value that stands for what the program did before the
field existed. While it holds that value it does not enter the hash, so that runs finished before keep theirs.
"""

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

RECIPE_VERSION = 1
"""Raised by hand when a change of the code makes an unchanged configuration mean something else (another augmentation,
another initialisation): runs made before then have another hash and are not taken for runs made after."""

DIGEST_LENGTH = 10  # hex digits: 40 bits, so ten thousand runs collide with a probability of 5e-5

_LABEL_LENGTH = 60  # leaves room for seed, hash and suffix below the 255 bytes of a file name
_NOT_IN_A_LABEL = re.compile(r"[^a-z0-9_.+-]+")


def plain(config: Any) -> dict[str, Any]:
    """Return a whole configuration as nested dicts and lists of JSON's types, whether or not a field is identity.

    Numbers are canonical: an integral float becomes an int (1.0 → 1), so equal numbers have equal text.

    Raises:
        ValueError: a number is not finite; the message names the field.
        TypeError: a value has no counterpart in JSON.
    """
    return {field.name: _value(getattr(config, field.name), field.name, False) for field in _fields(config)}


def identity(config: Any) -> dict[str, Any]:
    """Return the nested plain dict of only those fields that can change the result; groups left empty are left out.

    Args:
        config: an instance of a dataclass; its leaf fields carry ``metadata["identity"]: bool``. A field that holds
            a dataclass needs none; if it carries False, the whole group is left out. A leaf that equals its
            ``metadata["absent"]``, in type and value, is left out too.

    Raises:
        ValueError: a number is not finite.
        TypeError: ``config`` is no dataclass, a leaf says not on which side it lies, or JSON has no such value.
    """
    return _identity(config, "")


def run_hash(config: Any, data_fingerprint: str | None = None, plugins: Mapping[str, str] | None = None) -> str:
    """Return the first 10 hex digits of the SHA-256 of a configuration's identity.

    Args:
        config: as for ``identity``.
        data_fingerprint: digest of the data's content. Needed wherever the configuration names data by a path that is
            not identity (a person's folders): without it, other pictures would be the same run.
        plugins: the digest of the source of every plugin that the configuration uses, by the plugin's name.
    """
    recipe = {"recipe": RECIPE_VERSION, "config": identity(config), "data": data_fingerprint}
    if plugins:
        recipe["plugins"] = dict(plugins)
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def run_name(label: str, seed: int, digest: str) -> str:
    """Return ``<label>-s<seed>-<digest>`` with the label made fit for a file name.

    The label is put in lower case; whatever is not of ``[a-z0-9_.+-]`` becomes "-"; at most 60 characters are kept. An
    empty label becomes "run".
    """
    clean = _NOT_IN_A_LABEL.sub("-", label.lower()).lstrip("-.")[:_LABEL_LENGTH].rstrip("-.")
    return f"{clean or 'run'}-s{seed}-{digest}"


def _identity(config: Any, where: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for field in _fields(config):
        value, name = getattr(config, field.name), f"{where}{field.name}"
        if _is_group(value):
            group = _identity(value, f"{name}.") if field.metadata.get("identity", True) else {}
            kept |= {field.name: group} if group else {}
        elif _counts(field, name) and not _is_absent(field, value):
            kept[field.name] = _value(value, name, True)
    return kept


def _counts(field: "dataclasses.Field[Any]", name: str) -> bool:
    """Tell on which side of the line a leaf lies. It has to say so: a forgotten one would make two runs one."""
    answer = field.metadata.get("identity")
    if not isinstance(answer, bool):
        raise TypeError(
            f"{name}: metadata['identity'] is {answer!r}; say True if the field can change a result, else False"
        )
    return answer


def _is_absent(field: "dataclasses.Field[Any]", value: Any) -> bool:
    absent = field.metadata.get("absent", _ALWAYS_THERE)
    return type(value) is type(absent) and bool(value == absent)


_ALWAYS_THERE = object()  # of a field that has always existed


def _fields(config: Any) -> "tuple[dataclasses.Field[Any], ...]":
    if not _is_group(config):
        raise TypeError(f"a configuration is an instance of a dataclass, not {config!r}")
    return dataclasses.fields(config)


def _is_group(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _value(value: Any, name: str, only_identity: bool) -> Any:
    """Return ``value`` in JSON's types; dataclasses inside lists keep only their identity if so asked."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(float(value), name)
    if _is_group(value):
        return _identity(value, f"{name}.") if only_identity else plain(value)
    if isinstance(value, list | tuple):
        return [_value(item, f"{name}[{i}]", only_identity) for i, item in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {str(key): _value(item, f"{name}.{key}", only_identity) for key, item in value.items()}
    raise TypeError(
        f"{name} is {value!r} ({type(value).__name__}); a configuration holds None, bool, int, float, str, "
        "list, dict with text keys, and dataclasses"
    )


def _number(value: float, name: str) -> int | float:
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}; a configuration holds finite numbers only (null where there is no bound)")
    return int(value) if value.is_integer() else value
