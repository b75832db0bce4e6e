"""The further processes of a run on several devices: one per device beside this one, started and ended with it.

Lightning would start them by running the command line again. In a Hydra multirun that means the whole sweep, and the
environment variables it leaves behind make the next job of the sweep wait for processes that nobody starts. So the lab
starts them itself, with what they need sent to them, and tells Lightning who is who through a ClusterEnvironment.
"""

import multiprocessing
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from pytorch_lightning.plugins.environments import ClusterEnvironment

from faceswap_lab.interruption import ignore_signals

_PATIENCE = 30.0  # seconds that the others have to end by themselves after the first one has


@dataclass(frozen=True)
class Place:
    """Which of a run's processes this is.

    Attributes:
        rank: 0 … world - 1; rank 0 is the process the user started.
        world: how many processes, one per device of this machine.
        port: where rank 0 listens on this machine.
    """

    rank: int = 0
    world: int = 1
    port: int = 0

    @classmethod
    def first_of(cls, world: int) -> "Place":
        """Return rank 0's place, at a port that is free now."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return cls(0, world, free.getsockname()[1])


class LocalProcesses(ClusterEnvironment):
    """Tells Lightning its place among processes that are there already, on this machine."""

    creates_processes_externally, main_address, main_port = True, "127.0.0.1", 0

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place, self.main_port = place, place.port

    @staticmethod
    def detect() -> bool:
        """Never found by itself: the lab names it."""
        return False

    def world_size(self) -> int:
        """Return the number of processes."""
        return self.place.world

    def global_rank(self) -> int:
        """Return this process's number."""
        return self.place.rank

    local_rank = global_rank

    def node_rank(self) -> int:
        """Return 0: there is one machine."""
        return 0

    def set_world_size(self, size: int) -> None:
        """Nothing: it is known."""

    def set_global_rank(self, rank: int) -> None:
        """Nothing: it is known."""


@contextmanager
def further_processes(first: Place, work: Callable[..., None], *arguments: Any) -> Iterator[None]:
    """Run ``work(place, *arguments)`` in a process for every place but the first, while the body runs here.

    A process whose first one has vanished ends at once; one that outlives the body by half a minute is killed.

    Args:
        first: this process's place.
        work: a function that can be imported by name.
        arguments: sent by pickle; memory-mapped faces go as file names.
    """
    places = [Place(rank, first.world, first.port) for rank in range(1, first.world)]
    spawn = multiprocessing.get_context("spawn")  # a forked process could not use a GPU
    others = [spawn.Process(target=_work, args=(work, place, arguments)) for place in places]
    patience = 0.0
    try:
        for other in others:
            other.start()
        yield
        patience = _PATIENCE
    finally:
        for other in others:
            other.join(patience)
            if other.is_alive():
                other.kill()
                other.join()


def _work(work: Callable[..., None], place: Place, arguments: tuple[Any, ...]) -> None:
    ignore_signals()
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    work(place, *arguments)


def _end_with_the_first() -> None:
    first = multiprocessing.parent_process()
    assert first is not None
    wait([first.sentinel])
    os._exit(1)
