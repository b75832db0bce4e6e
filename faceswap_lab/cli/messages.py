"""What goes wrong, said in one message on stderr."""

import sys


def say(error: object) -> None:
    """Print one message."""
    print(f"faceswap_lab: {error}", file=sys.stderr, flush=True)


def without_jargon(error: Exception) -> str:
    """Return what a person needs of Hydra's, OmegaConf's or YAML's message, in one line, and where to look further."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(_JARGON)]
    return (
        " ".join(told).replace("full_key: ", "in ")
        + " (--help lists groups and options; HYDRA_FULL_ERROR=1 shows the traceback)"
    )


_JARGON = ("object_type", "See https", "Set the env", "Config search path", "provider=")
