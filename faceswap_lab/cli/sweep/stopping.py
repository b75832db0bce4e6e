"""How a sweep ends early when its cells run in other processes, on this machine or on others.

A signal reaches the process that launched the sweep. Left to Hydra's launchers, joblib would kill its workers within a
step, and submitit's and ray's cells would train on, unseen. So the launching process notes the signal in a file of the
sweep's folder and goes on waiting; every cell looks for that file twice a second, then finishes its step, saves and is
recorded, as if the signal had been its own. It works wherever the sweep's folder is seen.
"""

import _thread
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from faceswap_lab.interruption import SIGNALS, Interrupted
from faceswap_lab.runs.atomic import write_text

_FILE = "stop"
_LOOKS_EVERY = 0.5  # seconds


def asked_to_stop(sweep_dir: Path) -> int | None:
    """Return the number of the signal that ends this sweep, or None, also where it cannot be read just now."""
    try:
        return int((sweep_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a file system may be away for a moment: who looks for the file looks again
        return None


def end_a_stopped_search(composed: Any, trial: Any) -> None:
    """End Optuna's search once its sweep has been asked to stop, in the process that launched it.

    Optuna's sweeper calls it, as it would call what adds parameters to a ``trial``, before it launches any. To it a
    cell that was not begun is one more failure: it would queue all of the other trials.

    Args:
        composed: the sweeper's configuration.
        trial: Optuna's; it gets no parameters.

    Raises:
        Interrupted: by the signal that asked.
    """
    number = asked_to_stop(Path(composed.hydra.sweep.dir))
    if number is not None:
        raise Interrupted(number)


@contextmanager
def signals_stop_the_cells(sweep_dir: Path, kept_back: Iterable[signal.Signals] = ()) -> Iterator[None]:
    """In the launching process: let a first signal ask all cells to stop, and a second one end this process at once.

    A terminal sends Ctrl-C to every process of its group, and submitit's would kill their cells at once. So SIGINT is
    blocked for what is started in the body, and a thread hands it to this process alone. So are signals that are
    ``kept_back``, because a launcher puts its own handlers in the place of ours.

    Raises:
        Interrupted: by the second signal, or by the first if the sweep has not begun or the cells cannot be asked.
    """

    def note(number: int, frame: FrameType | None) -> None:
        if not _ask_to_stop(sweep_dir, number):
            raise Interrupted(number)

    former = {number: signal.signal(number, note) for number in SIGNALS}
    blocked = {signal.SIGINT, *kept_back}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    over = threading.Event()
    hand_on = threading.Thread(target=_hand_on, args=(sweep_dir, blocked, note, over), daemon=True)
    hand_on.start()
    try:
        yield
    finally:
        over.set()
        hand_on.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in former.items():
            signal.signal(number, handler)


def _ask_to_stop(sweep_dir: Path, number: int) -> bool:
    """Leave the file for the cells, unless it is there or the sweep has not begun; tell whether that was done."""
    name = signal.Signals(number).name
    try:
        if asked_to_stop(sweep_dir) is not None or not sweep_dir.is_dir():
            return False
        write_text(sweep_dir / _FILE, str(number))
    except OSError as error:  # or no signal would ever be taken again: they are blocked, and this thread would end
        _tell(f"{name}: cells elsewhere cannot be asked to stop. {error}")
        return False
    _tell(f"{name}: every cell finishes its step and saves … (once more: end at once)")
    return True


def _tell(line: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        os.write(2, f"\n{line}\n".encode())


def _hand_on(sweep_dir: Path, numbers: set[signal.Signals], note: object, over: threading.Event) -> None:
    """Take blocked signals. A cell that runs in this very process (joblib's only one) has put its handler over ours."""
    while not over.wait(_LOOKS_EVERY):
        for number in numbers & signal.sigpending():  # macOS has no sigtimedwait
            signal.sigwait({number})
            if not _ask_to_stop(sweep_dir, number) or signal.getsignal(signal.SIGINT) is not note:
                _thread.interrupt_main(signal.SIGINT)  # its handler is ours, or a cell's, under every launcher


@contextmanager
def stopping_when_asked(sweep_dir: Path) -> Iterator[None]:
    """In a cell's process: give it the signal that the launching process has noted, while the body runs.

    If whoever started this process has vanished, that is SIGTERM. The process leaves its terminal's group: Ctrl-C would
    reach it twice, and the second means "at once". Signals are the main thread's business: in another nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with suppress(PermissionError):  # it leads a session, and so a group, already
        os.setpgid(0, 0)
    over = threading.Event()
    looking = threading.Thread(target=_look, args=(sweep_dir, os.getppid(), over), daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def _look(sweep_dir: Path, parent: int, over: threading.Event) -> None:
    while not over.wait(_LOOKS_EVERY):
        number = asked_to_stop(sweep_dir)
        if number is None and os.getppid() != parent:
            number = signal.SIGTERM
        if number is not None:
            _thread.interrupt_main(signal.Signals(number))
            return
