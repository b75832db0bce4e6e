"""Overrides as they are typed, made ready for Hydra.

Hydra's grammar gives a meaning to ``= , [ {``, has none for ``#`` or letters beyond ASCII, and reads ``2026_11`` as the
number 202611. Where a setting takes any text (a path, a name), what follows its ``=`` can be nothing but that text, so
it is quoted here and nobody has to.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from faceswap_lab.cli.compose import quoted
from faceswap_lab.cli.groups import ADDED
from faceswap_lab.config import ConfigError
from faceswap_lab.config.keys import takes_any_text
from faceswap_lab.refusal import no_such_option


def as_hydra_reads(overrides: Sequence[str], options: Mapping[str, Sequence[str]], sweep: bool) -> list[str]:
    """Return the overrides with texts quoted that Hydra could not read, or would take for several.

    In a ``sweep`` a comma may part several values.

    Raises:
        ConfigError: an override that Hydra cannot read, a setting that is the lab's to choose, or no option.
    """
    return [_read(word, options, sweep or any(word.startswith(_SWEEPS) for word in overrides)) for word in overrides]


_SWEEPS = ("+study=", "hydra.mode=")
_OURS = {  # of Hydra's settings those that the lab does not follow, and what to set instead
    "hydra.run": "a run's folder is named after its configuration. runs_dir=… says where it lies",
    "hydra.sweep": "what a sweep keeps of its cells lies in runs_dir/sweeps. runs_dir=… says where",
    "hydra.output_subdir": "a run folder holds config.yaml and run.json already",
    "hydra.job.chdir": "paths are those of the folder where the command was given. runs_dir=… says where runs lie",
}

_PLACES = ("runs_dir", "experiments_dir")


def _read(word: str, options: Mapping[str, Sequence[str]], sweep: bool) -> str:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    key, equals, text = word.partition("=")
    name = key.lstrip("+~")
    if not name or not (equals or key.startswith("~")):
        raise ConfigError(f"'{word}': expected key=value, such as seed=3 or decoder_activation=tanh.")
    ours = [reason for prefix, reason in _OURS.items() if name == prefix or name.startswith(f"{prefix}.")]
    if ours and word != "hydra.job.chdir=false":
        raise ConfigError(f"{word}: {ours[0]}.")
    if name in _PLACES and text.startswith("~"):  # few shells do it behind an equals sign
        return f"{key}={quoted(os.path.expanduser(text))}"
    try:
        override: Any = OverridesParser.create().parse_override(word)
    except (HydraException, ValueError) as error:
        if equals and takes_any_text(name):
            return f"{key}={quoted(text)}"
        reason = next((line for line in str(error).splitlines() if line and "Exception" not in line), "no such grammar")
        as_text = shlex.quote(f"{key}={quoted(text)}")
        raise ConfigError(f"'{word}': Hydra cannot read this ({reason.strip()}). If it is text: {as_text}") from error
    if override.is_sweep_override() and not sweep:
        if takes_any_text(name):
            return f"{key}={quoted(text)}"
        raise ConfigError(f"{word}: several values make a sweep. Give one, or run each of them with -m.")
    if name in options and not override.is_delete():
        _check_option(word, name, override, options[name])
    if takes_any_text(name) and _is_lost_in_a_number(text, override.value()):
        return f"{key}={quoted(text)}"
    if "\\" in text and takes_any_text(name) and text[:1] not in ("'", '"'):
        return f"{key}={quoted(text)}"  # Hydra takes some backslashes for its own
    return word


def _is_lost_in_a_number(text: str, value: Any) -> bool:
    """Tell whether a text was read as a number that does not give it back as the configuration's check reads it."""
    return isinstance(value, float) or (type(value) is int and str(value) != text.strip())


def _check_option(word: str, group: str, override: Any, known: Sequence[str]) -> None:
    """Refuse what Hydra refuses in a message that does not name the group."""
    value = override.value()
    if group in ADDED and not override.is_add():
        raise ConfigError(f"{word}: {group} is added to the baseline. Write +{word.lstrip('+')}")
    if group == "study" and (override.is_sweep_override() or not isinstance(value, str)):
        raise ConfigError(f"{word}: one study at a time, by its name. Studies: {', '.join(known)}.")
    words = value if isinstance(value, list) else [value]
    if not override.is_sweep_override() and not all(isinstance(option, str) for option in words):
        raise no_such_option(group, override.get_value_element_as_str(), known)
