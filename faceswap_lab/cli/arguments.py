"""The words of the command line told apart: flags, and the overrides that Hydra composes.

The flags are those of Hydra's that mean something here. Read before Hydra is loaded, so that --help and a refused word
take a moment; Hydra reads the same words again.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from faceswap_lab.refusal import ConfigError, nearest


@dataclass(frozen=True)
class Arguments:
    """A command line: its flags as typed, and the words that are none: a subcommand and its folders, or overrides."""

    words: list[str]
    flags: list[str]
    config_dir: Path | None
    multirun: bool
    help: bool
    version: bool


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message[0].upper()}{message[1:]}. (--help lists the flags)")


def parse(args: Sequence[str]) -> Arguments:
    """Tell flags and words apart.

    Raises:
        ConfigError: for an unknown flag, a flag without its value, flags that exclude one another, or a --config-dir
            that is no folder.
    """
    parser = _parser()
    known, unknown = parser.parse_known_intermixed_args(list(args))
    if unknown:
        flags = list(dict.fromkeys(re.findall(r"--[a-z-]+", parser.format_help())))
        near = _as_setting(unknown[0]) or nearest(unknown[0], flags)
        raise ConfigError(f"{unknown[0]}: no such flag.{near} Flags: {', '.join(flags)}.")
    folder = known.config_dir
    if folder is not None and not folder.is_dir():
        raise ConfigError(
            f"--config-dir {folder}: no such folder; it holds groups, such as {folder}/experiment/mine.yaml."
        )
    flags = list(args)
    for word in known.words:
        flags.remove(word)
    return Arguments(
        known.words, flags, folder.resolve() if folder else None, known.multirun, known.help, known.version
    )


def _as_setting(flag: str) -> str:
    """Return " Settings are typed without dashes: seed=3." for ``--seed=3``, as W&B's sweeps have it."""
    key, equals, _ = flag.lstrip("-").partition("=")
    return f" Settings are typed without dashes: {flag.lstrip('-')}." if equals and key[:1].isalpha() else ""


def _parser() -> _Parser:
    parser = _Parser(prog="faceswap_lab", add_help=False, allow_abbrev=False)
    parser.add_argument("words", nargs="*")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--config-dir", "-cd", type=Path)
    parser.add_argument("--resolve", action="store_true")
    parser.add_argument("--package", "-p")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--multirun", "-m", action="store_true")
    instead.add_argument("--shell-completion", "-sc", action="store_true")
    instead.add_argument("--cfg", "-c", choices=("job", "hydra", "all"))
    instead.add_argument(
        "--info", "-i", const="all", nargs="?", choices=("all", "config", "defaults", "defaults-tree", "searchpath")
    )
    return parser
