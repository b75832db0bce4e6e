"""Signals that ask the program to end: SIGINT (Ctrl-C), SIGTERM (schedulers, ``timeout``) and SIGUSR1 (SLURM).

Python turns only the first into an exception, and lets the others kill the process with files half written and nobody
told. Here all three raise ``Interrupted``, wherever the program is; training replaces that by a note while it makes its
steps, so that the step in hand is finished first.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class Interrupted(BaseException):
    """A signal ends the program. No Exception: nobody who handles errors may take it for one.

    Attributes:
        signal: its number.
        step: training steps made and saved, which the run knows; None where no run was at work.
    """

    def __init__(self, number: int, step: int | None = None) -> None:
        super().__init__(number, step)
        self.signal, self.step = number, step

    def __str__(self) -> str:
        return signal.Signals(self.signal).name


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal raise ``Interrupted`` in the body; the former handlers come back afterwards.

    Signals are the main thread's business: in any other this changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def ignore_signals() -> None:
    """Leave interruptions to the process that started this one: a terminal sends Ctrl-C to all of them."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _raise(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)
