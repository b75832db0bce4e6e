"""How a job ended: what a sweep lists, and the exit code."""

from dataclasses import dataclass
from typing import Literal

State = Literal["finished", "reused", "interrupted", "diverged", "failed", "refused"]

_EXIT_CODES: dict[State, int] = {"finished": 0, "reused": 0, "diverged": 1, "failed": 1, "refused": 2}


@dataclass(frozen=True)
class JobStatus:
    """How a job ended.

    Attributes:
        state: finished now; reused: it was finished before; interrupted by a signal, and saved; diverged; failed;
            refused: its configuration means nothing.
        folder: the run folder; empty if there is none.
        message: one line for a person; empty where all is well.
        signal: the signal's number, if one came: it was interrupted, or failed as it was about to be.
    """

    state: State
    folder: str = ""
    message: str = ""
    signal: int | None = None

    @property
    def code(self) -> int:
        """The exit code: 128 + n after signal n."""
        return _EXIT_CODES[self.state] if self.signal is None else 128 + self.signal


class NoObjective(Exception):
    """A job that was refused, failed, diverged or interrupted has nothing to optimise: to a sweeper it has failed."""
