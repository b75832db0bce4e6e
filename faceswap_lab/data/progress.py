"""Say how far a long job is: a bar on a terminal, a plain line now and then everywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS_BETWEEN_LINES = 15.0

Advance = Callable[[int], None]


@contextmanager
def progress_of(what: str, total: int, *, shown: bool = True) -> Iterator[Advance]:
    """Show on the standard error stream how many of ``total`` items are done.

    Yields:
        A function to be called with the number of items just finished.
    """
    if not shown:
        yield lambda count: None
    elif sys.stderr.isatty():
        with _bar(what, total) as advance:
            yield advance
    else:
        yield _lines(what, total)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Advance]:
    from rich.console import Console  # here, because a report or a refusal should not wait for it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    # On a line of its own: beside the bar a long path would push the numbers off a narrow terminal.
    console.print(what, markup=False, highlight=False, soft_wrap=True)
    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)


def _lines(what: str, total: int) -> Advance:
    done, started = 0, time.monotonic()
    last_line = started
    print(f"{what} …", file=sys.stderr, flush=True)

    def advance(count: int) -> None:
        nonlocal done, last_line
        done += count
        now = time.monotonic()
        if done >= total or now - last_line >= _SECONDS_BETWEEN_LINES:
            last_line = now
            print(f"{what}: {done} of {total} after {now - started:.0f} s", file=sys.stderr, flush=True)

    return advance
