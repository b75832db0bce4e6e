"""Values on the command line judged one by one, before a sweep's first job: a night is too long to wait for one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from faceswap_lab.config import check_value


def check_values(words: Sequence[str], groups: Mapping[str, object]) -> None:
    """Raise ConfigError for the first value that its setting can never have, whatever else is set.

    Args:
        words: overrides as typed, ``training.max_steps=100,200``.
        groups: the groups by name; their options are judged elsewhere.

    Raises:
        ConfigError: for a value of the wrong type or out of its bounds.
        hydra.errors.HydraException: for an override that Hydra cannot read.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    for override in OverridesParser.create().parse_overrides(list(words)):
        key = override.key_or_group
        if override.is_delete() or override.is_hydra_override() or key in groups:
            continue
        for value in _values(override):
            if not (isinstance(value, str) and "${" in value):  # an interpolation is judged where it is resolved
                check_value(key, value)


def _values(override: Any) -> Iterator[Any]:
    if not override.is_sweep_override():
        yield override.value()
    elif override.is_choice_sweep() or override.is_range_sweep():
        yield from (override._convert_value(value) for value in override.sweep_iterator())
