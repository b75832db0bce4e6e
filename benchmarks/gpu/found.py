"""What a stage has found, one line at a time: a stage that is cut short has lost nothing."""

import json
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class Found:
    """A row of the page.

    Attributes:
        table: where it belongs.
        what: what was looked at.
        value: what came out, with its unit.
        beside: what it is to be compared with: a bound, a reference, a prediction.
        holds: whether a check holds; None: a measurement.
    """

    table: Literal["correctness", "speed", "cells"]
    what: str
    value: str
    beside: str = ""
    holds: bool | None = None


def say(found: Found) -> None:
    """Hand a row to the process that started the stage."""
    print(json.dumps(asdict(found)), flush=True)


def heard(line: str) -> Found | None:
    """Return the row that a line of a stage's output is; None: it is something else."""
    try:
        return Found(**json.loads(line))
    except (ValueError, TypeError):
        return None
