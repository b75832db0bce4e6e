"""Output that a terminal or file can take, whatever its encoding."""

import codecs
import os
import sys

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
