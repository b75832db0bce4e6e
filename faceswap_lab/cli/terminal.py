"""Output that a terminal or file can take, whatever its encoding."""

import os
import sys


def tolerate_any_encoding() -> None:
    """Let this process, and those that it starts, replace what their output's encoding lacks, in place of ending."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.errors == "strict":
            stream.reconfigure(errors="replace")
    name, _, errors = os.environ.get("PYTHONIOENCODING", "").partition(":")
    os.environ["PYTHONIOENCODING"] = f"{name}:{errors or 'replace'}"
