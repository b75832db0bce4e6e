"""faceswap_lab: architecture ablations of the faceswap autoencoder, answered with error bars.

From Python (``faceswap_lab.api`` documents each):

    load(run)              the model of a finished run: swap, reconstruct, code
    train([...])           train what a command line stands for, and return its model
    compose([...])         the configuration that a command line stands for
    find_runs("runs")      every run of a folder as a row
    results("runs")        every finished run as a row: its settings and its metrics
    twins                  rendered people: twins.render(twins.identity("ada"), twins.State())
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_OFFERED = ("ConfigError", "RunFailed", "compose", "find_runs", "load", "results", "train")


def __getattr__(name: str) -> Any:
    """Load what is offered when it is first asked for: the command line's ``--help`` needs none of it."""
    if name == "twins":
        return import_module("faceswap_lab.twins")
    if name in _OFFERED:
        return getattr(import_module("faceswap_lab.api"), name)
    raise AttributeError(f"module 'faceswap_lab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*_OFFERED, "twins", "__version__"]
