"""Turning a plain nested mapping into the typed configuration, or saying in one message why it cannot be."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from faceswap_lab.config.fields import types_of
from faceswap_lab.config.keys import no_such_setting
from faceswap_lab.refusal import ConfigError, no_such_option

T = TypeVar("T")


def read(schema: type[T], plain: object, options: Mapping[str, list[str]], path: str = "") -> T:
    """Read ``plain`` as an instance of the dataclass ``schema``; every field must be given, and messages name ``path``.

    Raises:
        ConfigError: for the first thing that is wrong.
    """
    if not isinstance(plain, Mapping):
        raise ConfigError(f"{path or 'configuration'}={plain!r}: expected a group of settings, got {_kind(plain)}.")
    fields = {f.name: f for f in dataclasses.fields(schema)}  # type: ignore[arg-type]
    where = f"{path}." if path else ""
    for name in plain:
        if name not in fields:
            raise no_such_setting(f"{where}{name}")
    left_out = {n: f.metadata["default"] for n, f in fields.items() if "default" in f.metadata and n not in plain}
    plain = {**plain, **left_out}
    for name in fields:
        if name not in plain or plain[name] == "???":
            raise ConfigError(f"{where}{name}: a value is missing. It is: {_doc(fields[name])}. Add {where}{name}=…")
    hints = types_of(schema)  # type: ignore[arg-type]  # a class can be hashed
    values = {n: read_value(hints[n], plain[n], f, options, where + n) for n, f in fields.items()}
    if "name" in values and path in options and values["name"] not in options[path]:
        raise no_such_option(f"{path}.name", values["name"], options[path])
    return schema(**values)


def read_value(
    hint: Any, value: Any, field: "dataclasses.Field[Any]", options: Mapping[str, list[str]], path: str
) -> Any:
    """Read one value as ``hint`` says: a dataclass or a union of them, a scalar, one of these or None, a dict, a tuple.

    Raises:
        ConfigError: the value is of another type or out of the bounds of ``field``.
    """
    if dataclasses.is_dataclass(hint):
        return read(typing.cast(type, hint), value, options, path)
    if value == _PYTHONS_NULL and hint is not str:
        value = None
    if value is None and type(None) in typing.get_args(hint):
        return None
    alternatives = [a for a in typing.get_args(hint) if a is not type(None)] if _is_union(hint) else [hint]
    if dataclasses.is_dataclass(alternatives[0]):
        schema = alternatives[0] if len(alternatives) == 1 else _by_name(alternatives, value, path)
        return read(typing.cast(type, schema), value, options, path)
    if value is None:
        raise ConfigError(f"{path}=null: a value is needed. It is: {_doc(field)}.")
    if any(typing.get_origin(a) is dict for a in alternatives):
        if isinstance(value, Mapping):
            _check_plain(value, path)
            return dict(value)
        if len(alternatives) == 1:
            raise ConfigError(f"{path}={value!r}: expected settings by name. It is: {_doc(field)}.")
    if typing.get_origin(hint) is tuple:
        return _tuple(typing.get_args(hint)[0], value, field, path)
    return _bounded(_scalar(alternatives[0], value, path, field), field, path)


_PYTHONS_NULL = "None"  # as W&B's sweeps write it; a word only where a word is needed


def _by_name(alternatives: list[Any], value: Any, path: str) -> type:
    """Pick the schema of a group whose settings depend on its name: ``twins`` -> TwinsData."""
    schemas = {a.__name__.lower().removesuffix(path): a for a in alternatives}
    name = value.get("name") if isinstance(value, Mapping) else value
    if not isinstance(name, str) or name not in schemas:
        raise no_such_option(path, name, schemas)
    return typing.cast(type, schemas[name])


def _tuple(kind: Any, value: Any, field: "dataclasses.Field[Any]", path: str) -> tuple[Any, ...]:
    if kind is str and isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{path}={value!r}: expected a list such as [1,2], got {_kind(value)}.")
    if typing.get_origin(kind) is dict:
        for i, item in enumerate(value):
            if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
                raise ConfigError(
                    f"{path}[{i}]={item!r}: expected settings with a name, such as {{name: RandomGamma, p: 0.5}}."
                )
            _check_plain(item, f"{path}[{i}]")
        return tuple(dict(item) for item in value)
    return tuple(_bounded(_scalar(kind, v, f"{path}[{i}]", field), field, f"{path}[{i}]") for i, v in enumerate(value))


def _check_plain(value: Any, path: str) -> None:
    """Refuse what cannot be written down as it is, and so has no place in a run's identity."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{path}.{key}: expected a word as the key, got {_kind(key)}.")
            _check_plain(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            _check_plain(item, f"{path}[{i}]")
    elif not isinstance(value, (str, int, float, type(None))) or value in (math.inf, -math.inf) or value != value:
        raise ConfigError(f"{path}={value!r}: expected a word, a finite number, true, false, null or a list of these.")


def _scalar(kind: type, value: Any, path: str, field: "dataclasses.Field[Any]") -> Any:
    """Return ``value`` as ``kind`` where nothing is lost: 1 is a float, 1.0 an int, 32 a str; True is no number."""
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    if kind in (int, float) and isinstance(value, (int, float)) and not isinstance(value, bool):
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{path}={value}: expected a finite number. It is: {_doc(field)}.")
        if abs(value) > _LARGEST and field.metadata["low" if value < 0 else "high"] is None:
            raise ConfigError(f"{path}={value}: must be within ±{_LARGEST}. It is: {_doc(field)}.")
        if kind is float or value == int(value):
            return kind(value)
    expected = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}[kind]
    raise ConfigError(f"{path}={value!r}: expected {expected}, got {_kind(value)}. It is: {_doc(field)}.")


_LARGEST = 2**63 - 1  # of every number: what an int64 holds


def _bounded(value: Any, field: "dataclasses.Field[Any]", path: str) -> Any:
    bounds = field.metadata
    if bounds["choices"] and value not in bounds["choices"]:
        raise no_such_option(path, value, bounds["choices"])
    low, high, above = bounds["low"], bounds["high"], bounds["above"]
    outside = (low is not None and value < low, high is not None and value > high, above is not None and value <= above)
    if any(outside):
        limits = [
            f">= {low}" * (low is not None),
            f"> {above}" * (above is not None),
            f"<= {high}" * (high is not None),
        ]
        allowed = " and ".join(x for x in limits if x)
        raise ConfigError(f"{path}={value}: must be {allowed}. It is: {_doc(field)}.")
    return value


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _doc(field: "dataclasses.Field[Any]") -> str:
    return str(field.metadata.get("doc", "a group of settings"))


def _kind(value: object) -> str:
    names = {str: "a word", int: "a whole number", float: "a number", bool: "true/false", type(None): "null"}
    return "a list" if isinstance(value, (list, tuple)) else names.get(type(value), "a group of settings")
