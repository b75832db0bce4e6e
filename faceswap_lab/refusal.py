"""How a configuration is refused."""

import difflib
from collections.abc import Iterable


class ConfigError(ValueError):
    """A configuration that is refused. Its text names the key, the value, what is allowed and the nearest spelling."""


class NoSuchOption(ConfigError):
    """A choice that is not there.

    Attributes:
        chosen: ``group=option``.
    """

    def __init__(self, chosen: str, text: str) -> None:
        super().__init__(text)
        self.chosen = chosen


class Conflict(ConfigError):
    """Every setting is one by itself, and two of them mean nothing together: another cell of a sweep may be right."""


def nearest(word: object, known: Iterable[object]) -> str:
    """Return " Did you mean 'x'?" for the known word closest to ``word``, or "" if none is close."""
    words = [str(k) for k in known]
    same = [k for k in words if k.lower() == str(word).lower()]
    close = same or difflib.get_close_matches(str(word), words, n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


def no_such_option(path: str, value: object, choices: Iterable[object]) -> NoSuchOption:
    """Return the refusal of a value that is none of the choices."""
    names = [str(choice) for choice in choices]
    every = f"Choose one of: {', '.join(names)}."
    if len(names) > _LISTED:
        every = f"There are {len(names)}: python -m faceswap_lab --help lists them."
    text = f"{path}={value}: no such option.{nearest(value, names)} {every}"
    return NoSuchOption(f"{path.removesuffix('.name')}={value}", text)


_LISTED = 40  # of more, a line is not read
