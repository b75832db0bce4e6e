"""Render on all cores, in processes of our own.

Why not ``multiprocessing``: its spawned children import the program's main module again, which may cost every one of
them a copy of torch, recurses in a script without a ``__main__`` guard, fails in one that is read from standard input,
and leaves orphans when the parent is killed.
"""

import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.parallel import available_cores, ordered_map
from faceswap_lab.data.render_worker import Job
from faceswap_lab.twins import Identity

_STATES_PER_JOB = 8
_FEWEST_STATES_PER_PROCESS = 16  # below that a process costs more than it brings


class RenderPool:
    """Worker processes, as many as there are cores unless given, started when first needed; a context manager.

    There are never more than the work is worth. The pictures are the same to the byte however many there are: the
    numerical libraries in them run with one thread each, and the program's own process never renders.
    """

    def __init__(self, processes: int | None = None) -> None:
        self._most = processes or available_cores()
        self._workers: list[_Worker] = []

    def render(self, identity: Identity, states: NDArray[np.float64], size: int) -> Iterator[NDArray[np.uint8]]:
        """Yield the pictures of ``identity`` in all ``states`` with masks, (n, S, S, 4), some at a time, in order.

        States are rows of numbers, which ``state_of`` knows.

        Raises:
            RuntimeError: a worker failed; the message holds its traceback.
        """
        count = min(self._most, -(-len(states) // _FEWEST_STATES_PER_PROCESS))
        self._workers += [_Worker() for _ in range(count - len(self._workers))]
        idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers[:count]:
            idle.put(worker)

        def answer(job: Job) -> NDArray[np.uint8]:
            worker = idle.get()
            try:
                return worker.answer(job)
            finally:
                idle.put(worker)

        starts = range(0, len(states), _STATES_PER_JOB)
        jobs = ((identity, states[start : start + _STATES_PER_JOB], size) for start in starts)
        with ThreadPoolExecutor(count) as threads:
            yield from ordered_map(threads, answer, jobs, ahead=2 * count)

    def __enter__(self) -> "RenderPool":
        return self

    def __exit__(self, *error: object) -> None:
        """End the worker processes."""
        while self._workers:
            self._workers.pop().close()


class _Worker:
    """One process running `faceswap_lab.data.render_worker`."""

    def __init__(self) -> None:
        # The very same path as ours: PYTHONPATH would put installed packages before the standard library.
        path = [os.path.abspath(place) for place in sys.path]
        program = f"import sys; sys.path[:] = {path!r}; from faceswap_lab.data.render_worker import main; main()"
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | threads
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._jobs, self._answers = self._process.stdin, self._process.stdout

    def answer(self, job: Job) -> NDArray[np.uint8]:
        try:
            pickle.dump(job, self._jobs, protocol=pickle.HIGHEST_PROTOCOL)
            self._jobs.flush()
            answer = pickle.load(self._answers)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            code = self._process.wait(timeout=10)
            raise RuntimeError(
                f"a process that renders faces ended unasked (exit code {code}); -9 usually means that memory ran out: "
                "try fewer processes"
            ) from error
        if isinstance(answer, str):
            raise RuntimeError(f"rendering faces failed:\n{answer}")
        return answer

    def close(self) -> None:
        self._process.kill()  # it holds nothing that could be lost
        self._process.communicate()
