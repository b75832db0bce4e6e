"""Names of weights as they were before there were topologies, and as they are: files of old runs stay readable."""

import re
from collections.abc import Mapping

from torch import Tensor

_RULES = [
    (re.compile(r"^encoders\.shared\."), "parts.encoder."),
    (re.compile(r"^encoders\.(\w+)\."), r"parts.encoder_\1."),
    (re.compile(r"^decoders\.(\w+)\."), r"parts.decoder_\1."),
    (re.compile(r"^(parts\.encoder\w*)\.down\.(\d+)\."), r"\1.stages.\2."),
    (re.compile(r"^(parts\.encoder\w*)\.(squeeze|expand)\."), r"\1.stages.dense.\2."),
    (re.compile(r"^(parts\.encoder\w*)\.up\."), r"\1.stages.up."),
    (re.compile(r"^(parts\.decoder_\w+)\.up\.(\d+)\."), r"\1.stages.\2."),
    (re.compile(r"^(parts\.decoder_\w+)\.out\."), r"\1.stages.out."),
]


def renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights of an old file under today's names."""
    found = {}
    for name, tensor in weights.items():
        for old, new in _RULES:
            name = old.sub(new, name)
        found[name] = tensor
    return found
