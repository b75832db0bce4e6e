"""What a configuration changes against the baseline's, setting by setting."""

from collections.abc import Mapping
from typing import Any

from faceswap_lab.runs.flat import flat


def differing(baseline: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return dotted setting → (baseline's value, the other's), the seed left out; None where one lacks the setting."""
    first, second = flat(baseline), flat(other)
    names = [name for name in dict.fromkeys([*first, *second]) if name != "seed"]
    pairs = {name: (first.get(name), second.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
