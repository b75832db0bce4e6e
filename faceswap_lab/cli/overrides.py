"""Overrides judged by their spelling, before Hydra or anything heavy is loaded.

Hydra refuses a wrong key too, but late, at length, and without the nearest right word. What cannot be judged by
spelling alone (sweeps by function, interpolations, values) is left to Hydra and to ``faceswap_lab.config``.
"""

import re
from collections.abc import Mapping, Sequence

from faceswap_lab.cli.groups import ADDED
from faceswap_lab.config import ConfigError
from faceswap_lab.config.check import nearest
from faceswap_lab.config.keys import settings_called

_OVERRIDE = re.compile(r"(?P<prefix>~|\+{0,2})(?P<key>[^=\s~+][^=\s]*)(?:=(?P<value>.*))?", re.DOTALL)
_NAME = re.compile(r"[\w-]+")
_SIMPLE = re.compile(r"[\w.,-]*")


def check_overrides(overrides: Sequence[str], options: Mapping[str, list[str]]) -> None:
    """Raise ConfigError for the first override whose key or option does not exist.

    Args:
        overrides: words such as ``seed=3``, ``+experiment=two_encoders``, ``model.code_size=64``.
        options: the options of every group.
    """
    for override in overrides:
        match = _OVERRIDE.fullmatch(override)
        if match is None or (match["value"] is None and match["prefix"] != "~"):
            raise ConfigError(f"'{override}': expected key=value, such as seed=3 or decoder_activation=tanh.")
        if re.split(r"[./@]", match["key"])[0] != "hydra":
            _check(override, match["prefix"], match["key"].split("@")[0], match["value"] or "", options)


def _check(override: str, prefix: str, key: str, value: str, options: Mapping[str, list[str]]) -> None:
    if key not in options:
        _check_key(override, key, options)
    if prefix == "~":
        raise ConfigError(f"{override}: every setting has a value; none can be taken away. Give it another value.")
    if key in ADDED and not prefix:
        raise ConfigError(f"{override}: {key} is added to the baseline. Write +{override}")
    if key == "study" and not _NAME.fullmatch(value):
        raise ConfigError(f"{override}: one study at a time, by its name. Studies: {', '.join(options['study'])}.")
    if key in options:
        _check_options(key, value, options[key])


def _check_options(group: str, value: str, known: Sequence[str]) -> None:
    for option in value.split(",") if _SIMPLE.fullmatch(value) else ():
        if option not in known:
            raise ConfigError(
                f"{group}={option}: no such option.{nearest(option, known)} Choose one of: {', '.join(known)}."
            )


def _check_key(override: str, key: str, options: Mapping[str, list[str]]) -> None:
    if key in ADDED:
        raise ConfigError(f"{override}: there is no {key} to choose from.")
    try:
        settings_called(key, besides=options)
    except ConfigError as error:
        raise ConfigError(f"{override}: {error}") from None
