"""How a field of the schema is described."""

from dataclasses import field
from functools import cache
from typing import Any, get_type_hints

ALWAYS_THERE = object()
"""Of a field that has existed since the first run was hashed."""


@cache
def types_of(schema: Any) -> dict[str, Any]:
    """Return the types of a class's fields. Reading them takes long, and a sweep asks for each of its cells."""
    return get_type_hints(schema)


def setting(
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] = (),
    above: float | None = None,
    identity: bool = True,
    absent: Any = ALWAYS_THERE,
    default: Any = ALWAYS_THERE,
    later: Any = ALWAYS_THERE,
) -> Any:
    """Describe a field: its meaning, its bounds (inclusive ``low``, ``high``; exclusive ``above``), its effect.

    Args:
        absent: for a field that came later, the value that stands for what the program did before it existed: a run
            with that value keeps the hash it had then (see ``runs.identity``).
        default: the value where a YAML gives none; only for what somebody's own YAML may well leave out.
        later: both in one: the value before the field existed, and where a YAML leaves it out.
    """
    told = {"doc": doc, "identity": identity, "low": low, "high": high, "above": above, "choices": choices}
    if later is not ALWAYS_THERE:
        absent = default = later
    given = {"absent": absent, "default": default}
    return field(metadata=told | {name: value for name, value in given.items() if value is not ALWAYS_THERE})


def label(doc: str, default: Any = ALWAYS_THERE) -> Any:
    """Describe a field that names or places a run without changing what comes out of it."""
    return setting(doc, identity=False, default=default)
