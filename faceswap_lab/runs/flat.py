"""Nested settings as lines: what ``show`` prints and ``diff`` compares."""

from collections.abc import Mapping
from typing import Any


def flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return ``{"a": {"b": 1}}`` as ``{"a.b": 1}``, in the order in which it stands. Lists are values."""
    lines: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping) and value:
            lines |= flat(value, f"{prefix}{name}.")
        else:
            lines[f"{prefix}{name}"] = value
    return lines


def text_of(value: Any) -> str:
    """Return a value as a person reads it: a dash for None, lists without brackets, floats to 8 digits."""
    if value is None:
        return "-"
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ", ".join(text_of(item) for item in value) or "none"
    return f"{value:.8g}" if isinstance(value, float) else str(value)
