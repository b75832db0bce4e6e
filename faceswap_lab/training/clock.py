"""How long a run has been trained."""

import time


class Clock:
    """Seconds of training, of which runs that are trained at once have equal shares.

    Args:
        before: seconds of earlier sessions.
    """

    def __init__(self, before: float = 0.0) -> None:
        self.before, self.since, self.runs = before, time.monotonic(), 1.0

    def read(self) -> float:
        """Return the seconds so far."""
        return self.before + (time.monotonic() - self.since) / self.runs

    def share(self, runs: float) -> None:
        """Count from now on what is one run's share among so many; ``math.inf``: stand still."""
        self.before, self.since, self.runs = self.read(), time.monotonic(), runs
