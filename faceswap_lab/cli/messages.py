"""What goes wrong, said in one message on stderr; and output that any terminal or file can take."""

import codecs
import os
import re
import sys
from collections.abc import Sequence

from faceswap_lab.cli.peers import no_such_peer
from faceswap_lab.refusal import ConfigError, no_such_option


def say(error: object) -> None:
    """Print one message."""
    print(f"faceswap_lab: {error}", file=sys.stderr, flush=True)


def listed(title: str, lines: Sequence[object]) -> list[str]:
    """Return lines under a title that stands to the left of the first."""
    return [f"{'' if i else title:<12}{line}" for i, line in enumerate(lines)]


def refusal(error: Exception) -> ConfigError:
    """Return what is refused, and why, for an error of Hydra's, OmegaConf's or YAML's that came while composing."""
    if isinstance(error, ConfigError):
        return error
    missing, options = getattr(error, "missing_cfg_file", None), getattr(error, "options", None)
    if missing and options:  # of hydra.errors.MissingConfigException
        group, _, option = missing.rpartition("/")
        not_here = no_such_peer(option, options) if group == "peer" else None
        return not_here or no_such_option(group, option, options)
    unknown = _NO_SETTING.match(str(error))
    if unknown and unknown[1].startswith("hydra"):
        return ConfigError(f"{unknown[1]}: Hydra has no such setting. (--cfg hydra prints those there are)")
    if unknown:
        from faceswap_lab.config.keys import no_such_setting  # here, so that --help needs nothing of the schema

        return no_such_setting(unknown[1])
    merged, second, several = (pattern.match(str(error)) for pattern in (_NO_MERGE, _SECOND, _SEVERAL))
    if merged and not merged[1].startswith("hydra"):
        from faceswap_lab.config.keys import wrong_shape

        return wrong_shape(merged[1], merged[2])
    if second:
        return ConfigError(
            f"{second[1]}: two are chosen (typed, by an experiment, or by the arms of a study), and a run has one. "
            f"Leave one of them out; side by side: -m +{second[1]}=one,other"
        )
    if several:
        return ConfigError(f"{several[1]}: several values make a sweep, and this is about one run. Give one value.")
    lines = [line.strip() for line in str(error).splitlines()]
    told = " ".join(line for line in lines if line and not line.startswith(_JARGON)).replace("full_key: ", "in ")
    return ConfigError(f"{told} (--help lists groups and options; HYDRA_FULL_ERROR=1 shows the traceback)")


_NO_SETTING = re.compile(r"Could not override '([^'@]+)'\.\nTo append to your config use")
_NO_MERGE = re.compile(r"Error merging override \+*([^=]+)=(.*)", re.DOTALL)
_SECOND = re.compile(r"(?:Multiple values for )?(\w+)(?:\. To override a value| appears more than once in the final)")
_SEVERAL = re.compile(r"(?:Sweep parameters|Ambiguous value for argument) '(.+)'(?: requires|$)", re.MULTILINE)
_JARGON = ("object_type", "See https", "Set the env", "Config search path", "provider=", "reference_type")
_PLAIN = {"→": ">", "↑": "^", "↓": "v", "×": "x", "−": "-", "…": "...", "–": "-", "±": "+-", "≤": "<=", "≥": ">="}


def tolerate_any_encoding() -> None:
    """Let this process, and those that it starts, write what their output's encoding lacks in other signs."""
    codecs.register_error("in other signs", _in_other_signs)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="in other signs")
    name, _, errors = os.environ.get("PYTHONIOENCODING", "").partition(":")
    os.environ["PYTHONIOENCODING"] = f"{name}:{errors or 'replace'}"


def _in_other_signs(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(_PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end
