"""CPU time of rivals that do the same work, measured in turns so that a busy machine slows all alike."""

import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

ROUNDS = 7

Work = Callable[[], object]
Timed = Callable[[], float]


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of repeated measurements, in the unit of the values."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of one value or more; quartiles by linear interpolation between neighbours."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


def interleaved(rivals: Mapping[str, Timed], rounds: int = ROUNDS, warm_up: int = 1) -> dict[str, list[float]]:
    """Call every rival once per round and return what the calls return, rounds in order.

    Each round begins with the next rival, so that none is always the one to find the caches cold.

    Args:
        rivals: by name; each does its work once and returns the seconds it took.
        rounds: how many are kept.
        warm_up: how many are made first and dropped.
    """
    names = list(rivals)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(warm_up + rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            seconds[name].append(rivals[name]())
    return {name: values[warm_up:] for name, values in seconds.items()}


def ratio(reference: Sequence[float], ours: Sequence[float]) -> Spread:
    """Return how many times ours the reference takes, by round: what slows one round slows both.

    Args:
        reference: seconds by round.
        ours: seconds by round, of the same rounds.
    """
    return Spread.of([theirs / own for theirs, own in zip(reference, ours, strict=True)])


def cpu_of_children() -> float:
    """Return the CPU seconds of all processes that this one has started and waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(work: Work, clock: Callable[[], float] = time.process_time) -> Timed:
    """Return work that returns its seconds by ``clock``: CPU time of this process's threads, unless told otherwise."""

    def call() -> float:
        start = clock()
        work()
        return clock() - start

    return call


@contextmanager
def apart(makers: Mapping[str, Callable[[], Work]]) -> Iterator[dict[str, Timed]]:
    """Yield rivals that live in a process each, where what one sets for its process leaves the others alone.

    Args:
        makers: by name; called in the rival's process, at once, it returns the work. Sent there by pickle.
    """
    with ExitStack() as stack:
        pools = {}
        for name, make in makers.items():
            pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_prepare, initargs=(make,))
            pools[name] = stack.enter_context(pool)
        yield {name: lambda pool=pool: pool.submit(_call).result() for name, pool in pools.items()}


_work: list[Timed] = []  # of this process, where it is a rival's own


def _prepare(make: Callable[[], Work]) -> None:
    _work.append(timed(make()))


def _call() -> float:
    return _work[0]()
